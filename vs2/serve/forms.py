"""What a request's bytes say: the forms of schema.py, or one sentence on what is wrong with them."""
import asyncio
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile

from vs2.errors import BadInput
from vs2.options import Options
from vs2.serve.schema import Judging, Many, One, UniRL
from vs2.ui.guard.uploads import MOST_FILES

Model = TypeVar("Model", bound=BaseModel)
# Of an upload, beside its files.
FIELDS = ("prompt", "fps", "think", "budget", "samples", "seed", "most_frames", "most_pixels")
FILES = "video"
NO_JSON = "The request is no JSON: {why}."


async def loaded(body: bytes) -> dict[str, Any]:
    """The JSON object, parsed beside the server's other work. Raises BadInput."""
    try:
        found = await asyncio.to_thread(from_json, body, allow_inf_nan=False)
    except ValueError as error:     # malformed, no UTF-8, or nested too deeply
        raise BadInput(NO_JSON.format(why=str(error)[:120])) from error
    if not isinstance(found, dict):
        raise BadInput("The request is no JSON object: send one.")
    return found


async def scored(body: bytes) -> One | Many | UniRL:
    """A request to /score, in whichever form."""
    found = await loaded(body)
    form: type[One | Many | UniRL] = UniRL if "requests" in found else Many if "items" in found else One
    return await asyncio.to_thread(checked, form, found)


def checked(form: type[Model], found: dict[str, Any]) -> Model:
    """The object in that form. Raises BadInput, which names the field and never repeats what it held."""
    try:
        return form.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100] or "the request"
        more = f" ({error.error_count() - 1} more like this)" if error.error_count() > 1 else ""
        raise BadInput(f"{place}: {first['msg'][:200]}{more}.") from error


def options(judging: Judging, standard: Options) -> Options:
    """How to judge: what the request says, else as the server was started. Raises BadInput."""
    # `frames` is a clip's pictures here.
    said = {name.removeprefix("most_"): value for name in Judging.model_fields
            if (value := getattr(judging, name)) is not None}
    return Options(**{**vars(standard), **said})


def uploaded(form: FormData) -> tuple[list[tuple[UploadFile, One]], bool]:
    """The files of an upload, each with its clip's form but for the file; and whether there is only one. BadInput."""
    files = [file for file in form.getlist(FILES) if isinstance(file, UploadFile)]
    strange = [name for name, _ in form.multi_items() if name not in (FILES, *FIELDS)]
    if strange or len(files) != len(form.getlist(FILES)):
        raise BadInput(f"An upload has files called {FILES}, and the fields {', '.join(FIELDS)}; here is "
                       f"{strange[0][:60] if strange else FILES + ' without a file'!r}.")
    if not files:
        raise BadInput(f"There is no file: send it as {FILES}.")
    prompts = form.getlist("prompt")
    if len(prompts) not in (1, len(files)):
        raise BadInput(f"There are {len(files)} files and {len(prompts)} prompts: give one for all, or one for each.")
    fields: dict[str, Any] = {name: _value(name, str(form[name])) for name in FIELDS[1:] if name in form}
    made = [checked(One, {"prompt": str(prompt), **fields}) for prompt in
            (prompts * len(files) if len(prompts) == 1 else prompts)]
    return list(zip(files, made, strict=True)), len(files) == 1


def _value(name: str, text: str) -> Any:
    """A field of a form, which is text, as JSON would have it; what is none of it goes on to be refused."""
    try:
        return from_json(text.strip().encode())
    except ValueError:
        return text


__all__ = ["FILES", "MOST_FILES", "checked", "loaded", "options", "scored", "uploaded"]
