"""Which clips a rollout samples, in which process: the same ones in the same order, however many processes there are.

A block is what one rollout samples: steps_per_generation micro-batches of `clips` clips in each process, used
num_iterations times. The data loader gives all of a process's clips with the block's first micro-batch and nothing with
the others, so that its workers prepare each clip once, ahead of time, while Trainer counts micro-batches as ever.
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset, Sampler

from train.data.parts import mixed


@dataclass(frozen=True)
class Asked:
    """One clip to sample replies for. place: its number in the block, in all processes together. scores: the true ones.
    given: the reply's opening words, which `inputs` (vs2.model.inputs.Inputs) end in.
    """

    place: int
    key: str
    prompt: str
    scores: tuple[int, int, int]
    given: str
    inputs: object


@dataclass
class Prompts(Dataset):
    """The rows of a data set (`row(i)` -> train.data.rows.Row) as prompts, asked for by (place, i)."""

    rows: object
    processor: object
    config: object
    card: object

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: tuple[int, int]) -> Asked:
        place, number = at
        row = self.rows.row(number)
        return Asked(place, row.key, row.prompt, row.scores, row.given,
                     row.inputs(self.processor, self.config, self.card, row.given))


def collate(asked: list[Asked]) -> dict:
    """A list is what the trainer wants; Trainer wants a dictionary."""
    return {"asked": asked}


@dataclass(frozen=True)
class Plan:
    """The numbers of a run. rows: in the data set. clips: of one micro-batch of one process. steps:
    steps_per_generation. uses: num_iterations. accumulated: gradient_accumulation_steps.
    """

    rows: int
    clips: int
    steps: int
    uses: int
    accumulated: int
    seed: int
    rank: int = 0
    processes: int = 1

    @property
    def size(self) -> int:
        """Clips of a block, in all processes."""
        return self.clips * self.steps * self.processes

    @property
    def blocks(self) -> int:
        """Blocks of an epoch, each a whole one: what is left over is left out, a data set too small is repeated."""
        whole = max(1, self.rows // self.size)
        if self.steps % self.accumulated:
            each = self.accumulated // self.steps
            whole = max(each, whole - whole % each)
        return whole

    def block(self, epoch: int, number: int) -> list[tuple[int, int]]:
        """(place, row) of this process's clips of a block, in the order of its micro-batches."""
        order = torch.tensor(mixed(self.rows, self.seed + epoch))
        mine = [step * self.clips * self.processes + self.rank * self.clips + clip
                for step in range(self.steps) for clip in range(self.clips)]
        return [(place, int(order[(number * self.size + place) % self.rows])) for place in mine]

    def at(self, update: int, micro: int = 0) -> tuple[int, int, int]:
        """(epoch, block of the epoch, block of the run) that a micro-batch of an update belongs to."""
        block = (update * self.accumulated + micro) // (self.steps * self.uses)
        return block // self.blocks, block % self.blocks, block


@dataclass
class Blocks(Sampler):
    """The batch sampler of an epoch: a block's clips, then as many empty batches as it has more micro-batches."""

    plan: Plan
    update: Callable[[], int]

    def __len__(self) -> int:
        return self.plan.blocks * self.plan.steps * self.plan.uses

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.plan.at(self.update())[0]
        for number in range(self.plan.blocks):
            yield self.plan.block(epoch, number)
            for _ in range(self.plan.steps * self.plan.uses - 1):
                yield []
