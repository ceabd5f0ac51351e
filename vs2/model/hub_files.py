"""Files of a data set or a model on the Hugging Face Hub: fetched so that they resume, checked, unpacked without trust.
"""
import errno
import hashlib
import shutil
import stat
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from vs2.errors import BadInput, Failure
from vs2.model.hub import SPARE, TRANSPORTS
from vs2.video import Limits

LARGEST = Limits().max_bytes        # of one video: what vs2.video would refuse anyway
BLOCK = 2**20


def download(repo: str, file, folder: Path, kind: str = "dataset", revision: str | None = None) -> Path:
    """The file in the folder, whole and with the Hub's checksum. kind: of the repository.

    The Hub's own download throws away what it has when its process ends, so the part is kept here.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    path, part = folder / file.path, folder / f"{file.path}.part"
    if path.exists() and path.stat().st_size == file.size and checksum(path, file) == wanted(file):
        return path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"The {kind} {repo} names a file outside of its folder ({file.path!r:.80}): nothing of it is "
                       "fetched.")
    path.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    free = shutil.disk_usage(folder).free
    if file.size - have + SPARE > free:
        raise Failure(f"{file.path} needs {(file.size - have) / 1e9:.1f} GB more on the disk of {folder} and "
                      f"{free / 1e9:.1f} GB are free: make room, or fetch into another folder.")
    if have < file.size:
        asked = hf_hub_url(repo, file.path, repo_type=kind, revision=revision)
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
                name, reason = place(member)
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


def place(member: zipfile.ZipInfo) -> tuple[PurePosixPath, str]:
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


def problem_of(repo: str, error: Exception) -> Exception:
    """One sentence for what the Hub, the network or the disk did; anything else stays what it is."""
    from huggingface_hub import errors

    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError | errors.EntryNotFoundError):
        return BadInput(f"There is no dataset {repo} on the Hugging Face Hub, or it is private or gated: check the "
                        "name, or log in with `hf auth login`.")
    chain: list[BaseException] = []
    cause: BaseException | None = error
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
