"""Fewer frames, or smaller ones, than a checkpoint's reader takes: what is seen then, and what is said of it."""
import numpy as np
import pytest

from vs2.video.caps import capped, fps_seen, resized
from vs2.video.memory import clip_of
from vs2.video.sampling import PATCH, Sampling

CARD = Sampling()
OWN = Sampling(max_frames=8, min_pixels=PATCH**2, max_pixels=112 * 112)


def clip(sampling=CARD, seconds=10.0, height=476, width=728):
    frames = np.zeros((round(seconds * 8), height, width, 3), np.uint8)
    frames += np.arange(len(frames), dtype=np.uint8)[:, None, None, None]
    return clip_of(frames, 8.0, sampling)


@pytest.mark.parametrize("frames, pixels", [(8, None), (None, 200_704), (6, 100_000), (2, 784), (7, 130_000)])
@pytest.mark.parametrize("height, width", [(476, 728), (720, 1280), (240, 320), (1000, 300)])
def test_a_reading_stays_within_the_caps(frames, pixels, height, width):
    sampling = CARD.capped(frames, pixels)
    count = len(sampling.indices(240, 24.0))
    h, w = sampling.size(count, height, width)
    assert count % 2 == 0 and (frames is None and count == 20 or frames is not None and 2 <= count <= frames)
    assert h % PATCH == w % PATCH == 0 and h * w <= (pixels or CARD.max_pixels)
    assert pixels is not None or (h, w) == CARD.size(count, height, width)


def test_no_cap_leaves_a_sampling_as_it_is_and_a_cap_only_lowers():
    assert CARD.capped(None, None) == CARD and CARD.capped(768, 10**7) == CARD
    assert OWN.capped(100, 10**6) == OWN


def test_what_the_published_reader_would_have_seen_is_said():
    seen = capped(clip(CARD.capped(8, 200_704)), CARD, 8, 200_704)
    count, height, width = seen.frames.shape[:3]
    assert seen.warnings[-1] == (f"The judge saw 8 frames of {width} x {height}, as asked; the published reader would "
                                 "have seen 20 frames of 728 x 476.")
    assert capped(seen, CARD, 8, 200_704).warnings == seen.warnings, "once"
    short = clip(seconds=2.0, height=224, width=308)
    assert capped(short, CARD, 100, 10**6).warnings == (), "nothing was left out"
    other = capped(clip(OWN.capped(4, None), height=112, width=112), OWN, 4, None)
    assert "by this judge's own limits it would have seen 8 frames of 112 x 112" in other.warnings[-1]


def test_a_clip_that_was_read_whole_is_thinned_evenly():
    whole = clip()
    seen = capped(whole, CARD, 7, 100_000)
    assert len(seen.frames) == len(seen.times) == 6 and seen.frames.shape[1] * seen.frames.shape[2] <= 100_000
    assert (seen.times[0], seen.times[-1]) == (whole.times[0], whole.times[-1])
    assert seen.frames[:, 0, 0, 0].tolist() == [round(time * 8) for time in seen.times]
    assert capped(whole, CARD, None, None) is whole


def test_frames_that_are_left_out_make_the_time_between_them_longer():
    whole = clip()
    assert fps_seen(whole, CARD, None) == 2.0 and fps_seen(whole, CARD, 100) == 2.0
    assert fps_seen(capped(whole, CARD, 8, None), CARD, 8) == pytest.approx(2.0 * 8 / 20)
    assert fps_seen(resized(whole, 56, 84), CARD, None) == 2.0
