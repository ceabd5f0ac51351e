"""What programs send to the endpoints and get from them: by gradio_client, by HTTP, by the Model Context Protocol."""
import json
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

SERVED = "/gradio_api/file="        # what the address of an upload has before its path


def files(label: str, count: Literal["single", "multiple"] = "single") -> gr.File:
    """The input of an endpoint. An upload to this very server may be named by its address there.

    An MCP client can only name a file by its address, and `gradio upload-mcp` answers with that of the upload. On
    one's own machine Gradio 6.25 refuses to fetch it, as any address that is not public, though the file lies here.
    """
    box = gr.File(label=label, file_count=count, type="filepath")
    move = box.async_move_resource_to_block_cache

    async def moved(place):
        return await move(own(place) or place)

    box.async_move_resource_to_block_cache = moved  # type: ignore[method-assign]  # there is no option for it
    model = box.data_model
    assert model is not None    # a file's
    box.data_model = type(model.__name__, (_Checked, model), {})
    if count == "multiple":     # as Gradio describes a list, what one file is gets lost on the way to an MCP client
        one = FileData.model_json_schema()
        box.api_info = lambda: {  # type: ignore[method-assign]  # there is no option for it
            "type": "array", "items": one, "$defs": one["$defs"]}
    return box


class _Checked:
    """What an upload's value must be; anything else gets a sentence in place of pydantic's lines."""

    @classmethod
    def model_validate(cls, value, **options):
        try:
            return super().model_validate(value, **options)  # type: ignore[misc]  # of the model that it is put before
        except ValueError as error:
            raise gr.Error("What was sent in place of a file is none: upload the file first, and name it by what the "
                           "upload answers.", print_exception=False) from error


def values(label: str, kind: dict) -> gr.JSON:
    """The input of an endpoint that is more than a text or a number; it may be left out.

    kind: its JSON Schema. What Gradio's JSON box says of itself is none, and MCP clients refuse the tool for it.
    """
    box = gr.JSON(None, label=label)
    box.api_info = lambda: {  # type: ignore[method-assign]  # there is no option for it
        "anyOf": [kind, {"type": "null"}], "description": label}
    return box


def mend_mcp(blocks: gr.Blocks) -> None:
    """Mends two things of the MCP server of launched pages, as Gradio 6.25 makes it.

    It writes a record as Python would, not as JSON; and it takes no list of files, only single ones.
    """
    server = blocks.mcp_server_obj
    assert server is not None, "to be called after the launch"
    write, read = server.postprocess_output_data, server.convert_strings_to_filedata

    def written(data, root_url):
        return write([json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one for one in data],
                     root_url)

    def taken(given, places):
        lists = [place[0] for place in places if place[1:] == ["items"]]
        return read(given, [*places, *([name, n] for name in lists for n in range(len(given.get(name) or ())))])

    server.postprocess_output_data = written  # type: ignore[method-assign]  # there is no option for it
    server.convert_strings_to_filedata = taken  # type: ignore[method-assign]  # nor for this


def own(place) -> str | None:
    """The path of the upload that an address on this machine names; None for any other address or path."""
    try:
        url = urlsplit(str(place))
        host = url.hostname or ""
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:      # no address, or a public name
        return None
    if url.scheme not in ("http", "https") or not here or SERVED not in url.path:
        return None
    try:
        path = Path(unquote(url.path.split(SERVED, 1)[1])).resolve()
        known = path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file()
    except (ValueError, OSError, RuntimeError):     # a zero byte, too long, links in a circle
        return None
    return str(path) if known else None
