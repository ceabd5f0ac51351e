"""A checkpoint's card is read whole or refused in one sentence: it may come from anyone."""
import json

import pytest

from vs2.errors import BadInput
from vs2.model.card import NAME, Card
from vs2.rubric import PUBLISHED_QUERY


def write(folder, record) -> Card:
    (folder / NAME).write_text(record if isinstance(record, str) else json.dumps(record), encoding="utf-8")
    return Card.read(folder)


def test_without_a_card_it_is_the_published_system(tmp_path):
    card = Card.read(tmp_path)
    assert card.longest_prompt is None, "nobody measured it"
    assert card.query == PUBLISHED_QUERY and card.sampling.fps == 2.0 and card.sampling.max_frames == 768


def test_a_card_is_read(tmp_path):
    card = write(tmp_path, {"query": "Q $t2v_prompt", "fps": 4, "min_frames": 8, "max_frames": 8,
                            "pixels": [12544, 13171],
                            "knows": "scenes", "metrics": {"clips": 5}, "longest_prompt": 40})
    assert card.longest_prompt == 40 and Card.of(card.record()) == card
    assert (card.sampling.fps, card.sampling.max_frames, card.sampling.min_pixels) == (4.0, 8, 12544)
    assert card.query == "Q $t2v_prompt" and card.knows == "scenes" and card.metrics == {"clips": 5}


@pytest.mark.parametrize("record", [
    "not json", "[1]", {"fps": 0}, {"fps": "NaN"}, '{"fps": NaN}', '{"max_frames": Infinity}', {"max_frames": 1},
    {"min_frames": 9, "max_frames": 8}, {"pixels": [1e12, 1e12]}, {"pixels": [13000, 12000]}, {"pixels": 5},
    {"query": "no place for the prompt"}, {"query": ["$t2v_prompt"]}, {"knows": 5}, {"metrics": []},
    {"longest_prompt": 0}, {"longest_prompt": 2.5}, {"longest_prompt": "40"}, {"longest_prompt": True}])
def test_a_card_that_cannot_be_is_refused(tmp_path, record):
    with pytest.raises(BadInput, match="is not a checkpoint card"):
        write(tmp_path, record)
