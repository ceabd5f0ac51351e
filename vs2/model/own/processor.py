"""A checkpoint's tokenizer, chat template and colours, read by the `tokenizers` library and jinja2 alone.

`read` gives None for a folder that says more than is done here, and transformers' classes then read it. What is read
here makes the same ids and the same text: the tests compare them.
"""
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

CLASSES = ("TokenizersBackend", "PreTrainedTokenizerFast")
ENDS = ("eos_token", "pad_token")
# What a tokenizer_config.json may say; each other name might change the ids or the text.
KNOWN = {"backend", "clean_up_tokenization_spaces", "extra_special_tokens", "is_local", "local_files_only",
         "model_max_length", "processor_class", "tokenizer_class", *ENDS}
SAFE = (3, 1, 6)        # of jinja2: templates are not trusted, and older versions let them out of the sandbox


@dataclass(frozen=True)
class Colours:
    """How pixels are normalised, as transformers' video processors name it: channel by channel."""

    rescale_factor: float
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]


class Tokenizer:
    """The calls of transformers' tokenizers that are made here."""

    def __init__(self, backend: Any, special: list[str], ends: dict[str, str], chat_template: str):
        self._backend, self.chat_template, self._ends = backend, chat_template, ends
        self.eos_token, self.pad_token = ends["eos_token"], ends["pad_token"]
        self.eos_token_id, self.pad_token_id = (backend.token_to_id(ends[name]) for name in ENDS)
        self.all_special_ids = [backend.token_to_id(token) for token in special]

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": self._backend.encode(text, add_special_tokens=add_special_tokens).ids}

    def __len__(self) -> int:
        return self._backend.get_vocab_size(with_added_tokens=True)

    def decode(self, ids: list[int], skip_special_tokens: bool = False,
               clean_up_tokenization_spaces: bool | None = None) -> str:
        """The text of tokens; nothing is cleaned up in it."""
        return self._backend.decode([int(token) for token in ids], skip_special_tokens=skip_special_tokens)

    def get_added_vocab(self) -> dict[str, int]:
        """The tokens that are in the text as such, and their ids."""
        return {token.content: number for number, token in sorted(self._backend.get_added_tokens_decoder().items())}

    def apply_chat_template(self, conversation: list[dict], chat_template: str | None = None, tokenize: bool = False,
                            add_generation_prompt: bool = False) -> str:
        """The text of a conversation."""
        assert not tokenize, "the text alone is made here"
        template = _template(chat_template or self.chat_template)
        return template.render(messages=conversation, tools=None, documents=None,
                               add_generation_prompt=add_generation_prompt, **self._ends)


@dataclass(frozen=True)
class Processor:
    """The attributes of transformers' Qwen2.5-VL processor that are asked for here."""

    tokenizer: Tokenizer
    chat_template: str
    video_processor: Colours


def read(folder: Path) -> Processor | None:
    """The processor of a checkpoint's folder; None where transformers' has to read it."""
    try:
        return _read(Path(folder))
    except Exception:       # a broken file too: transformers' way has the words for it
        return None


def _read(folder: Path) -> Processor | None:
    import tokenizers

    said, whole = _json(folder / "tokenizer_config.json"), _json(folder / "processor_config.json")
    others = ("additional_chat_templates", "chat_template.json", "special_tokens_map.json", "added_tokens.json")
    if any((folder / name).exists() for name in others) or not set(said) <= KNOWN:
        return None
    if said["tokenizer_class"] not in CLASSES or said.get("clean_up_tokenization_spaces") or \
            whole["processor_class"] != "Qwen2_5_VLProcessor":
        return None
    seen = whole["video_processor"]
    if seen["video_processor_type"] != "Qwen2VLVideoProcessor":
        return None
    colours = Colours(float(seen["rescale_factor"]), *(tuple(map(float, seen[name]))
                                                       for name in ("image_mean", "image_std")))
    backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ends = {name: said[name] for name in ENDS}
    special = list(dict.fromkeys([*ends.values(), *said.get("extra_special_tokens", ())]))
    added = {token.content: token.special for token in backend.get_added_tokens_decoder().values()}
    if backend.truncation or backend.padding or not all(added.get(token) for token in special):
        return None
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    tokenizer = Tokenizer(backend, special, ends, template)
    tokenizer.apply_chat_template([{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "a"}]}],
                                  add_generation_prompt=True)
    return Processor(tokenizer, template, colours)


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _template(text: str) -> Any:
    """A chat template, compiled in a sandbox with none of the names that transformers has for templates: one that
    uses them raises."""
    import jinja2
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if tuple(map(int, jinja2.__version__.split(".")[:3])) < SAFE:
        raise ImportError("templates are run by jinja2 3.1.6 or newer")
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols],
                                         undefined=jinja2.StrictUndefined)
    made.globals.clear()
    return made.from_string(text)
