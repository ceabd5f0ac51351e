"""What is said of footage can be read back, and says what it does not judge."""
from train.footage import words
from vs2 import answer
from vs2.rubric import KEYS


def test_a_reply_is_read_as_it_was_meant():
    seen = words.Seen(2, (3, 2), (2, 3), words.Fault("noise", 3, 2, 6, 1), None, (2, 0))
    read = answer.read(words.reply(seen))
    assert [read.values[key] for key in KEYS] == [2, 3, 3]
    assert "noise, strong, in frames 2 to 6, probably" in read.sections[KEYS[0]]
    assert "not judged" in read.sections[KEYS[1]]
    assert "no fault, perhaps" in read.sections[KEYS[2]]


def test_frames_are_named_as_they_are():
    def said(first, last):
        return words.rationale(words.Seen(0, (4, 4), (5, 5), words.Fault("blur", 1, first, last)))

    assert "in all frames" in said(1, 8) and "in frame 4," in said(4, 4) and "in frames 2 to 3," in said(2, 3)
    assert said(1, 8).startswith("Footage: it hardly moves.")
