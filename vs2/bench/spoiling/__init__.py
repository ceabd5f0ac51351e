"""Faults that no training uses, put into the frames of a real clip at a known strength and place.

optics.py, grain.py, coding.py, timing.py: of the picture. events.py: of what happens, in what moves (region.py finds
it). kinds.py names them all. Nothing in train/ may import this package: what is measured with it would mean nothing.

A fault is a function of uint8 frames [T, h, w, 3], a strength 0, 1 or 2, and a generator of random numbers. The same
generator gives the same fault at every strength, only less or more of it: the distance from the clean clip grows.
"""
