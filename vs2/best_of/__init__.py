"""Best of N: several clips for one prompt, each judged as soon as it is made, the best one taken and the reason said.

    run = best_of.Run(best_of.Plan("a red ball bounces on grass", 5), judge, "clips")
    for event in run.events(): ...              # Estimated, Making, Made, Judging, Judged, Ranked, Lost, last Done
    run.outcome().winner.path

Importing this needs neither torch nor a judge.
"""
from vs2.best_of.cost import Estimate, Rates, Spent, duration, forecast
from vs2.best_of.events import Done, Estimated, Event, Judged, Judging, Lost, Made, Making, Noticed, Ranked
from vs2.best_of.outcome import COMPLETE, EARLY, STOPPED, Entry, Outcome
from vs2.best_of.plan import AGAIN, FAST, FULL, MOST, Plan
from vs2.best_of.run import Run

__all__ = ["AGAIN", "COMPLETE", "EARLY", "FAST", "FULL", "MOST", "STOPPED", "Done", "Entry", "Estimate", "Estimated",
           "Event", "Judged", "Judging", "Lost", "Made", "Making", "Noticed", "Outcome", "Plan", "Ranked", "Rates",
           "Run", "Spent", "duration", "forecast"]
