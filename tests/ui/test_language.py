"""Which language a page is in: by cookie, else by the browser; from the first byte, and for each visitor."""
import json
import re
import threading
import urllib.request

import pytest

from tests.support.patience import HANGING
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, site_of
from vs2.ui import app, bilingual, language

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(("cookies", "accepted", "spoken"), [
    ("", "", "en"), ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("", "zh-TW", "zh"), ("", "ZH-hans;q=0.7", "zh"),
    ("", "en-US,en;q=0.9,zh;q=0.8", "en"), ("", "de,zh;q=0.5,en;q=0.3", "zh"), ("", "de-DE,fr", "en"),
    ("", "en;q=0.2,zh;q=0.9", "zh"), ("", "zh;q=0", "en"), ("", "zh;q=nothing", "en"), ("", ",;q=;;,", "en"),
    ("vs2-language=zh", "en", "zh"), ("a=b; vs2-language=en", "zh", "en"), ("vs2-language=xx", "zh", "zh"),
])
def test_the_language_of_a_request(cookies, accepted, spoken):
    assert language.asked(cookies, accepted) == spoken


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An app's address, and its pages."""
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        blocks = app.build(site_of(Scripted(), folder / "home"))
        yield app.serve(blocks, server_port=free_port())[1], blocks
        close(blocks)


def get(address: str, headers: dict) -> tuple[str, dict]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60) as answer:
        return answer.read().decode(), dict(answer.headers)


@pytest.mark.parametrize(("headers", "tag", "drop", "other"), [
    (CHINESE, "zh-CN", "把视频拖到这里", "Drop a video here"), ({}, "en", "Drop a video here", "把视频拖到这里"),
    (CHINESE | {"Cookie": "vs2-language=en"}, "en", "Drop a video here", "把视频拖到这里"),
])
def test_the_first_byte_is_in_the_language(served, headers, tag, drop, other):
    address, _ = served
    page, answer = get(address, headers)
    assert re.search(rf'<html\s+lang="{tag}"', page) and drop in page and other not in page
    assert "<title>VideoScore2</title>" in page and "Click to try out" not in page
    assert "Accept-Language" in answer["vary"]
    config = json.loads(get(address + "config", headers)[0])
    assert drop in json.dumps(config, ensure_ascii=False)
    assert [part["id"] for part in config["components"]] == [
        part["id"] for part in json.loads(get(address + "config", {})[0])["components"]]


def test_the_endpoints_are_told_in_english(served):
    address, _ = served
    assert get(address + "gradio_api/info", CHINESE)[0] == get(address + "gradio_api/info", {})[0]


def test_choices_have_the_same_values_in_every_language(served):
    """What a browser sends back is what the running pages know, whatever it was called."""
    _, blocks = served
    with language.speaking("zh"):
        chinese = blocks.config
    for one, other in bilingual.alike(blocks.config, chinese):
        choices = [[value for _, value in part["props"].get("choices") or ()] for part in (one, other)]
        assert choices[0] == choices[1], one["id"]
        if one["type"] in ("dropdown", "radio", "checkbox", "slider", "number", "textbox"):
            assert one["props"].get("value") == other["props"].get("value"), one["id"]


def test_pages_that_are_not_alike_are_refused():
    one = {"components": [{"type": "html"}], "dependencies": []}
    with pytest.raises(RuntimeError, match="not built alike"):
        list(bilingual.alike(one, {"components": [], "dependencies": []}))


def test_two_visitors_at_once_each_in_their_own_language(served):
    from gradio_client import Client

    address, _ = served
    said: dict[str, str] = {}

    def ask(spoken: str) -> None:
        client = Client(address, headers={"Cookie": f"vs2-language={spoken}"}, verbose=False,
                        httpx_kwargs={"timeout": HANGING})
        try:
            client.predict(video=None, prompt="", api_name="/evaluate")
        except Exception as error:      # what is said to the visitor
            said[spoken] = str(error)

    threads = [threading.Thread(target=ask, args=(spoken,)) for spoken in language.LANGUAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "Add a video" in said["en"] and "请先添加视频" in said["zh"]
