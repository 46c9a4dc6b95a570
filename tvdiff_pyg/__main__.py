"""``python -m tvdiff_pyg``: the command ``tvdiff`` where no path leads to it."""

import sys

from tvdiff_pyg.cli import main

if __name__ == "__main__":
    sys.exit(main())
