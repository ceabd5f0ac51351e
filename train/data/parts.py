"""Parts of a data set of rows, and orders to take them in: mixed, held out, not too long, of one length together."""
from dataclasses import dataclass, field

import torch
from torch.utils.data import Dataset, Sampler

from train.data.files import IN_A_ROW, Bad
from vs2.errors import BadInput


@dataclass
class Part(Dataset):
    """The rows `numbers` of another data set, in that order."""

    whole: Dataset
    numbers: list[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, i: int):
        """The row itself (train.data.rows.Row)."""
        return self.whole.row(self.numbers[i])

    def lengths(self) -> list[int]:
        """Tokens of each row, as far as the whole knows them."""
        lengths = self.whole.lengths()
        return [lengths[number] for number in self.numbers]

    def __getitem__(self, i: int) -> dict:
        return self.whole[self.numbers[i]]


def mixed(count: int, seed: int) -> list[int]:
    """0 to count - 1 in an order that depends on the seed alone."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()


def hold_out(whole: Dataset, count: int, seed: int) -> tuple[Dataset, Dataset | None]:
    """The rows to train on, and `count` others drawn by the seed (None where count is 0), each in their order.

    Raises ValueError where nothing would be left to train on.
    """
    if not count:
        return whole, None
    if count >= len(whole):
        raise ValueError(f"{count} rows to hold out of {len(whole)}")
    order = mixed(len(whole), seed)
    return Part(whole, sorted(order[count:])), Part(whole, sorted(order[:count]))


@dataclass
class Fitting(Dataset):
    """The rows of a data set of video files (train.data.files.FileRows) that have at most `cutoff` tokens.

    How many a row has is known once its video was read. A longer one is never cut: the next that fits stands in, as
    for a video that cannot be read, and skipped.csv names it.
    """

    whole: Dataset
    cutoff: int
    _long: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.whole)

    def row(self, i: int):
        """The row itself, as long as it may be."""
        return self.whole.row(i)

    def lengths(self) -> list[int]:
        return self.whole.lengths()

    def __getitem__(self, i: int) -> dict:
        """Raises BadInput where IN_A_ROW rows one after another are too long."""
        tried = 0
        for step in range(len(self.whole)):
            at = (i + step) % len(self.whole)
            if at in self._long:
                continue
            found = self.whole[at]
            length = len(found["input_ids"])
            if length <= self.cutoff:
                return found
            self._long.add(at)
            self.whole.skipped.add(Bad(self.whole.row(at).key, "long", f"it has {length} tokens, above {self.cutoff}"))
            tried += 1
            if tried == IN_A_ROW:
                break
        raise BadInput(f"{tried} rows one after another have more than {self.cutoff} tokens: raise `data.cutoff`, or "
                       "lower `card.max_frames` or `card.pixels`.")


class ByLength(Sampler):
    """All rows in a mixed order in which those of about one length stand together, `batch` of them at a time.

    The order depends on the seed and on `epoch`, which a Trainer's callback sets, so that a resumed run goes on in it
    and all processes have the same one.
    """

    def __init__(self, lengths: list[int], batch: int, seed: int):
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self):
        from transformers.trainer_pt_utils import get_length_grouped_indices

        dice = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        return iter(get_length_grouped_indices(self.lengths, self.batch, generator=dice))
