"""The words that are drawn on the figures, for whoever draws them in another language than English."""
from collections.abc import Mapping
from dataclasses import dataclass

AXES = {"visual_quality": "Visual quality", "text_alignment": "Alignment", "physical_consistency": "Physical"}


@dataclass(frozen=True)
class Words:
    """axes: a dimension's name on its axis, by key. The others are single words, or have fields of `str.format`."""

    axes: Mapping[str, str]
    overall: str
    not_judged: str
    not_read: str
    candidate: str      # {number}
    radar: str          # {least}, {most}, {said}
    radar_line: str     # {name}, {scores}
    radar_score: str    # {axis}, {score}
    radar_list: str     # between scores
    radar_and: str      # between candidates
    no_scores: str
    score: str
    clips: str
    clips_of: str       # {axis}, and Plotly's own %{x} and %{y}
    more: str           # {count}


ENGLISH = Words(
    axes=AXES, overall="Overall", not_judged="not judged", not_read="not read", candidate="Candidate {number}",
    radar="Radar of the scores, each from {least} to {most}. {said}.", radar_line="{name}: {scores}",
    radar_score="{axis} {score}", radar_list=", ", radar_and="; ", no_scores="no scores yet", score="Score",
    clips="Clips", clips_of="{axis} %{{x}}: %{{y}} clips", more="and {count} more")
