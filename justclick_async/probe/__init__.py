"""Find out on an account which answers to the open questions of the documentation hold.

Experiments send requests to the service and conclude from its raw responses; see
``justclick_async.sandbox.assumptions`` for the questions.
"""

from justclick_async.probe.exchange import Request
from justclick_async.probe.prober import Prober, Verdict

__all__ = ["Prober", "Request", "Verdict"]
