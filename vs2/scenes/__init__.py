"""Rendered, physically simulated clips with known faults and scores: data for train/ and for measuring a judge.

`world.sample(seed)` describes a scene, `draw.frames(scene)` renders it, `words` says what is true of it.
"""
