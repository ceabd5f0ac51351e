"""A record of a judgement that nobody vouches for -> an `Evaluation`: numbers in their ranges, texts that are text."""
from collections.abc import Mapping
from math import isfinite

from vs2.candidates import Candidate, Failed
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS, SCALE

MOST_SAMPLES = 32


def candidate(record: Mapping, where: str) -> Candidate | None:
    """An evaluation or a failure of a record; None for a row that was not begun. where: what to call it. Raises
    BadInput."""
    if not isinstance(record, Mapping):
        raise BadInput(f"{where} is no record of a judgement: give what vs2 wrote.")
    video, prompt = (record.get(name) or "" for name in ("video", "prompt"))
    if not isinstance(video, str) or not isinstance(prompt, str):
        raise BadInput(f"{where} has a video or a prompt that is no text: give what vs2 wrote.")
    if record.get("error"):
        return Failed(video, prompt, str(record["error"]))
    if not record.get("scores"):
        return None
    try:
        return _evaluation(record, video, prompt)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        said = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise BadInput(f"{where} is no evaluation of vs2 ({said}): give what vs2 wrote.") from error


def _evaluation(record: Mapping, video: str, prompt: str) -> Evaluation:
    """Raises ValueError and its like for what no judge said."""
    seconds = record.get("seconds") or {}
    times = tuple(_number(one, 0, 1e6) for one in record.get("frame_times") or ())
    samples = tuple(_sample(one) for one in (record.get("samples") or ())[:MOST_SAMPLES])
    options = record.get("options")
    shown = int(record.get("shown") or 0)
    return Evaluation(
        video, prompt, _text(record.get("model"), "model"), _text(record.get("precision") or "", "precision"),
        _text(record.get("rationale") or "", "rationale"), {key: _score(record["scores"][key]) for key in KEYS},
        int(_number(record.get("frames") or 0, 0, 1e6)),
        Seconds(**{name: _number(seconds.get(name) or 0, 0, 1e9) for name in ("read", "think", "total")}),
        int(_number(record.get("tokens") or 0, 0, 1e12)), bool(record.get("truncated")),
        tuple(map(str, record.get("warnings") or ())), times, str(record.get("reply") or ""), samples,
        given_fps=_number(record["given_fps"], 0, 1e4) if record.get("given_fps") is not None else None,
        shown=shown if 0 <= shown < max(1, len(samples)) else 0, looped=bool(record.get("looped")),
        options=_options(options) if isinstance(options, Mapping) else None)


def _options(said: Mapping) -> dict:
    return {"think": bool(said.get("think", True)), "published": bool(said.get("published")),
            **{name: int(_number(said.get(name, 1), 0, 2**63)) for name in ("budget", "samples", "seed")},
            "temperature": _number(said.get("temperature", 0), 0, 1e3)}


def _score(said: Mapping) -> Score:
    reason = said.get("reason")
    if reason is not None:
        return Score(reason=_text(reason, "reason"))
    value, spread = said.get("value"), said.get("distribution")
    if value is not None and (isinstance(value, bool) or value not in SCALE):
        raise ValueError("a score must be 1 to 5")
    if spread is not None:
        spread = tuple(_number(p, 0, 1.001) for p in spread)
        if len(spread) != len(SCALE):
            raise ValueError("a distribution has five numbers")
    expected, sure = (None if said.get(name) is None else _number(said[name], 0, most)
                      for name, most in (("expected", SCALE[-1] + 0.01), ("confidence", 1.001)))
    return Score(value, expected, spread, sure)


def _sample(said: Mapping) -> dict:
    values = said.get("values") or {}
    return {"rationale": _text(said.get("rationale") or "", "rationale"),
            "values": {key: values[key] if values[key] in SCALE else None for key in KEYS if key in values}}


def _text(said, what: str) -> str:
    if not isinstance(said, str):
        raise ValueError(f"its {what} is no text")
    return said


def _number(said, least: float, most: float) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not isfinite(said) or not least <= said <= most:
        raise ValueError(f"{str(said)[:40]!r} is no number from {least:g} to {most:g}")
    return float(said)
