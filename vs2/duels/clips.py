"""Clips by several generators that nobody vouches for: a folder's files, a zip, or a table -> prompts and generators.

    with gathered([(path, "one/a red ball-0.mp4"), ...]) as found:
        found.clips, found.left_out
"""
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from vs2 import video
from vs2.batch import archive, table
from vs2.duels.pairs import Clip, pairs
from vs2.errors import BadInput
from vs2.rubric import MAX_PROMPT_CHARACTERS
from vs2.video import check_file, display_name
from vs2.video.kind import SUFFIXES

# What the names say. FOLDERS: a folder a generator, a file a prompt, as VBench has it; a file outside of folders, and
# every file in MARKED, is "generator__prompt". PROMPTS: a folder a prompt, a file a generator.
FOLDERS, PROMPTS, MARKED = LAYOUTS = ("folders", "prompts", "marked")
MARK = "__"
MOST_GENERATORS, MOST_NAME = 40, 100
_NUMBER = re.compile(r"-\d{1,4}$")      # which of several clips of a prompt it is: "a red ball-0.mp4"


@dataclass(frozen=True)
class Limits:
    """What one duel may hold: clips, their bytes all together, a clip, and a zip or a table as they come."""

    clips: int = 400
    bytes: int = 2**30
    clip: video.Limits = field(default_factory=video.Limits)
    tables: table.Limits = field(default_factory=lambda: table.Limits(
        table_bytes=4 * 2**20, rows=400, columns=200, zip=archive.Limits(members=2000, unpacked=2**30)))


@dataclass(frozen=True)
class Given:
    """A clip as it was given. name: what it is called, a path below nothing. fps: of pictures, else None."""

    prompt: str
    generator: str
    name: str
    path: Path
    fps: float | None = None


@dataclass(frozen=True)
class Found:
    """What a duel can be made of. left_out: a sentence for each clip that cannot take part."""

    clips: tuple[Given, ...]
    left_out: tuple[str, ...] = ()

    @property
    def generators(self) -> list[str]:
        """Their names, in the order of the alphabet."""
        return sorted({clip.generator for clip in self.clips})

    @property
    def prompts(self) -> list[str]:
        """Each once, in the order given."""
        return list(dict.fromkeys(clip.prompt for clip in self.clips))

    @property
    def pairs(self) -> int:
        """How many there are to ask about."""
        return len(pairs(Clip(key, one.prompt, one.generator, one.name) for key, one in enumerate(self.clips)))


@contextmanager
def gathered(files: Sequence[tuple[str | Path, str]], layout: str = FOLDERS, limits: Limits = Limits(),
             within: str | Path | None = None) -> Iterator[Found]:
    """What the files, (path, name) each, hold. Clips of a zip lie in a folder in `within`, which goes with the context.

    A table among them, in a zip or not, says it all by its columns video, prompt and generator; else the names do.
    Raises BadInput where there is nothing to vote on, Failure where a zip cannot be unpacked.
    """
    if not files:
        raise BadInput("There is no clip: add clips by two or more generators.")
    if layout not in LAYOUTS:
        raise BadInput(f"The names cannot be read as {layout!r:.40}: choose {', '.join(LAYOUTS)}.")
    with tempfile.TemporaryDirectory(prefix="vs2-duel-", dir=within, ignore_cleanup_errors=True) as folder:
        zips = [(path, name) for path, name in files if name.lower().endswith(".zip")]
        if zips and len(files) > 1:
            raise BadInput("A zip comes alone: put the table and the clips into it, or add them without it.")
        found = _of_zip(Path(zips[0][0]), Path(folder), layout, limits) if zips else _of_files(files, layout, limits)
        yield checked(found, limits)


def checked(found: Found, limits: Limits = Limits()) -> Found:
    """The same, where it can be voted on. Raises BadInput where not."""
    why = f" {found.left_out[0]}" if found.left_out else ""
    if not found.clips:
        raise BadInput(f"None of the clips can take part.{why}")
    if len(found.clips) > limits.clips:
        raise BadInput(f"There are {len(found.clips)} clips: a duel takes at most {limits.clips}.")
    if len(found.clips) == 1:
        raise BadInput(f"There is one clip that can take part: add clips by two or more generators.{why}")
    if len(found.generators) == 1:
        raise BadInput(f"All clips are by one generator, {display_name(found.generators[0])}: add another one's clips "
                       f"of the same prompts, or say otherwise what the names tell.{why}")
    if len(found.generators) > MOST_GENERATORS:
        raise BadInput(f"The clips are by {len(found.generators)} generators: a duel takes at most {MOST_GENERATORS}.")
    if not found.pairs:
        raise BadInput("No prompt has clips by two generators: name the clips of one prompt alike, or say otherwise "
                       f"what the names tell.{why}")
    size = sum(path.stat().st_size for path in {clip.path for clip in found.clips} if path.is_file())
    if size > limits.bytes:
        raise BadInput(f"The clips have {size / 2**20:.0f} MB together, more than {limits.bytes // 2**20} MB: make two "
                       "duels of them, or shorten the clips.")
    return found


