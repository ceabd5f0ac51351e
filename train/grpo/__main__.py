"""`python -m train.grpo CONFIG`."""
import sys

from train.grpo.run import main

if __name__ == "__main__":
    sys.exit(main())
