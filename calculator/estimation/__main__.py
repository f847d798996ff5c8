"""`python -m calculator.estimation`: see `command/`."""

import sys

from calculator.estimation.command import main

if __name__ == "__main__":
    sys.exit(main())
