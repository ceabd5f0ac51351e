"""What there is to say of a clip's pulse (`vs2.video.pulse`) as numbers.

The numbers compare neighbouring frames: how much changes, how evenly, whether the light or one part of the picture
changes by itself, what of the fine detail is new in each frame, how much of the change is things that move. Ratios are
logarithms, so that sizes and rates of clips bear little on them.
"""
import numpy as np

from vs2.video.pulse import SIDE, Pulse

COUNT = 64                  # numbers, those at the end 0
FLOOR = 0.05                # grey levels: what changes less is the file's rounding
LOW, HIGH = -6.0, 6.0       # of a number
REACH = 2                   # pixels of a thumbnail, that a thing goes from one frame to the next


def numbers(pulse: Pulse | None) -> np.ndarray:
    """float32 [COUNT], from LOW to HIGH; zeros where a clip has no three frames in a row."""
    found = np.zeros(COUNT, np.float32)
    if pulse is None or len(pulse.numbers) < 3:
        return found
    follows = pulse.follows
    pairs = np.flatnonzero(follows)
    triples = np.flatnonzero(follows[:-1] & follows[1:])
    if len(triples) == 0:
        return found
    x = pulse.small.astype(np.float32)
    said = [*_whole(x[:, 0], pairs, triples), *_light(x[:, 0], pairs, triples), *_parts(x[:, 0], triples),
            *_detail(x[:, 1:], pairs, triples), np.log(len(pulse.numbers) / 24), *_unexplained(x[:, 0], pairs)]
    assert len(said) <= COUNT
    found[:len(said)] = np.clip(said, LOW, HIGH)
    return found


def _log(a, b=None) -> float:
    """The logarithm of a, or of a over b, neither less than FLOOR."""
    return float(np.log(np.maximum(a, FLOOR)) - (0.0 if b is None else np.log(np.maximum(b, FLOOR))))


def _whole(x: np.ndarray, pairs: np.ndarray, triples: np.ndarray) -> list[float]:
    """How much changes from thumbnail to thumbnail, and how evenly. x: [n, SIDE, SIDE]."""
    change = np.abs(x[pairs + 1] - x[pairs]).mean((1, 2))
    first = np.abs(x[triples + 1] - x[triples]).mean((1, 2))
    second = np.abs(x[triples + 2] - x[triples + 1]).mean((1, 2))
    bend = np.abs(x[triples + 2] - 2 * x[triples + 1] + x[triples]).mean((1, 2))
    skip = np.abs(x[triples + 2] - x[triples]).mean((1, 2))
    low, middle, high, top = np.quantile(change, (0.1, 0.5, 0.9, 1.0))
    upper = np.quantile(change, 0.75)
    still = change < np.maximum(0.2 * upper, 0.1)
    ordered = np.sort(change)[::-1]
    uneven = np.abs(np.log(np.maximum(second, FLOOR) / np.maximum(first, FLOOR)))
    way = skip / np.maximum(first + second, FLOOR)
    return [_log(middle), _log(upper), _log(low, middle), _log(low, upper), _log(high, middle), _log(top, middle),
            _log(top, upper), _log(top, high), _log(ordered[min(1, len(ordered) - 1)], upper),
            _log(ordered[min(3, len(ordered) - 1)], upper), 4 * float(still.mean()) * float(upper > 0.3),
            4 * _longest(still, pairs) / len(pairs),
            4 * float((still[1:] != still[:-1]).mean()) if len(still) > 1 else 0.0,
            _log(np.median(bend), np.median(first)), _log(np.quantile(bend, 0.9), np.median(first)),
            _log(bend.mean(), first.mean()), 4 * float(np.median(way)), 4 * float(np.quantile(way, 0.1)),
            4 * float(way.min()), float(np.median(uneven)), float(uneven.mean()), float(np.quantile(uneven, 0.9)),
            4 * float((change > 3 * max(middle, FLOOR)).mean()), _log(np.sqrt((change ** 2).mean()), change.mean())]


def _longest(still: np.ndarray, pairs: np.ndarray) -> int:
    best = run = 0
    for number, one in enumerate(still):
        run = run + 1 if one and (not number or pairs[number] == pairs[number - 1] + 1) else int(one)
        best = max(best, run)
    return best


