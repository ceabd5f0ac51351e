"""Penalty, temperature and nucleus are those of transformers' processors, to the last bit."""
from types import SimpleNamespace

import pytest
import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from vs2.model import chance
from vs2.options import Options


@pytest.mark.parametrize("penalty", [None, 1.0, 1.05, 1.3])
@pytest.mark.parametrize("options", [Options(), Options(samples=3), Options(samples=3, temperature=0.3, top_p=0.8),
                                     Options(samples=2, top_p=1.0)], ids=str)
def test_the_same_logits(penalty, options):
    theirs = LogitsProcessorList()
    if penalty not in (None, 1.0):
        theirs.append(RepetitionPenaltyLogitsProcessor(penalty))
    if options.samples > 1:
        theirs.append(TemperatureLogitsWarper(float(options.temperature)))
        if options.top_p < 1:
            theirs.append(TopPLogitsWarper(float(options.top_p)))
    ours = chance.changes(SimpleNamespace(repetition_penalty=penalty), options)
    dice = torch.Generator().manual_seed(0)
    for _ in range(20):
        seen, scores = torch.randint(0, 50, (3, 30), generator=dice), torch.randn(3, 50, generator=dice) * 4
        kept = scores.clone()
        assert torch.equal(ours(seen, scores), theirs(seen, scores)) and torch.equal(scores, kept)
