"""Who judges the rows of a table: the judge of this process, several processes, or actors of Ray.

Each engine has `judge(tasks, stop)`: a generator of (number, `Evaluation` or the `Problem` in its place), in the order
in which they are done. Closing it ends the work at once.
"""
from vs2.batch.engines.here import Here
from vs2.batch.engines.processes import Processes
from vs2.batch.engines.ray import Ray, no_ray
from vs2.batch.engines.task import CRASHED, Scorer, Task, enough

__all__ = ["CRASHED", "Here", "Processes", "Ray", "Scorer", "Task", "enough", "no_ray"]
