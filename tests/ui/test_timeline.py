"""What a mark on the player's bar is called, and what the rationale's buttons bear for it."""
import re
from html import unescape

from vs2.ui import timeline
from vs2.ui.rationale import Times, sections, words

TIMES = Times((0, 0.5, 1.0))
SAID = ('First, frame 1.\nVisual quality: Sharp. At 0.5 s it is "soft" & dim. Frame 3 too!\n'
        'Text alignment: As asked at 99 s.')


def test_each_named_moment_bears_its_name_and_its_sentence():
    shown = sections(SAID, times=TIMES)
    found = [tuple(map(unescape, pair)) for pair in re.findall(r'data-mark="([^"]*)" data-sentence="([^"]*)"', shown)]
    assert found == [("frame 1 at 0 s: Rationale", "First, frame 1."),
                     ("0.5 s: Visual quality", 'At 0.5 s it is "soft" & dim.'),
                     ("frame 3 at 1 s: Visual quality", "Frame 3 too!")]


def test_words_that_are_in_no_section_have_no_marks():
    assert "data-mark" not in words("At 0.5 s.", TIMES)


def test_a_mark_says_its_time_as_short_as_it_is():
    assert timeline.mark(12.0, None, "Prompt") == "12 s: Prompt"
    assert timeline.mark(1.25, 4, "Prompt") == "frame 4 at 1.25 s: Prompt"
    assert timeline.mark(0.0, 1, "Prompt") == "frame 1 at 0 s: Prompt"
