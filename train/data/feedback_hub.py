"""Fetches VideoFeedback2 from the Hugging Face Hub: resumed where it broke off, checked, unpacked without trust.

Everything goes into one folder: the JSON file of the split, and videos/ from the archives. An archive is removed once
it is unpacked; a note in .fetched/ keeps its checksum and what came out of it, so that a later call has nothing to do.
"""
import json
import os
import re
import sys
import zipfile
from pathlib import Path

from filelock import FileLock

from vs2.errors import BadInput, Failure, Problem
from vs2.model.hub_files import download, place, problem_of, unpack, wanted

PUBLISHED = "TIGER-Lab/VideoFeedback2"
FOLDER = "runs/VideoFeedback2"
ARCHIVE = re.compile(r"videos_27k_[0-9]+\.zip")
NOTES, WHOLE = ".fetched", "{rows}.whole.json"


def fetch(repo: str, rows: str, folder: Path) -> Path:
    """The folder, with the JSON file `rows` and all videos of the dataset `repo` in it.

    What is there is kept, after its checksum was compared with the Hub's; a broken download and a broken extraction go
    on where they stopped, in another process too. A file that comes with another checksum is removed. The archives are
    fetched whole: which of them holds which video is not published. A folder that is whole needs no Hub. Raises
    BadInput, Failure.
    """
    folder = Path(folder)
    try:
        (folder / NOTES).mkdir(parents=True, exist_ok=True)
        with FileLock(folder / NOTES / "lock"):         # the first process of each machine comes here
            return _fetched(repo, rows, folder)
    except Problem:
        raise
    except Exception as error:      # the Hub's client has many: HTTP status, transport, cut connections, disk
        problem = problem_of(repo, error)
        if isinstance(problem, Failure) and _whole(repo, rows, folder):
            print(f"The Hugging Face Hub does not answer: {repo} is taken from {folder}, where all of it is.",
                  file=sys.stderr)
            return folder
        raise problem from error


def _fetched(repo: str, rows: str, folder: Path) -> Path:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    listed = {file.path: file for file in HfApi().list_repo_tree(repo, repo_type="dataset")
              if isinstance(file, RepoFile)}
    archives = sorted((name for name in listed if ARCHIVE.fullmatch(name)),
                      key=lambda name: int(re.findall(r"[0-9]+", name)[-1]))
    if rows not in listed or not archives:
        raise BadInput(f"The dataset {repo} holds no {rows if rows not in listed else 'videos_27k_*.zip'}: "
                       "is it VideoFeedback2?")
    download(repo, listed[rows], folder)
    for name in archives:
        if not _unpacked(folder, name, wanted(listed[name])):
            path = download(repo, listed[name], folder)
            refused = unpack(path, folder / "videos")
            _note(folder, listed[name], path, refused)
            path.unlink()
    _write(folder / NOTES / WHOLE.format(rows=rows), {
        "repo": repo, "size": listed[rows].size, "archives": {name: wanted(listed[name]) for name in archives}})
    return folder


def _whole(repo: str, rows: str, folder: Path) -> bool:
    """Whether all that an earlier call fetched for these rows is still there, by its notes."""
    note = _read(folder / NOTES / WHOLE.format(rows=rows))
    try:
        return note["repo"] == repo and os.path.getsize(folder / rows) == note["size"] and all(
            _unpacked(folder, name, checksum) for name, checksum in note["archives"].items())
    except (KeyError, TypeError, AttributeError, OSError):
        return False


def _note(folder: Path, file, archive: Path, refused: list[str]) -> None:
    """Keeps what came out of an archive."""
    with zipfile.ZipFile(archive) as source:
        placed = [(member, *place(member)) for member in source.infolist() if not member.is_dir()]
    record = {"checksum": wanted(file), "refused": refused,
              "videos": {str(name): member.file_size for member, name, reason in placed if not reason}}
    _write(folder / NOTES / f"{file.path}.json", record)


def _unpacked(folder: Path, archive: str, checksum: str) -> bool:
    """Whether all videos of the archive with this checksum are in the folder."""
    record = _read(folder / NOTES / f"{archive}.json")
    try:
        return record["checksum"] == checksum and all(
            os.path.getsize(folder / "videos" / name) == size for name, size in record["videos"].items())
    except (KeyError, TypeError, AttributeError, FileNotFoundError):
        return False        # a broken note, or a video was removed: the archive is unpacked again


def _write(path: Path, record: dict) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(record), encoding="utf-8")
    part.replace(path)


def _read(path: Path):
    """A note; None where there is none, or a broken one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
