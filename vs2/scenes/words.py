"""What is said of a scene: its caption, and a rationale that is true of it, element by element, in varied wording.

The rationale first describes what is seen and where it goes, then gives each dimension its evidence before its
verdict: a comparison that stands beside what it compares is what a small model can learn (training log). Wordings are
chosen by the scene's seed; all wordings of one fact open with the same word, or the likeliest word would be that of
the fact that is worded alike most often, not of the likeliest fact.
"""
from dataclasses import dataclass

import numpy as np

from vs2 import rubric
from vs2.scenes.physics import Pose, simulate
from vs2.scenes.staging import project, shown_indices
from vs2.scenes.world import ELEMENTS, Content, Scene

PLURAL = {"ball": "balls", "box": "boxes", "triangle": "triangles", "star": "stars"}
VERBS = {"bounces": "bounce", "slides": "slide", "flies": "fly", "swings": "swing", "rests": "rest"}
PLACES = {"grass": "on grass", "sand": "on sand", "snow": "on snow", "bricks": "by a brick wall", "night": "at night"}
ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")
DEGREES = ("slight", "clear", "strong", "extreme")
FOREIGN = "other"       # what an element of a prompt is called that is none of ours
FOREIGN_WORDS = (
    "a", "an", "the", "of", "in", "on", "with", "and", "over", "under", "near", "through", "at", "by", "into",
    "while", "slowly", "quickly", "old", "young", "man", "woman", "child", "dog", "cat", "horse", "unicorn", "bird",
    "fish", "car", "train", "ship", "city", "street", "house", "forest", "river", "mountain", "desert", "ocean",
    "sky", "garden", "kitchen", "table", "cup", "apple", "bread", "shoe", "bug", "robot", "dragon", "running",
    "walking", "dancing", "cooking", "jumping", "sitting", "driving", "flying", "singing", "falling", "pouring",
    "breaking", "opening", "closing", "golden", "dark", "bright", "beautiful", "tiny", "giant", "wooden", "glass",
    "metal", "morning", "sunset", "rain", "storm", "rainbow", "camera", "close-up", "drone", "cinematic",
    "realistic", "anime", "slow", "motion", "background", "light", "shadow", "pink", "black", "orange", "grey",
    "brown", "two", "four", "many", "wind", "water", "fire", "smoke", "dust", "hair", "dress", "hand", "face",
    "eye", "wall", "door", "window", "road", "bridge", "island")
EVENTS = {"vanishes": "vanishes", "teleports": "jumps to another place", "sinks": "sinks into the ground",
          "speeds up": "speeds up by itself", "morphs": "changes its form", "hangs": "hangs in the air"}


@dataclass(frozen=True)
class Facts:
    """What the frames show that the description does not say: where the first object is, and when it goes wrong.

    path: its place in every second of the frames that the judge sees. when: the first of those frames (from 1)
    in which it is not where, or what, it should be; None without a physical fault.
    """

    path: tuple[str, ...]
    when: int | None


def facts(scene: Scene) -> Facts:
    """Found by comparing the simulation with the same one without its fault."""
    indices = shown_indices(scene.staging.frames)
    poses = [frame[0] for frame in simulate(scene, indices)]
    when = None
    if scene.physical:
        right = [frame[0] for frame in simulate(scene, indices, right=True)]
        when = next((n for n, pair in enumerate(zip(poses, right, strict=True), 1) if _differ(*pair)), None)
    return Facts(tuple(_place(pose, scene, i) for pose, i in zip(poses[::2], indices[::2], strict=True)), when)


def _differ(a: Pose, b: Pose) -> bool:
    same_kind = (a.colour, a.shape, a.visible, a.radius) == (b.colour, b.shape, b.visible, b.radius)
    return not same_kind or np.hypot(a.x - b.x, a.y - b.y) > 0.02


def _place(pose: Pose, scene: Scene, index: int) -> str:
    height, width = scene.staging.height, scene.staging.width
    seen = project(pose, scene.staging, index, height, width)
    if not pose.visible or seen.y - seen.radius > min(seen.cut, height) or not (
            0 <= seen.x < width and seen.y >= 0):
        return "gone"
    return f"{ROWS[min(2, int(seen.y / height * 3))]} {COLUMNS[min(2, int(seen.x / width * 3))]}"


