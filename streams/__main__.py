"""`python -m streams`, which is the command `wachtmonitor`."""

import sys

from streams.entry import main

if __name__ == "__main__":
    sys.exit(main())
