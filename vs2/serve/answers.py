"""What came of each clip, in the three forms. A score that is not there is an error of its clip, never a 0."""
from dataclasses import replace
from math import isfinite
from typing import Any

from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation, Score
from vs2.reward.numbers import OVERALL, REWARD, lacking, numbers

Found = Evaluation | Problem
# What UniRL's clients say of a sample, which comes back with its scores.
IDENTITY = ("request_id", "sample_id", "group_id", "source_rank", "policy_version", "idempotency_key")


def why(found: Found) -> str | None:
    """Why there is no reward, in a sentence; None where there is one."""
    return (str(found) if isinstance(found, Problem) else lacking(found)) or None


def plain(found: Found) -> dict[str, Any]:
    """The record of a judgement with `error`, null where nothing is missing; of what was not judged `error` alone."""
    if isinstance(found, Problem):
        return {"error": str(found)}
    # What is no number has no place in JSON: it is a score that could not be read.
    scores = {key: score if score.expected is None or isfinite(score.expected) else Score()
              for key, score in found.scores.items()}
    return {**replace(found, scores=scores).to_dict(), "error": why(found)}


def status(found: Found) -> int:
    """The status of an answer about one clip alone."""
    if isinstance(found, BadInput):
        return 422
    return 503 if isinstance(found, Failure) else 422 if why(found) else 200


def unirl(found: list[Found], wanted: list, version: str) -> dict[str, Any]:
    """UniRL's answer to its samples (`schema.Wanted`). version: of the scorer."""
    results: list[dict[str, dict[str, float]]] = []
    errors: list[dict[str, str]] = []
    for one, sample in zip(found, wanted, strict=True):
        reason = why(one)
        result, error = {}, {}
        for name in dict.fromkeys(sample.required_rewards or [REWARD]):
            if name != REWARD:
                error[name[:100]] = f"This server has no such reward: it has {REWARD}."
            elif reason is not None:
                error[name] = reason
            elif isinstance(one, Evaluation):
                result[name] = numbers(one)
        results.append(result)
        errors.append(error)
    identities = [{**{name: getattr(sample, name) for name in IDENTITY}, "scorer_version": version}
                  for sample in wanted]
    return {"protocol_version": "1", "results": results, "errors": errors, "identities": identities}


def flow_factory(found: list[Found], sub: str = OVERALL) -> dict[str, Any]:
    """Flow-Factory's answer. Its client takes `error` for the failure of the whole call, as a missing reward is."""
    reasons = [why(one) for one in found]
    rewards = [numbers(one)[sub] if reason is None and isinstance(one, Evaluation) else None
               for one, reason in zip(found, reasons, strict=True)]
    if any(reasons):
        lost = [f"video {place}: {reason}" for place, reason in enumerate(reasons, 1) if reason]
        more = f" (and {len(lost) - 3} more)" if len(lost) > 3 else ""
        return {"rewards": rewards, "errors": reasons, "error": " ".join(lost[:3]) + more}
    return {"rewards": rewards}
