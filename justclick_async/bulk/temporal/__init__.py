"""Imports run by Temporal (extra ``temporal``), on many workers that may crash.

    justclick temporal worker --temporal HOST:PORT
    justclick import orders.csv --temporal HOST:PORT

The journal owns the outcome of each row, and its workers share the rate of the account; Temporal
assigns ranges of rows to workers, and repeats one whose worker dies.  Its history holds references
only.
"""
