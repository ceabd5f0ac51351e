"""Tables of videos: read without trust, judged row by row by one engine or another, kept as they come.

    with table.opened("clips.csv") as rows:
        for result in batch.run(rows, vs2.load("mini"), budget=512):
            print(result.row.number, result.error or result.evaluation.overall)
"""
from vs2.batch.running import ENGINES, Result, run

__all__ = ["ENGINES", "Result", "run"]
