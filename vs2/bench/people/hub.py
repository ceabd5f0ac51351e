"""Fetches a suite from the Hugging Face Hub into a folder: resumed where it broke off, with checksums."""
import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from vs2.bench.people.suite import Suite
from vs2.errors import BadInput, Problem
from vs2.model.hub_files import download, problem_of, unpack

ADDRESS = re.compile(r"https://huggingface\.co/(?P<kind>datasets/)?(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)/resolve/"
                     r"(?P<revision>[\w.-]+)/(?P<file>[^?#]+)(?:\?[^#]*)?")


def home(name: str) -> Path:
    """Where the suite `name` is kept: below the Hub's own folder (HF_HOME)."""
    from huggingface_hub.constants import HF_HOME

    return Path(HF_HOME) / "vs2-bench" / name


def fetch(repo: str, patterns: Iterable[str], folder: Path, archives: Iterable[str] = ()) -> Path:
    """The folder, with the data set's files that fit one of `patterns`, and the videos of its `archives` (zip).

    What is there with the Hub's checksum is not fetched again; an archive goes once it is unpacked, and a note says so.
    Of the patterns, the first must fit a file. Raises BadInput and Failure.
    """
    folder = Path(folder)
    archives, patterns = list(archives), list(patterns)
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.hf_api import RepoFile

        folder.mkdir(parents=True, exist_ok=True)
        listed = {file.path: file for file in HfApi().list_repo_tree(repo, repo_type="dataset", recursive=True)
                  if isinstance(file, RepoFile)}
        if not fnmatch.filter(listed, patterns[0]):
            raise BadInput(f"The dataset {repo} on the Hugging Face Hub has no file {patterns[0]}: fetch the suite by "
                           "hand and name its folder with --data.")
        for name, file in listed.items():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                download(repo, file, folder)
            elif any(fnmatch.fnmatchcase(name, pattern) for pattern in archives):
                note = folder / f"{name}.unpacked"
                if not note.exists():
                    path = download(repo, file, folder)
                    unpack(path, folder / "videos")
                    note.touch()
                    path.unlink()
    except Problem:
        raise
    except Exception as error:      # the Hub's client has many: HTTP status, transport, cut connections, disk
        raise problem_of(repo, error) from error
    return folder


def with_clips(suite: Suite, folder: Path, say: Callable[[str], None] = lambda text: None) -> Suite:
    """The suite with those of its missing clips fetched whose address lies on the Hub. Raises Failure."""
    from huggingface_hub import hf_hub_download

    missing = [(key, found) for key, clip in suite.clips.items()
               if clip.path is None and (found := ADDRESS.fullmatch(clip.url))]
    for done, (key, found) in enumerate(missing, 1):
        say(f"Fetching clips of {suite.name}, {done} of {len(missing)}")
        repo = f"{found['owner']}/{found['name']}"
        try:        # compared with the Hub's etag, and taken from its cache where it is there
            path = hf_hub_download(repo, unquote(found["file"]), revision=found["revision"], cache_dir=folder / "clips",
                                   repo_type="dataset" if found["kind"] else "model")
        except Exception as error:
            raise problem_of(repo, error) from error
        suite.clips[key] = replace(suite.clips[key], path=Path(path), problem="")
    return suite
