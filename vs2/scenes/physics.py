"""Moves a scene: a 2-D rigid-body simulation (pymunk) with the physical fault, if any, put in.

Units: the world is 1 wide and 1 high, y points down. Time runs from 0 to LENGTH, however long the clip is. The first
object carries the fault. Strengths are set apart by what the frames that a judge sees, 0.27 of time apart, can show.
"""
from dataclasses import dataclass, replace

import numpy as np
import pymunk

from vs2.scenes.staging import shown_indices
from vs2.scenes.world import Scene

LENGTH, TICKS = 2.0, 48                 # a clip's time, and the places kept of it, between which is interpolated
GRAVITY, GROUND, STEP = 2.2, 0.84, 1 / 120
SUNK = (0.5, 0.95, 1.45, 4.0)           # how far it sinks, in radii, by strength
GONE = (0.29, 0.57, 1.13, LENGTH)       # how long it is gone: one of the seen frames, two, four, all
HELD = (0.4, 0.72, 1.2, LENGTH)         # how long it hangs
JUMP = (0.13, 0.23, 0.36, 0.52)         # how far it jumps
BOUNCE = (1.1, 1.3, 1.55, 1.9)          # restitution: each bounce gains
FASTER = (1.7, 2.6, 4.0, 7.0)           # how many times its speed along the ground
GROWTH = (1.35, 1.75, 2.2, 2.8)         # how it grows in a morph; from 3 on its shape changes too, at 4 its colour


@dataclass(frozen=True)
class Pose:
    """One object in one frame. `anchor`: where its rope hangs, for a swing."""

    x: float
    y: float
    radius: float
    colour: str
    shape: str
    visible: bool = True
    anchor: tuple[float, float] | None = None
    cut: float = 9.0        # what lies below this is hidden: it has sunk into the ground
    floor: float = GROUND


def simulate(scene: Scene, indices=None, right: bool = False) -> list[list[Pose]]:
    """The poses of every object in each of the clip's frames, or in those at `indices`; the companion, if any, last.

    right: the same clip as it would go without its physical fault, from the same places.
    """
    rng = np.random.default_rng([scene.seed, 2])
    scene = _seen(scene)
    shown, fault = scene.shown, scene.physical
    radius = float(rng.uniform(0.14, 0.175)) * (1, 0.85, 0.75)[shown.count - 1]
    spots = _spots(rng, shown.count, radius, shown.motion)
    if fault and fault.kind == "teleports" and shown.count == 1 and shown.motion in ("bounces", "rests"):
        spots = [0.3 if spots[0] < 0.5 else 0.7]        # room to jump
    if right:
        fault, scene = None, replace(scene, physical=None)
    facing = 1 if rng.random() < 0.5 else -1
    height, pace = rng.uniform(0.16, 0.3), rng.uniform(0.85, 1.15)
    tracks = [_track(shown.motion, spot, radius, facing, height + 0.03 * i, pace, fault if i == 0 else None)
              for i, spot in enumerate(spots)]
    beside = None
    if shown.beside:
        size = float(rng.uniform(0.1, 0.12))
        beside = Pose(float(rng.choice((0.12, 0.88))), GROUND - size - 0.05, size, *shown.beside, floor=GROUND - 0.05)
    frames = scene.staging.frames
    made = []
    for n in range(frames) if indices is None else indices:
        poses = [_pose(tracks[i], n / frames * LENGTH, radius, scene, i == 0) for i in range(shown.count)]
        made.append(poses + ([beside] if beside else []))
    return made


def _seen(scene: Scene) -> Scene:
    """The scene; an object that would be gone between two of the frames that a judge sees goes in time for the later.

    Of a clip of few frames those that are seen can lie further apart than 0.29.
    """
    fault, frames = scene.physical, scene.staging.frames
    if fault is None or fault.kind != "vanishes":
        return scene
    times = [n / frames * LENGTH for n in shown_indices(frames)]
    if any(fault.start <= time < fault.start + GONE[fault.strength - 1] for time in times):
        return scene
    return replace(scene, physical=replace(fault, start=min(time for time in times if time >= fault.start)))


def _spots(rng, count: int, radius: float, motion: str) -> list[float]:
    """Where the objects start, left to right, with room between them."""
    gap = max(2.5 * radius, 0.24)
    middle = 0.5 + rng.uniform(-0.1, 0.1) * (count < 3)
    if motion in ("slides", "flies"):
        gap = 2.4 * radius
    return [middle + gap * (i - (count - 1) / 2) for i in range(count)]