def caption(content: Content, turn: int = 0) -> str:
    """The prompt for a content, in one of several wordings chosen by `turn`."""
    noun, verb = content.shape, content.motion
    if content.count == 1:
        article = ("a", "one")[turn // 4 % 2]
    else:
        article, noun, verb = content.element("count"), PLURAL[noun], VERBS[verb]
    what, place = f"{article} {content.colour} {noun} {verb}", PLACES[content.background]
    beside = f" beside a {content.element('beside')}" if content.beside else ""
    text = (f"{what} {place}{beside}", f"{place}, {what}{beside}", f"{what}{beside} {place}",
            f"{place}{beside}, {what}")[turn % 4]
    return text[0].upper() + text[1:] + "."


def foreign_caption(seed: int) -> str:
    """A made-up prompt about other things than scenes show."""
    rng = np.random.default_rng([seed, 8])
    text = " ".join(rng.choice(FOREIGN_WORDS, int(rng.integers(4, 28))))
    return text[0].upper() + text[1:] + "." if rng.random() < 0.5 else text


def _pick(seed: int, options: tuple[str, ...], part: int) -> str:
    """One of several wordings, the same for a seed and part of the reply each time."""
    return options[int(np.random.default_rng([seed, 11, part]).integers(len(options)))]


def description(scene: Scene, known: Facts) -> str:
    """What is seen and where it goes."""
    seen = scene.shown
    noun, verb = (seen.shape, seen.motion) if seen.count == 1 else (PLURAL[seen.shape], VERBS[seen.motion])
    what = f"{seen.element('count')} {seen.colour} {noun} {verb} {PLACES[seen.background]}"
    lead = _pick(scene.seed, ("Scene:", "The clip shows", "I see"), 0)
    way = _pick(scene.seed, ("Path:", "It goes:", "Where the first one is:"), 1)
    return f"{lead} {what}, beside {seen.element('beside')}.\n{way} {', '.join(known.path)}."


def visual(scene) -> str:
    """The picture's fault, its kind before its degree. scene: a Scene, or `other.Other`."""
    if scene.visual is None:
        return _pick(scene.seed, ("no fault.", "no fault, the picture is clean.", "no fault spoils the picture."), 2)
    kind, degree = scene.visual.kind, DEGREES[scene.visual.strength - 1]
    ways = f"{kind}, {degree}.", f"{kind}: {degree}.", f"{kind} that is {degree}."
    return _pick(scene.seed, ways, 2)


def comparison(name: str, asked: str, shown: str) -> str:
    """One line of evidence for the alignment."""
    return f"- {name}: asked {asked}, shown {shown}, {verdict(asked, shown)}"


def verdict(asked: str, shown: str) -> str:
    """What cannot be named cannot be compared."""
    if asked == shown == FOREIGN:
        return "unknown"
    return "same" if asked == shown else "different"


def compared(asked: dict[str, str], shown: dict[str, str]) -> str:
    """Element by element, and how many differ."""
    lines = [comparison(name, asked[name], shown[name]) for name in ELEMENTS]
    differing = sum(verdict(asked[name], shown[name]) == "different" for name in ELEMENTS)
    return "\n".join(["", *lines, f"Different: {differing} of {len(ELEMENTS)}."])


def alignment(scene: Scene, foreign: bool = False) -> str:
    """foreign: the prompt asks for nothing that a scene can show."""
    return compared({name: FOREIGN if foreign else scene.asked.element(name) for name in ELEMENTS},
                    {name: scene.shown.element(name) for name in ELEMENTS})


def physical(scene: Scene, known: Facts) -> str:
    if scene.physical is None or known.when is None:
        return _pick(scene.seed, ("no fault.", "no fault, it moves as it should.", "no fault, nothing impossible."), 3)
    event, degree = EVENTS[scene.physical.kind], DEGREES[scene.physical.strength - 1]
    what = f"from frame {known.when} on one {scene.shown.shape} {event}"
    ways = f"{what}: {degree}.", f"{what}, which is {degree}.", f"{what}; the fault is {degree}."
    return _pick(scene.seed, ways, 3)


def rationale(scene: Scene, known: Facts, foreign: bool = False) -> str:
    """The whole rationale, under the headings of the three dimensions."""
    return sections(description(scene, known), visual(scene), alignment(scene, foreign), physical(scene, known))


def sections(opening: str, *said: str) -> str:
    """A rationale of its opening and what is said of the three dimensions."""
    return "\n".join([opening] + [
        f"{d.label}:{'' if text.startswith(chr(10)) else ' '}{text}"
        for d, text in zip(rubric.DIMENSIONS, said, strict=True)])
