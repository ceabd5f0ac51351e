"""What the page notes of a run beside its folder, so that it can be shown again."""
from dataclasses import asdict, dataclass, field

from vs2.best_of import Plan
from vs2.best_of.cost import Spent
from vs2.best_of.outcome import STOPPED
from vs2.errors import BadInput
from vs2.options import Options


@dataclass
class Left:
    """What is known of a run beside its folder.

    judge: as the page names it. model: the judge's own name. kept: what the evaluations are stored under, by the
    candidate's number. finalists, ended, note, spent: of its outcome.
    """

    plan: Plan
    judge: str = ""
    model: str = ""
    kept: dict[int, str] = field(default_factory=dict)
    finalists: tuple[int, ...] = ()
    ended: str = STOPPED
    note: str = ""
    spent: Spent = Spent()

    def to_dict(self) -> dict:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, found: dict) -> "Left | None":
        """The reverse; None for what was not written here."""
        try:
            plan = dict(found["plan"])
            plan |= {"judging": Options(**plan["judging"]), "size": plan["size"] and tuple(plan["size"])}
            kept = {int(number): id for number, id in found["kept"].items()}
            return cls(**{**found, "plan": Plan(**plan), "kept": kept, "finalists": tuple(found["finalists"]),
                          "spent": Spent(**found["spent"])})
        except (KeyError, TypeError, ValueError, AttributeError, BadInput):
            return None
