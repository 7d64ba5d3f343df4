"""``python -m parkner``."""

import sys

from parkner.cli import main

if __name__ == "__main__":
    sys.exit(main())
