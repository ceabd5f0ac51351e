"""The keys and values of the tokens so far, with the few calls of transformers' cache that `vs2.model.memory` makes."""
import torch

LEAST = 128         # tokens for which there is room beyond those that came


class Layer:
    """Of one layer. It grows into room that is there already, so that a token does not copy all before it."""

    def __init__(self) -> None:
        self._room: list[torch.Tensor | None] = [None, None]       # keys and values [B, groups, room, width]
        self._lengths = [0, 0]

    @property
    def length(self) -> int:
        """How many tokens it has."""
        return self._lengths[0]

    def add(self, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Those of new tokens, [B, groups, n, width]; all of them, the new ones last."""
        end = self.length + keys.shape[2]
        found = []
        for place, new in enumerate((keys, values)):
            room = self._room[place]
            if room is None or end > room.shape[2]:
                wider = new.new_empty(*new.shape[:2], end + max(LEAST, end // 4), new.shape[3])
                if room is not None:
                    wider[:, :, :self.length] = room[:, :, :self.length]
                self._room[place] = room = wider
            room[:, :, self.length:end] = new
            found.append(room[:, :, :end])
        self._lengths = [end, end]
        return found[0], found[1]

    def cut(self, length: int) -> None:
        """Forgets all but the first so many tokens; their room stays."""
        self._lengths = [length, length]

    @property
    def keys(self) -> torch.Tensor | None:
        """Of all tokens so far, [B, groups, length, width]."""
        return self._of(0)

    @keys.setter
    def keys(self, keys: torch.Tensor | None) -> None:
        self._put(0, keys)

    @property
    def values(self) -> torch.Tensor | None:
        """As `keys`."""
        return self._of(1)

    @values.setter
    def values(self, values: torch.Tensor | None) -> None:
        self._put(1, values)

    def _of(self, place: int) -> torch.Tensor | None:
        room = self._room[place]
        return None if room is None else room[:, :, :self._lengths[place]]

    def _put(self, place: int, tensor: torch.Tensor | None) -> None:
        self._room[place] = tensor
        self._lengths[place] = 0 if tensor is None else tensor.shape[2]     # the other one follows


class Cache:
    """Of all layers."""

    def __init__(self, layers: int):
        self.layers = [Layer() for _ in range(layers)]

    def get_seq_length(self) -> int:
        """How many tokens it has."""
        return self.layers[0].length

    def cut(self, length: int) -> None:
        """Forgets all but the first so many tokens."""
        for layer in self.layers:
            layer.cut(length)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Each row so many times."""
        for layer in self.layers:
            assert layer.keys is not None and layer.values is not None, "nothing was read"
            layer.keys, layer.values = (one.repeat_interleave(repeats, 0) for one in (layer.keys, layer.values))

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """The rows with these numbers alone."""
        for layer in self.layers:
            assert layer.keys is not None and layer.values is not None, "nothing was read"
            layer.keys, layer.values = (one[indices] for one in (layer.keys, layer.values))
