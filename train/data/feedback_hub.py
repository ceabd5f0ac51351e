"""Fetches VideoFeedback2 from the Hugging Face Hub: resumed where it broke off, checked, unpacked without trust.

Everything goes into one folder: the JSON file of the split, and videos/ from the archives. An archive is removed once
it is unpacked; a note in .fetched/ keeps its checksum and what came out of it, so that a later call has nothing to do.
"""
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from filelock import FileLock

from vs2.errors import BadInput, Failure, Problem
from vs2.model.hub import SPARE, TRANSPORTS
from vs2.video import Limits

PUBLISHED = "TIGER-Lab/VideoFeedback2"
FOLDER = "runs/VideoFeedback2"
ARCHIVE = re.compile(r"videos_27k_[0-9]+\.zip")
NOTES, WHOLE = ".fetched", "{rows}.whole.json"
LARGEST = Limits().max_bytes        # of one video: what vs2.video would refuse anyway
BLOCK = 2**20


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
        problem = _problem(repo, error)
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
    _download(repo, listed[rows], folder)
    for name in archives:
        if not _unpacked(folder, name, wanted(listed[name])):
            path = _download(repo, listed[name], folder)
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


def _download(repo: str, file, folder: Path) -> Path:
    """The file in the folder, whole and with the Hub's checksum.

    The Hub's own download throws away what it has when its process ends, so the part is kept here.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    path, part = folder / file.path, folder / f"{file.path}.part"
    if path.exists() and path.stat().st_size == file.size and checksum(path, file) == wanted(file):
        return path
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    free = shutil.disk_usage(folder).free
    if file.size - have + SPARE > free:
        raise Failure(f"{file.path} needs {(file.size - have) / 1e9:.1f} GB more on the disk of {folder} and "
                      f"{free / 1e9:.1f} GB are free: make room, or fetch into another folder.")
    if have < file.size:
        asked = hf_hub_url(repo, file.path, repo_type="dataset")
        address = get_hf_file_metadata(asked).location      # on another host, perhaps, which gets no token
        ours = urlsplit(address).netloc == urlsplit(asked).netloc
        with part.open("ab") as out:
            http_get(address, out, resume_size=have, headers=build_hf_headers(token=None if ours else False),
                     expected_size=file.size, displayed_filename=file.path)
    if checksum(part, file) != wanted(file):
        part.unlink()
        raise Failure(f"{file.path} came with a wrong checksum and was removed: run the command again to fetch it.")
    part.replace(path)
    return path


def wanted(file) -> str:
    """The checksum that the Hub lists: sha256 of a large file (LFS), git's sha1 of a small one."""
    return file.lfs.sha256 if file.lfs else file.blob_id


def checksum(path: Path, file) -> str:
    """The checksum of a local file, of the kind that the Hub lists for `file`."""
    digest = hashlib.sha256() if file.lfs else hashlib.sha1(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def unpack(archive: Path, into: Path) -> list[str]:
    """Unpacks the videos of a zip below `into`; the refused members, each with the reason.

    A video is written under another name first and renamed when it is whole and its checksum is right; one that is
    there in full is left alone, so an extraction that was stopped goes on. Members that point out of the folder, are
    links, are encrypted or are larger than a video may be are refused. Raises Failure on a damaged archive.
    """
    from huggingface_hub.utils import tqdm

    refused = []
    try:
        with zipfile.ZipFile(archive) as source:
            members = [member for member in source.infolist() if not member.is_dir()]
            for member in tqdm(members, desc=archive.name, unit="video", disable=None):
                name, reason = _place(member)
                if reason:
                    refused.append(f"{member.filename!r}: {reason}")
                    continue
                target = into / name
                if target.exists() and target.stat().st_size == member.file_size:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.parent.resolve().is_relative_to(into.resolve()):
                    refused.append(f"{member.filename!r}: a link in {into} leads it out of the folder")
                    continue
                part = target.with_name(f"{target.name}.part")
                with source.open(member) as packed, part.open("wb") as out:
                    left = member.file_size
                    while block := packed.read(min(BLOCK, left + 1)):
                        left -= len(block)
                        if left < 0:
                            raise zipfile.BadZipFile(f"{member.filename!r} is larger than it says")
                        out.write(block)
                part.replace(target)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Failure(f"{archive} is a damaged archive ({error}): remove it and run the command again.") from error
    if refused:
        print(f"{archive.name}: {len(refused)} members refused: {'; '.join(refused[:5])}", file=sys.stderr)
    return refused


def _place(member: zipfile.ZipInfo) -> tuple[PurePosixPath, str]:
    """Where below videos/ a member goes, and why it may not go anywhere ("" if it may)."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    kind = stat.S_IFMT(member.external_attr >> 16)
    if name.is_absolute() or ".." in name.parts or ":" in member.filename or not member.filename.isprintable():
        return name, "its path leads out of the folder or is no plain path"
    if kind and kind != stat.S_IFREG:
        return name, "it is a link or a device"
    if member.flag_bits & 1:
        return name, "it is encrypted"
    if member.file_size > LARGEST:
        return name, f"it has {member.file_size} bytes, more than {LARGEST}"
    if name.suffix.lower() not in (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif") or name.name.startswith("."):
        return name, "it is no video"
    return (PurePosixPath(*name.parts[1:]) if name.parts[0] == "videos" else name), ""


def _note(folder: Path, file, archive: Path, refused: list[str]) -> None:
    """Keeps what came out of an archive."""
    with zipfile.ZipFile(archive) as source:
        placed = [(member, *_place(member)) for member in source.infolist() if not member.is_dir()]
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


def _problem(repo: str, error: Exception) -> Exception:
    """One sentence for what the Hub, the network or the disk did; anything else stays what it is."""
    from huggingface_hub import errors

    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError | errors.EntryNotFoundError):
        return BadInput(f"There is no dataset {repo} on the Hugging Face Hub, or it is private or gated: check the "
                        "name, or log in with `hf auth login`.")
    chain, cause = [], error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT) for cause in chain):
        return Failure(f"The disk is full, so {repo} could not be fetched whole: make room and run the command again.")
    if any(isinstance(cause, PermissionError) for cause in chain):
        return Failure(f"{repo} could not be stored: the folder cannot be written. Fetch into another one.")
    if any(type(cause).__module__.split(".")[0] in TRANSPORTS or isinstance(cause, errors.HfHubHTTPError | OSError)
           for cause in chain):
        return Failure(f"The Hugging Face Hub cannot be reached or the download of {repo} broke off: run the command "
                       "again, it goes on where it stopped; a folder that is whole needs no Hub.")
    return error
