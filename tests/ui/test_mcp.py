"""The endpoints as tools of a Model Context Protocol server, used by the protocol's own client."""
import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, site_of
from vs2.ui import app, sent

PROMPT = "A red square <b>moves</b>."


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The pages, served with a judge that says what it is told to."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        blocks = app.build(site_of(Scripted(), folder / "home"))
        yield app.serve(blocks, server_port=free_port())[1]
        close(blocks)


def use(address: str, tool: str | None = None, arguments: dict | None = None):
    """The tools by their endpoint's name, and what one of them answered."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk():
        async with streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _), \
                ClientSession(read, write) as session:
            await session.initialize()
            tools = {known.name: known for known in (await session.list_tools()).tools}
            return tools, await session.call_tool(tool, arguments) if tool else None

    with ThreadPoolExecutor() as apart:     # Playwright, after a browser test, has a loop in this thread
        return apart.submit(asyncio.run, talk()).result()


def uploaded(address: str, clip) -> str:
    """The clip's address on the server, as `gradio upload-mcp` makes it."""
    with clip.open("rb") as file:
        path, = httpx.post(f"{address}gradio_api/upload", files={"files": file}, timeout=HANGING).json()
    return f"{address}gradio_api/file={path}"


def test_every_endpoint_is_a_tool_and_no_button_is(address):
    tools, _ = use(address)
    assert sorted(tools) == ["batch", "best_of", "compare", "evaluate", "generate", "review"]
    assert all(tool.description for tool in tools.values())
    assert "generated from" in tools["evaluate"].description
    assert tools["evaluate"].inputSchema["properties"].keys() == {
        "video", "prompt", "think", "budget", "samples", "seed", "fps", "frames", "pixels"}


def test_an_upload_is_judged_by_its_address(address, clip):
    _, result = use(address, "evaluate", {"video": uploaded(address, clip), "prompt": PROMPT, "think": False})
    assert not result.isError, result.content
    record = json.loads(result.content[0].text)
    assert record["prompt"] == PROMPT and record["video"] == "square.mp4" and len(record["scores"]) == 3


def test_a_clip_is_judged_that_comes_in_the_call(address, clip):
    data = "data:video/mp4;base64," + base64.b64encode(clip.read_bytes()).decode()
    _, result = use(address, "evaluate", {"video": data, "prompt": PROMPT})
    assert not result.isError and len(json.loads(result.content[0].text)["scores"]) == 3, result.content


def test_several_are_compared(address, clip):
    one = uploaded(address, clip)
    _, result = use(address, "compare", {"videos": [one, one], "prompt": PROMPT})
    assert not result.isError, result.content
    record = json.loads(result.content[0].text)
    assert len(record["candidates"]) == 2 and sorted(record["ranking"]) == [0, 1]


def test_a_problem_is_one_sentence(address):
    _, result = use(address, "compare", {"videos": [], "prompt": PROMPT})
    assert result.isError and "Traceback" not in result.content[0].text
    assert result.content[0].text == "0 videos were given: a comparison takes 2 to 6."
    _, result = use(address, "evaluate", {"prompt": PROMPT})
    assert result.isError and "'video' is a required property" in result.content[0].text


def test_an_address_reaches_nothing_but_uploads(address, clip, tmp_path):
    outside = moving_square(tmp_path / "outside.mp4")
    served = uploaded(address, clip)
    for named in (f"{address}gradio_api/file={outside}", f"{address}gradio_api/file=/etc/passwd",
                  served.replace("127.0.0.1", "10.0.0.1"), served + "/../../../../etc/passwd",
                  f"{address}gradio_api/file=%00"):
        assert sent.own(named) is None
        _, result = use(address, "evaluate", {"video": named, "prompt": PROMPT})
        assert result.isError
    assert sent.own(served) and sent.own(str(clip)) is None and sent.own("file:///etc/passwd") is None
