"""Imports carried by Temporal (extra ``temporal``): on many workers, over outages and deaths.

    justclick temporal worker --temporal HOST:PORT
    justclick import orders.csv --temporal HOST:PORT

The journal stays what counts: Temporal says who does what and when, and holds the rate of an
account over all its workers.  Its history holds references only.
"""
