"""How well a judge agrees with known scores: the metrics, and the suites that they are measured on.

The denominators: a score that could not be read counts as a miss, in every suite. One that was not judged
(`vs2.evaluation.Score.reason`) is neither a hit nor a miss: what needs it is left out of every share, and counted apart
as `withheld`. A number is None where nothing was left to count.
"""