def _track(motion, spot, radius, facing, height, pace, fault):
    """Positions [TICKS, 2] of one object, and its rope's anchor. Faults of motion are put in here."""
    if motion == "swings":
        return _swing(spot, facing, pace, fault)
    space = pymunk.Space()
    space.gravity = (0, GRAVITY)
    floor = pymunk.Segment(space.static_body, (-9, GROUND + 0.5), (9, GROUND + 0.5), 0.5)
    floor.elasticity, floor.friction = 1.0, 0.0
    space.add(floor)
    body = pymunk.Body(1.0, float("inf"))
    circle = pymunk.Circle(body, radius)
    circle.elasticity, circle.friction = {"bounces": 0.86, "flies": 0.35}.get(motion, 0.0), 0.0
    low = GROUND - radius
    start, velocity = {
        "bounces": ((spot, height), (0.1 * facing, 0.0)),
        "slides": ((spot - facing * 0.24, low), (0.26 * facing * pace, 0.0)),
        "flies": ((spot - facing * 0.28, low - 0.1), (0.3 * facing * pace, -1.25 * pace)),
        "rests": ((spot, low), (0.0, 0.0)),
    }[motion]
    body.position, body.velocity = start, velocity
    space.add(body, circle)
    kind, k = (fault.kind, fault.strength - 1) if fault else ("", 0)
    if kind == "speeds up" and motion == "bounces":
        circle.elasticity = BOUNCE[k]
    depth = SUNK[k] * radius
    places, now, held, pushed = [], 0.0, None, False
    for tick in range(TICKS):
        while now < tick * LENGTH / TICKS:
            if kind == "sinks":
                # a bouncing or flying object goes through where it lands; one on the ground starts at its time
                circle.sensor = motion in ("bounces", "flies") or now >= fault.start
                if circle.sensor and body.position.y > low + depth:
                    body.velocity, space.gravity = (body.velocity.x, 0.0), (0, 0)
                elif circle.sensor and motion in ("slides", "rests"):
                    body.velocity = (body.velocity.x, min(body.velocity.y, 0.7))
            if kind == "speeds up" and motion == "slides" and not pushed and now >= fault.start:
                body.velocity, pushed = (body.velocity.x * FASTER[k], body.velocity.y), True
            if kind == "hangs" and fault.start <= now < fault.start + HELD[k]:
                held = held or (body.position, body.velocity)
                body.position, body.velocity = held[0], (0, 0)
            elif held:
                body.velocity, held = held[1], None
            if kind != "hangs" or not held:
                space.step(STEP)
            now += STEP
        places.append(tuple(body.position))
    return np.array(places), None


def _swing(spot, facing, pace, fault):
    """A pendulum by the same small steps (semi-implicit Euler, energy kept to within 1 % over a clip)."""
    length, anchor = 0.46, (spot, 0.12)
    angle, speed, now = 0.75 * facing, 0.0, 0.0
    kind, k = (fault.kind, fault.strength - 1) if fault else ("", 0)
    places = []
    for tick in range(TICKS):
        while now < tick * LENGTH / TICKS:
            if not (kind == "hangs" and fault.start <= now < fault.start + HELD[k]):
                speed += -GRAVITY * 2.2 * pace / length * np.sin(angle) * STEP
                angle += speed * STEP
            now += STEP
        places.append((anchor[0] + length * np.sin(angle), anchor[1] + length * np.cos(angle)))
    return np.array(places), anchor


def _at(places: np.ndarray, now: float) -> tuple[float, float]:
    """Where a track is at a time, between the ticks that it was kept at."""
    place = min(now / LENGTH * TICKS, TICKS - 1.001)
    first, part = int(place), place % 1
    x, y = places[first] * (1 - part) + places[first + 1] * part
    return float(x), float(y)


def _jump(x: float, y: float, far: float, radius: float) -> tuple[float, float]:
    """Which way it jumps from a place: to the side with more room, and as far as that is too little up or down."""
    room = max(1 - radius - x, x - radius)
    across = min(far, max(room, 0.0))
    along = float(np.sqrt(far * far - across * across))
    return (across if x < 0.5 else -across), (-along if y > 0.5 else along)


def _pose(track, now: float, radius: float, scene: Scene, first: bool) -> Pose:
    """One object's pose at a time. Faults of existence, place and form are put in here."""
    places, anchor = track
    x, y = _at(places, now)
    colour, shape, visible = scene.shown.colour, scene.shown.shape, True
    fault = scene.physical if first else None
    if fault and now >= fault.start:
        k = fault.strength - 1
        if fault.kind == "vanishes":
            visible = now >= fault.start + GONE[k]
        elif fault.kind == "teleports":
            dx, dy = _jump(*_at(places, fault.start), JUMP[k], radius)
            x, y = min(max(x + dx, radius), 1 - radius), min(y + dy, GROUND - radius)
        elif fault.kind == "morphs":
            radius *= GROWTH[k]
            y = min(y, GROUND - radius)
            if fault.strength >= 3 and fault.to is not None:
                colour, shape = fault.to
    cut = GROUND if fault and fault.kind == "sinks" else 9.0
    return Pose(x, y, radius, colour, shape, visible, anchor, cut)
