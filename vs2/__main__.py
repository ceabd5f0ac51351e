"""`python -m vs2` is `vs2`."""
import sys

from vs2.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
