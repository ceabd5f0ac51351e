"""The suites by name, and a suite's files -> its clips: from a folder, or fetched from the Hugging Face Hub."""
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from vs2.bench.people import (
    aigve,
    fetv,
    genai_bench,
    hub,
    mj_bench_video,
    t2vqa,
    table,
    videogen_rewardbench,
    videophy2,
    videoscore_bench_v2,
)
from vs2.bench.people.files import Folder
from vs2.bench.people.suite import Clip, Suite
from vs2.errors import BadInput

LOADERS: dict[str, ModuleType] = {one.NAME: one for one in (
    videoscore_bench_v2, videogen_rewardbench, genai_bench, mj_bench_video, videophy2, t2vqa, aigve, fetv, table)}
NAMES = tuple(LOADERS)


def opened(name: str, data: Path | None = None, say: Callable[[str], None] = lambda text: None) -> Suite:
    """The suite `name`: of the folder `data` (for `table` a file), else fetched. Raises BadInput, Failure.

    Clips that are not in the folder have a `problem`; of a suite without `data`, those that the Hub has are fetched.
    """
    loader = LOADERS[name]
    if name == table.NAME:
        if data is None or not Path(data).is_file():
            raise BadInput("The suite table needs a table with people's scores or preferences: name it with --data.")
        return _filled(table.load_file(Path(data)))
    if data is not None:
        return _filled(loader.load(Folder(data, loader.SOURCE)))
    if not loader.REPO:
        raise BadInput(f"The suite {name} is not on the Hugging Face Hub: name its folder with --data; it comes from "
                       f"{loader.SOURCE}.")
    say(f"Fetching {name} from {loader.REPO}")
    folder = hub.fetch(loader.REPO, loader.PATTERNS, hub.home(name), loader.ARCHIVES)
    suite = loader.load(Folder(folder, loader.SOURCE))
    return _filled(hub.with_clips(suite, folder, say))


def _filled(suite: Suite) -> Suite:
    if not suite.clips:
        why = "; ".join(f"{count}: {reason}" for reason, count in suite.left_out.items())
        raise BadInput(f"Nothing of the suite {suite.name} can be used ({why or 'it has no rows'}).")
    missing = sum(clip.path is None for clip in suite.clips.values())
    if missing:
        suite.left_out["the clip is not in the folder"] += missing
    return suite


def first(suite: Suite, limit: int | None) -> Suite:
    """The first `limit` clips that are there, and the pairs of which both are among them. None: all of it."""
    if limit is None:
        return suite
    kept: dict[str, Clip] = {}
    order = [key for pair in suite.pairs for key in (pair.first, pair.second)] or list(suite.clips)
    for key in dict.fromkeys([*order, *suite.clips]):
        if len(kept) < limit and suite.clips[key].path is not None:
            kept[key] = suite.clips[key]
    pairs = [pair for pair in suite.pairs if pair.first in kept and pair.second in kept]
    return Suite(suite.name, kept, pairs, suite.left_out)