def _light(x: np.ndarray, pairs: np.ndarray, triples: np.ndarray) -> list[float]:
    """The light of whole pictures, and of their rows and columns: how it changes and bends."""
    light = x.mean((1, 2))
    change = np.abs(light[pairs + 1] - light[pairs])
    bend = np.abs(light[triples + 2] - 2 * light[triples + 1] + light[triples])
    whole = np.abs(x[triples + 2] - 2 * x[triples + 1] + x[triples]).mean()
    rows, columns = ((series := x.mean(axis) - light[:, None])[triples + 2] - 2 * series[triples + 1] + series[triples]
                     for axis in (2, 1))
    rolling, shaking = np.abs(rows).mean(), np.abs(columns).mean()
    # of the change between neighbours, what one gain for the whole picture explains
    a, b = x[pairs].reshape(len(pairs), -1), x[pairs + 1].reshape(len(pairs), -1)
    gain = (a * b).sum(1) / np.maximum((a * a).sum(1), 1)
    left = np.abs(b - gain[:, None] * a).mean(1)
    return [_log(change.mean()), _log(np.quantile(change, 0.9), np.median(change)), _log(bend.mean()),
            _log(bend.mean(), change.mean()), _log(bend.mean(), whole), _log(rolling), _log(rolling, shaking),
            _log(rolling, whole), _log(np.median(left), np.median(np.abs(b - a).mean(1))),
            40 * float(np.abs(gain - 1).mean()), 40 * float(np.median(np.abs(gain - 1)))]


def _parts(x: np.ndarray, triples: np.ndarray) -> list[float]:
    """Whether a part of the picture changes by itself, and at once: cells of 8 x 8 thumbnails' pixels."""
    cells = _cells(x)
    first = np.abs(cells[triples + 1] - cells[triples])
    second = np.abs(cells[triples + 2] - cells[triples + 1])
    pop = np.maximum(first - second, second - first)                    # changes once, and not before or after
    usual = np.median(np.maximum(first, second).max(1))
    back = np.minimum(first, second) - np.abs(cells[triples + 2] - cells[triples])      # there, and gone again
    per_cell = np.quantile(first, 0.9, 0)
    return [_log(pop.max(), usual), _log(np.sort(pop.max(1))[-min(2, len(pop))], usual), _log(pop.max()),
            _log(np.maximum(back, 0).max(), usual), _log(np.maximum(back, 0).mean(), first.mean()),
            _log(per_cell.max(), np.median(per_cell)), _log(first.max(1).mean(), first.mean())]


def _unexplained(x: np.ndarray, pairs: np.ndarray) -> list[float]:
    """What is left of a change where each cell is looked for within REACH pixels of where it was: things move; what
    melts, fades or comes out of nothing is not found again."""
    first, second = x[pairs], x[pairs + 1]
    around = np.pad(first, [(0, 0), (REACH, REACH), (REACH, REACH)], mode="edge")
    ways = range(2 * REACH + 1)
    left = np.min([_cells(np.abs(second - around[:, down:down + SIDE, right:right + SIDE]))
                   for down in ways for right in ways], axis=0)
    change, most = np.abs(second - first).mean((1, 2)), left.max(1)
    usual, per_cell = np.median(most), left.mean(0)
    return [_log(left.mean(), change.mean()), _log(usual, np.median(change)), _log(most.max(), usual),
            _log(np.quantile(left.mean(1), 0.9), np.median(left.mean(1))), _log(per_cell.max(), np.median(per_cell))]


def _cells(x: np.ndarray) -> np.ndarray:
    """The means of 8 x 8 cells of thumbnails: [n, 64] of [n, SIDE, SIDE]."""
    return x.reshape(len(x), 8, SIDE // 8, 8, SIDE // 8).mean((2, 4)).reshape(len(x), -1)


def _detail(x: np.ndarray, pairs: np.ndarray, triples: np.ndarray) -> list[float]:
    """Fine detail in pieces [n, PIECES, SIDE, SIDE]: how much there is, and how much of it is new in each frame."""
    fine = x - _blurred(x)
    inner = fine[..., 1:-1, 1:-1]
    there = np.abs(inner).mean((2, 3))
    new = np.abs(inner[pairs + 1] - inner[pairs]).mean((2, 3))
    bend = np.abs(inner[triples + 2] - 2 * inner[triples + 1] + inner[triples]).mean((2, 3))
    plain = np.abs(x[pairs + 1] - x[pairs]).mean((2, 3))
    beats = there.mean(1)
    beat = np.abs(np.log(np.maximum(beats[pairs + 1], FLOOR) / np.maximum(beats[pairs], FLOOR)))
    ratio = new / np.maximum(there[pairs], FLOOR)
    corner = np.abs(inner[..., 1:, 1:] + inner[..., :-1, :-1] - inner[..., 1:, :-1] - inner[..., :-1, 1:]).mean((2, 3))
    return [_log(np.median(there)), _log(there.min(1).mean()), _log(np.quantile(new, 0.1)), _log(np.median(new)),
            _log(np.median(new), np.median(there)), _log(np.quantile(new, 0.1), np.quantile(there, 0.1)),
            3 * float(np.quantile(ratio, 0.1)), 3 * float(np.median(ratio)), _log(np.median(new), np.median(plain)),
            _log(np.median(bend), np.median(new)), _log(np.quantile(bend, 0.1), np.quantile(new, 0.1)),
            4 * float(beat.mean()), 4 * float(beat.max()), _log(np.median(corner), np.median(there)),
            _log(np.quantile(plain, 0.1))]


def _blurred(x: np.ndarray) -> np.ndarray:
    """The mean of 3 x 3 pixels, edges drawn out."""
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9
