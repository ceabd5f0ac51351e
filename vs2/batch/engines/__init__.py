"""Who judges the rows of a table: the judge of this process, several processes, actors of Ray, or several threads that
share a judge which takes several rows at once.

Each engine has `judge(tasks, stop)`: a generator of (number, `Evaluation` or the `Problem` in its place), in the order
in which they are done. Closing it ends the work at once.
"""
from vs2.batch.engines.here import Here
from vs2.batch.engines.processes import Processes
from vs2.batch.engines.ray import Ray, no_ray
from vs2.batch.engines.task import CRASHED, Scorer, Task, enough
from vs2.batch.engines.threads import Threads

__all__ = ["CRASHED", "Here", "Processes", "Ray", "Scorer", "Task", "Threads", "enough", "no_ray"]