def told(name: str, layout: str = FOLDERS) -> tuple[str, str]:
    """(prompt, generator) by a clip's name. Raises BadInput where it does not tell both."""
    path = PurePosixPath(name.replace("\\", "/"))
    folder, stem = path.parent.name, path.stem
    if layout == PROMPTS:
        prompt, generator = folder, stem
    elif folder and layout == FOLDERS:
        prompt, generator = stem, folder
    else:
        generator, mark, prompt = stem.partition(MARK)
        if not mark:
            raise BadInput(f"{display_name(path.name)} does not tell its generator: put the clips into a folder a "
                           f"generator, or name them generator{MARK}prompt.mp4.")
    prompt = _NUMBER.sub("", prompt)
    if layout == PROMPTS:
        generator = _NUMBER.sub("", generator)
    return _prompt(prompt if " " in prompt.strip() else prompt.replace("_", " "), name), _generator(generator, name)


def _of_zip(path: Path, folder: Path, layout: str, limits: Limits) -> Found:
    with archive.opened(path, limits.tables.zip) as packed:
        names = packed.names()
        if table.tables(names):
            name = packed.table(table.tables, table.NAMED)
            rows = table.parse(packed.read(name, limits.tables.table_bytes), name, limits.tables)
            return _of_rows(rows, lambda clip: packed.clip(name, clip, folder, limits.clip.max_bytes), limits)
        clips = [name for name in names if name.lower().endswith(SUFFIXES)]
        if len(clips) > limits.clips:
            raise BadInput(f"There are {len(clips)} clips: a duel takes at most {limits.clips}.")
        return _of_names([(name, partial(packed.clip, "", name, folder, limits.clip.max_bytes)) for name in clips],
                         layout, limits)


def _of_files(files: Sequence[tuple[str | Path, str]], layout: str, limits: Limits) -> Found:
    tables = set(table.tables(name for _, name in files))
    if len(tables) > 1:
        raise BadInput(f"There are {len(tables)} tables among the files: add exactly one, or none.")
    if tables:
        path, name = next(one for one in files if one[1] in tables)
        with Path(path).open("rb") as file:
            data = file.read(limits.tables.table_bytes + 1)
        if len(data) > limits.tables.table_bytes:
            raise BadInput(f"The table {display_name(name)} is larger than {limits.tables.table_bytes // 2**20} MB: "
                           "split it.")
        rows = table.parse(data, name, limits.tables)
        return _of_rows(rows, _among([one for one in files if one[1] not in tables]), limits)
    return _of_names([(name, partial(Path, path)) for path, name in files], layout, limits)


def _among(files: Sequence[tuple[str | Path, str]]) -> Callable[[str], str | Path]:
    """Finds a clip among files by its whole name, else by the last part of it where that is the only one."""
    def find(written: str) -> str | Path:
        wanted = PurePosixPath(written.replace("\\", "/"))
        same = [path for path, name in files if PurePosixPath(name.replace("\\", "/")) == wanted]
        same = same or [path for path, name in files if PurePosixPath(name.replace("\\", "/")).name == wanted.name]
        if not same:
            raise BadInput(f"{display_name(written)} was not added: add it beside the table.")
        if len(same) > 1:
            raise BadInput(f"{display_name(written)} was added {len(same)} times: give its folder in the table, too.")
        return same[0]

    return find


def _of_rows(rows: list[tuple[dict, str]], find: Callable[[str], str | Path], limits: Limits) -> Found:
    """The clips of a table. Raises BadInput where it has no column of generators."""
    named = {name for columns, _ in rows for name in columns if name.strip().casefold() == "generator"}
    if not named:
        raise BadInput("The table has no column generator: name the one that says who made each clip so.")
    clips, left_out = [], []
    for row in table.check(rows, find, limits.clip):
        try:
            if row.problem:
                raise BadInput(row.problem)
            generator = next((row.other[name] for name in sorted(named) if row.other.get(name)), "")
            if not isinstance(generator, str):
                raise BadInput("Its generator is no text: write it in quotes.")
            assert row.path is not None, "a row without a problem has its clip"
            clips.append(Given(row.prompt.strip(), _generator(generator, row.video), row.video, row.path, row.fps))
        except BadInput as problem:
            left_out.append(f"Row {row.number}: {problem}")
    return Found(tuple(clips), tuple(left_out))


def _of_names(files: list[tuple[str, Callable[[], str | Path]]], layout: str, limits: Limits) -> Found:
    clips, left_out = [], []
    for name, find in sorted(files, key=lambda one: one[0]):
        try:
            prompt, generator = told(name, layout)
            path, _, _ = check_file(find(), limits.clip)
            clips.append(Given(prompt, generator, name, Path(path)))
        except BadInput as problem:
            left_out.append(f"{display_name(PurePosixPath(name).name)}: {problem}")
    return Found(tuple(clips), tuple(left_out))


def _prompt(said: str, name: str) -> str:
    prompt = " ".join(said.split())
    if not prompt:
        raise BadInput(f"{display_name(name)} does not tell its prompt: name it by it.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise BadInput(f"The prompt of {display_name(name)} has {len(prompt)} characters: shorten it to "
                       f"{MAX_PROMPT_CHARACTERS} or fewer.")
    return prompt


def _generator(said: str, name: str) -> str:
    # Control characters and marks of direction would make one name look like another.
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    if not shown:
        raise BadInput(f"{display_name(name)} does not tell its generator: write it into the column or the folder.")
    if len(shown) > MOST_NAME:
        raise BadInput(f"The generator of {display_name(name)} has a name of {len(shown)} characters: shorten it to "
                       f"{MOST_NAME} or fewer.")
    return shown
