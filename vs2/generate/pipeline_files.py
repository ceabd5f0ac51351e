"""A pipeline's name -> the folder of its files: a local one as it is, or the Hub's, downloaded where it is not here."""
import json
from pathlib import Path

from vs2.errors import BadInput, Failure, Problem
from vs2.generate.pipelines import check_index
from vs2.model import hub

INDEX = "model_index.json"


def check_name(name: str) -> str:
    """The name, if it can be a pipeline's: a Hub id, or a folder with a model_index.json. Raises BadInput."""
    if (Path(name) / INDEX).is_file() or hub.is_id(name):
        return name
    if Path(name).is_dir():
        raise BadInput(f"The folder {name} holds no {INDEX}: give the folder of a whole diffusers pipeline.")
    raise BadInput(f"{name!r} is neither a folder nor a name of the Hugging Face Hub: it has the form owner/name.")


def find(name: str) -> Path:
    """The pipeline's folder. Its index is looked at before anything large is downloaded; weights are safetensors only.

    Progress is shown on stderr; a download that broke off goes on where it stopped. Raises BadInput and Failure.
    """
    folder = Path(name)
    if (folder / INDEX).is_file():
        check_index(name, _read(name, folder / INDEX))
        return folder
    from diffusers import DiffusionPipeline
    from huggingface_hub import hf_hub_download

    try:
        check_index(name, _read(name, hf_hub_download(name, INDEX)))
        return Path(DiffusionPipeline.download(name, use_safetensors=True))
    except Problem:
        raise
    except Exception as error:  # the Hub's client has many: HTTP status, transport, cut connections, disk
        raise _problem(name, error) from error


def _read(name: str, path) -> dict:
    try:
        index = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"The {INDEX} of {name} cannot be read: download the model again.") from error
    if not isinstance(index, dict):
        raise BadInput(f"The {INDEX} of {name} is not what diffusers writes: download the model again.")
    return index


def _problem(name: str, error: Exception) -> Exception:
    """What to say of a download that failed; anything that is not one stays what it is."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return BadInput(f"The model {name} is gated: accept its terms on its page of the Hugging Face Hub, then log in "
                        "with `hf auth login`.")
    if isinstance(error, errors.RepositoryNotFoundError):
        return BadInput(f"There is no model {name} on the Hugging Face Hub, or it is private: check the name, or log "
                        "in with `hf auth login`.")
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return BadInput(f"{name} is not a pipeline of diffusers (it has no {INDEX}): take one that is; their names "
                        "often end in -Diffusers.")
    if isinstance(error, errors.LocalEntryNotFoundError):
        return Failure(f"The model {name} is not on this machine and the Hugging Face Hub cannot be reached: check the "
                       "network, or take the sketch.")
    transport = any(type(error).__module__.split(".")[0] == module for module in hub.TRANSPORTS)
    if transport or isinstance(error, OSError):
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        return Failure(f"The download of {name} broke off ({said}): try again, it goes on where it stopped.")
    return error
