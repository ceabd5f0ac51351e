"""The Space's entry, and `python app.py`: builds the pages and serves them."""
import sys

from vs2.errors import Problem
from vs2.ui.app import launch

if __name__ == "__main__":
    try:
        launch()
    except Problem as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.status)
