"""What every test can rely on."""

import signal

from tests.temporal_process import temporal

__all__ = ["temporal"]

# A shell that starts the tests in the background has them ignore Ctrl-C, which every process
# that they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
