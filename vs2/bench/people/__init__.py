"""The suites that people rated, and on which judges are compared: a loader a file, and one table of what is asked.

catalogue.py names them; mapping.py says which of our dimensions answers which of a suite's questions; judging.py has
the clips judged, a row a clip kept; measure.py counts what the rows come to, without judging anything again.
"""
