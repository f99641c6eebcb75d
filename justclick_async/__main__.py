"""``python -m justclick_async``: the command line."""

import sys

from justclick_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
