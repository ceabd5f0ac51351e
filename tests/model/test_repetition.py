"""Replies that go round in circles are told from those that say much alike, and ended; no other reply is touched."""
import timeit

import pytest

from tests.model.test_generation import scripted, tiny  # noqa: F401
from vs2.model import repetition
from vs2.options import Options
from vs2.rubric import KEYS, REASONED, reply
from vs2.scenes import world

PARAGRAPH = ("The ball enters from the left and rolls on the grass. Its shadow follows it at all times, and light "
             "does not change. Nothing in the background moves, and the edges stay sharp until the end of the clip. ")
PROSE = ("The opening frames show a narrow street at dusk, wet from rain, with two figures under one umbrella. Both "
         "walk towards the camera while a tram crosses behind them from left to right; its windows glow, mirrored in "
         "the puddles. Details hold up well: bricks keep their texture, and letters over the bakery stay legible "
         "throughout. Around the middle the taller figure's left hand merges with the handle for a moment, which a "
         "careful viewer will notice. The prompt asked for a cyclist as well, who never appears, and for snow, where "
         "this is plainly rain. Movement is natural otherwise; coats swing with each step, reflections shift as they "
         "should, and the tram slows down before its stop. One lamp flickers without reason near the end. Overall the "
         "picture is clean, the story only half told, and physics mostly respected, with the merging hand as its worst "
         "fault. Final Scoring:\n- Visual Quality: 4\n- Text Alignment: 3\n- Physical Consistency: 4\n"
         "Dim-1 Visual Quality: 4\nDim-2 Text Alignment: 3\nDim-3 Physical Consistency: 4\n")
# Long, alike, and sound: nothing of it may be ended.
LISTS = {
    "prose": PROSE,
    "a line a frame": "".join(f"Frame {n}: the ball is visible and moves, no fault.\n" for n in range(1, 61)),
    "a time a line": "".join(f"- At {n / 2:.1f} s the red ball is sharp and moves as it should, without any artifact "
                             "that could be seen.\n" for n in range(50)),
    "elements": "".join(f"- {name}: asked {word}, shown {word}, same\n" for name, word in zip(
        ("count", "colour", "shape", "motion", "background", "beside") * 3,
        (*world.COUNTS, *world.COLOURS, *world.SHAPES, *world.MOTIONS), strict=True)),
    "a table": "| frame | sharp | moves |\n|---|---|---|\n" + "".join(f"| {n} | yes | yes |\n" for n in range(1, 40)),
    "the same under sixteen frames": "no fault\n" * 16,
    "a place a second": "It goes: " + ", ".join(["middle centre"] * 24) + ".",
    "a rule": "-" * 100 + "\n",
    "said twice": PARAGRAPH * 2,
    "three dimensions with one sentence": "".join(f"{d}: nothing is wrong with it in any frame of the clip.\n"
                                                  for d in ("Visual", "Text", "Physical")),
}
LOOPS = {"a word": "Nothing " * 400,
         "a word after sense": PROSE + "Nothing " * 300, "a sentence": "It is clear. " * 200,
         "a paragraph": PARAGRAPH * 12, "two sentences": "The ball rolls. The grass is still. " * 100,
         "lines": "- shape: asked other, shown other, unknown\n- motion: asked other, shown other, unknown\n" * 60,
         "Chinese": "画面清晰。" * 160, "a mark": "<|video_pad|>" * 900}


def babble(count: int, seed: int = 1) -> str:
    """Words of a model that is lost: a few phrases in no order, which never quite repeat."""
    phrases, said = ("shown other,", "unknown.", "other,", "- motion: asked other,", "Nothing shows", "visual one"), []
    for _ in range(count):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        said.append(phrases[seed // 65536 % len(phrases)])
    return " ".join(said)


def loop(tiny, text, **options):  # noqa: F811
    return scripted(tiny, f"<think>\n{text}", end=False, options=Options(budget=8192, **options))


@pytest.mark.parametrize("name", LISTS)
def test_what_is_only_alike_is_left_as_it_is_token_for_token(tiny, name):  # noqa: F811
    text = reply(LISTS[name].strip(), (3, 5, 2))
    _, _, (made,) = scripted(tiny, text, options=Options(budget=8192))
    assert made.text == text and list(made.ids) == tiny[1].tokenizer(text)["input_ids"]
    assert not made.looped and not made.truncated and not made.notes


@pytest.mark.parametrize("text", [*LOOPS.values(), PROSE + babble(500)], ids=[*LOOPS, "babble"])
def test_a_reply_that_goes_round_in_circles_is_ended_and_asked(tiny, text):  # noqa: F811
    model, pieces, (made,) = loop(tiny, text)
    assert made.looped and made.truncated and made.answer.complete and made.text.endswith(REASONED.write((4, 4, 4)))
    assert "repeated itself" in made.notes[0] and "asked for" in made.notes[0] and len(made.notes) == 1
    whole = len(tiny[1].tokenizer(text)["input_ids"])
    assert len(made.ids) < min(whole, 3000) and ("<|" in text or made.text.startswith("<think>\n" + text[:40]))
    assert "".join(piece.text for piece in pieces) == made.answer.rationale
    assert len(model.calls) < whole


def test_babble_that_never_repeats_exactly_is_no_period_but_says_nothing_new():
    said = babble(400)
    assert not repetition.period(said) and repetition.stale(said) and not repetition.stale(PROSE * 2)


def test_an_explanation_in_circles_after_the_scores_is_ended_and_they_stand(tiny):  # noqa: F811
    text = "visual quality: 2; \ntext-to-video alignment: 1, \nphysical/common-sense consistency: 5\n"
    _, _, (made,) = scripted(tiny, text + "It is so. " * 300, options=Options(budget=8192))
    assert [made.answer.values[key] for key in KEYS] == [2, 1, 5] and made.looped and not made.truncated
    assert made.notes == ("The judge repeated itself over and over; its words were ended there.",)


def test_one_row_of_several_in_circles_ends_alone(tiny):  # noqa: F811
    texts = [reply(PROSE.strip(), (1, 2, 3)), "<think>\n" + "Nothing " * 600]
    _, _, (sound, lost) = scripted(tiny, *texts, options=Options(samples=2, temperature=0.05, budget=4096))
    assert sound.text == texts[0] and not sound.looped
    assert lost.looped and lost.answer.complete and len(lost.ids) < 1000


def test_looking_for_it_costs_next_to_nothing():
    """At most a hundredth of what a token costs anywhere: below 50 microseconds a token, also on a busy machine."""
    for ids, text in ((list(range(1024)), PROSE * 4), ([1, 2] * 512 + [3], "a b " * 2000),
                      ([1, 2, 2] * 2700 + [9, 1], PARAGRAPH * 40)):
        spent = min(timeit.repeat(lambda: repetition.circles(ids, text), number=20, repeat=5)) / 20  # noqa: B023
        assert spent / repetition.EVERY < 50e-6
