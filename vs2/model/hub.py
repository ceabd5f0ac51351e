"""A checkpoint of the Hugging Face Hub -> a local folder: shown while it comes, resumed where it broke off."""
import contextlib
import contextvars
import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from vs2 import loading
from vs2.errors import BadInput, Failure
from vs2.model.card import Card

PATTERN = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
WANTED = ("*.safetensors", "*.json", "*.txt", "*.jinja")  # weights that cannot run code, and what describes them
INNER = "*/*"             # folders inside it hold other forms of the weights
TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3")
LOOK = 1.0               # seconds between two looks at how much is there
SPARE = 256 * 2**20      # bytes that a download leaves free on the disk


def is_id(name: str) -> bool:
    """Whether the name has the form of a Hub id, `owner/name`."""
    return bool(PATTERN.fullmatch(name)) and "--" not in name and ".." not in name and len(name) <= 96


def fetch(name: str) -> Path:
    """The local folder of the Hub's checkpoint `name`, downloaded where it is not there yet.

    Progress is shown on stderr; a broken download goes on where it stopped. Without a network a complete earlier
    download serves. Raises BadInput (no such model, no access) or Failure (network, disk), in one sentence.
    """
    from huggingface_hub import errors, snapshot_download

    wanted = list(WANTED)
    try:
        try:
            files = snapshot_download(name, allow_patterns=wanted, ignore_patterns=INNER, dry_run=True)
        except errors.DryRunError as error:  # the Hub does not answer, or not to us: an earlier download will do
            if isinstance(error.__cause__, errors.RepositoryNotFoundError):
                raise error.__cause__ from None
            return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=INNER, local_files_only=True))
        _check_disk(name, sum(file.file_size or 0 for file in files if file.will_download))
        with _told(name, sum(file.file_size or 0 for file in files)):
            folder = Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=INNER))
            if part := Card.read(folder).footage:       # the one inner folder that is no other form of the weights
                snapshot_download(name, allow_patterns=[f"{part.folder}/{one}" for one in WANTED])
            return folder
    except (BadInput, Failure):
        raise
    except Exception as error:  # the Hub's client has many: HTTP status, transport, cut connections, disk
        raise problem(name, error) from error


def cached(name: str) -> Path | None:
    """The folder of an earlier download of the Hub's checkpoint `name`, whole or not; None where there is none."""
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED), ignore_patterns=INNER, local_files_only=True))
    except errors.LocalEntryNotFoundError:
        return None


def problem(name: str, error: Exception, begun: bool = True) -> Exception:
    """One sentence for what the Hub, the network or the disk did; anything else stays what it is.

    begun: whether something of it had come.
    """
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return BadInput(f"The model {name} is gated: accept its terms on its page of the Hugging Face Hub, then log in "
                        "with `hf auth login`.")
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError | errors.DisabledRepoError):
        return BadInput(f"There is no model {name} on the Hugging Face Hub, or it is private: check the name, or log "
                        "in with `hf auth login`.")
    if isinstance(error, errors.HFValidationError):
        return BadInput(f"{name!r} is not the name of a model on the Hugging Face Hub: it has the form owner/name.")
    if isinstance(error, errors.LocalEntryNotFoundError) or not begun and _failed_on_the_way(_chain(error)):
        return Failure(f"The model {name} is not on this machine and the Hugging Face Hub cannot be reached: check the "
                       "network, or use the built-in judge with `--model mini`.")
    return _failure(name, error)


@contextlib.contextmanager
def _told(name: str, whole: int) -> Iterator[None]:
    """Tells `vs2.loading` how much of so many bytes lies in the Hub's cache, every second.

    The files are looked at and not the client's bars, which are made differently from version to version.
    """
    if not loading.listening():
        yield
        return
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    folder, over = Path(HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model"), threading.Event()

    def look() -> None:
        while not over.wait(LOOK):
            loading.tell(loading.FETCHING, min(whole, _bytes(folder)), whole)

    loading.tell(loading.FETCHING, min(whole, _bytes(folder)), whole)
    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), daemon=True, name="download")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        loading.tell(loading.FETCHING, min(whole, _bytes(folder)), whole)


def _bytes(folder: Path) -> int:
    """The bytes of all files in a folder, links left out; files come and go meanwhile."""
    found = 0
    for inner, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):
                path = Path(inner, file)
                found += 0 if path.is_symlink() else path.lstat().st_size
    return found


def _check_disk(name: str, needed: int) -> None:
    """Raises Failure where the download would fill the disk."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE > free:
        raise Failure(f"The model {name} needs {needed / 1e9:.1f} GB on the disk of {HF_HUB_CACHE} and "
                      f"{free / 1e9:.1f} GB are free: make room, or set HF_HOME to a folder on another disk.")


def _failure(name: str, error: Exception) -> Exception:
    """A Failure for what the disk or the network did; anything else stays what it is."""
    chain = _chain(error)
    if any(isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT) for cause in chain):
        return Failure(f"The disk is full, so the model {name} could not be downloaded: make room, or set HF_HOME to a "
                       "folder on another disk.")
    if any(isinstance(cause, PermissionError) for cause in chain):
        return Failure(f"The model {name} could not be stored: the folder of the Hub's cache cannot be written. "
                       "Set HF_HOME to a folder that can.")
    if _failed_on_the_way(chain) or isinstance(error, OSError):
        return Failure(f"The download of the model {name} broke off: run the command again, it goes on "
                       "where it stopped.")
    return error


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came of."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def _failed_on_the_way(chain: list[BaseException]) -> bool:
    from huggingface_hub.errors import HfHubHTTPError

    return any(type(cause).__module__.split(".")[0] in TRANSPORTS
               or isinstance(cause, ConnectionError | TimeoutError | HfHubHTTPError) for cause in chain)
