"""``python -m justclick_async``: the command line."""

import sys

from justclick_async.cli import run_process

if __name__ == "__main__":
    sys.exit(run_process())
