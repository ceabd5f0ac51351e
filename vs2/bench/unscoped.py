"""What a judge would have said of a clip that it withholds its scores of: no judgement of that judge."""
import copy


def unscoped(judge):
    """The same judge, its weights shared, without its detector of unknown clips."""
    asked = copy.copy(judge)
    asked.scope = None
    return asked
