"""A local JustClick that answers as the documentation says: without an account, without a network.

It shares the pure modules of the package (``php``, ``signing``) and nothing else: the client and
the sandbox have been written against the documentation, not against each other, so that each
proves the other.  What the documentation leaves open is listed in ``ASSUMPTIONS``.

``python -m justclick_async.sandbox`` runs one from a shell.
"""

from justclick_async.sandbox.accounts import API_KEY, LOGIN, Account
from justclick_async.sandbox.assumptions import ASSUMPTIONS, Assumptions
from justclick_async.sandbox.faults import FAULTS, Faults
from justclick_async.sandbox.server import Sandbox

__all__ = [
    "API_KEY",
    "ASSUMPTIONS",
    "FAULTS",
    "LOGIN",
    "Account",
    "Assumptions",
    "Faults",
    "Sandbox",
]
