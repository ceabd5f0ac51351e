"""What is said of a scene: its caption, and a rationale that is true of it, element by element.

The rationale first describes what is seen and where it goes, then gives each dimension its evidence before its
verdict: a comparison that stands beside what it compares is what a small model can learn (training log).
"""
from dataclasses import dataclass, replace

import numpy as np

from vs2 import rubric
from vs2.scenes.physics import Pose, simulate
from vs2.scenes.world import ELEMENTS, FRAMES, Content, Scene

SHOWN_FRAMES = 8
PLURAL = {"ball": "balls", "box": "boxes", "triangle": "triangles", "star": "stars"}
VERBS = {"bounces": "bounce", "slides": "slide", "flies": "fly", "swings": "swing", "rests": "rest"}
PLACES = {"grass": "on grass", "sand": "on sand", "snow": "on snow", "bricks": "by a brick wall", "night": "at night"}
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


def shown_indices(frames: int = FRAMES, shown: int = SHOWN_FRAMES) -> list[int]:
    """The frames that the judge sees of a clip of `frames`, as `vs2.sampling` chooses them."""
    return np.linspace(0, frames - 1, shown, dtype=np.float32).round().astype(int).tolist()


def facts(scene: Scene) -> Facts:
    """Found by comparing the simulation with the same one without its fault."""
    poses = [frame[0] for frame in simulate(scene)]
    indices = shown_indices()
    when = None
    if scene.physical:
        right = [frame[0] for frame in simulate(replace(scene, physical=None))]
        when = next((n for n, i in enumerate(indices, 1) if _differ(poses[i], right[i])), None)
    return Facts(tuple(_place(poses[i]) for i in indices[::2]), when)


def _differ(a: Pose, b: Pose) -> bool:
    same_kind = (a.colour, a.shape, a.visible, a.radius) == (b.colour, b.shape, b.visible, b.radius)
    return not same_kind or np.hypot(a.x - b.x, a.y - b.y) > 0.02


def _place(pose: Pose) -> str:
    hidden = not pose.visible or pose.y - pose.radius > min(pose.cut, 1) or not -0.05 < pose.x < 1.05 or pose.y < -0.05
    if hidden:
        return "gone"
    rows, columns = ("upper", "middle", "lower"), ("left", "centre", "right")
    return f"{rows[min(2, max(0, int(pose.y * 3)))]} {columns[min(2, max(0, int(pose.x * 3)))]}"


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


def description(scene: Scene, known: Facts) -> str:
    """What is seen and where it goes."""
    seen = scene.shown
    words = ", ".join([seen.element("count"), seen.colour, seen.shape, seen.motion, seen.background,
                       f"beside {seen.element('beside')}"])
    return f"Scene: {words}.\nPath: {', '.join(known.path)}."


def visual(scene: Scene) -> str:
    if scene.visual is None:
        return "no fault."
    return f"{DEGREES[scene.visual.strength - 1]} {scene.visual.kind}."


def comparison(name: str, asked: str, shown: str) -> str:
    """One line of evidence for the alignment."""
    return f"- {name}: asked {asked}, shown {shown}, {'same' if asked == shown else 'different'}"


def alignment(scene: Scene, foreign: bool = False) -> str:
    """Element by element. foreign: the prompt asks for nothing that a scene can show."""
    asked = {name: FOREIGN if foreign else scene.asked.element(name) for name in ELEMENTS}
    lines = [comparison(name, asked[name], scene.shown.element(name)) for name in ELEMENTS]
    differing = sum(asked[name] != scene.shown.element(name) for name in ELEMENTS)
    return "\n".join(["", *lines, f"Different: {differing} of {len(ELEMENTS)}."])


def physical(scene: Scene, known: Facts) -> str:
    if scene.physical is None or known.when is None:
        return "no fault."
    event = EVENTS[scene.physical.kind]
    return f"{DEGREES[scene.physical.strength - 1]} fault, from frame {known.when} on one {scene.shown.shape} {event}."


def rationale(scene: Scene, known: Facts, foreign: bool = False) -> str:
    """The whole rationale, under the headings of the three dimensions."""
    said = (visual(scene), alignment(scene, foreign), physical(scene, known))
    return "\n".join([description(scene, known)] + [
        f"{d.label}:{'' if text.startswith(chr(10)) else ' '}{text}"
        for d, text in zip(rubric.DIMENSIONS, said, strict=True)])
