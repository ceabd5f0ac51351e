"""The app as a Space, where a visitor is logged in by a cookie that goes along with every site's requests."""
import base64
import hashlib
import json
import time

import httpx
import pytest
from itsdangerous import TimestampSigner

from tests.support.apps import serve_app
from tests.support.ports import free_port
from tests.ui.review.test_page import AGREE, ANN, evaluation
from vs2.history.store import Store

HOST = "me-space.hf.space"
OAUTH = {"OAUTH_CLIENT_ID": "client", "OAUTH_CLIENT_SECRET": "secret", "OAUTH_SCOPES": "openid profile",
         "OPENID_PROVIDER_URL": "https://huggingface.invalid"}
PAGE = {"host": HOST, "origin": f"https://{HOST}", "sec-fetch-site": "same-origin", "x-forwarded-proto": "https"}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """(address, folder of the store, id of an evaluation in it) of the app as a Space."""
    home = tmp_path_factory.mktemp("home")
    store = Store(home)
    made = store.add(evaluation(), ANN["visitor"])
    store.close()
    with serve_app(home, free_port(), SYSTEM="spaces", SPACE_ID="me/space", SPACE_HOST=HOST, **OAUTH) as address:
        yield address, home, made


def cookie(name: str) -> str:
    """The session of somebody who is logged in, as Gradio's own middleware signs it."""
    signer = TimestampSigner(
        hashlib.sha256(f"{OAUTH['OAUTH_CLIENT_SECRET']}-v4".encode()).hexdigest())
    info = {"access_token": "hf_victim", "expires_at": time.time() + 3600, "scope": "openid", "userinfo": {
        "name": name.title(), "preferred_username": name, "profile": "", "picture": ""}}
    return signer.sign(base64.b64encode(json.dumps({"oauth_info": info}).encode())).decode()


def reviewers(home, made: str) -> list[str]:
    store = Store(home)
    try:
        return [review.reviewer for _, review in store.reviews(id=made)]
    finally:
        store.close()


def save(address: str, made: str, headers: dict) -> httpx.Response:
    config = httpx.get(f"{address}config", timeout=60).json()
    desk = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "review")
    return httpx.post(f"{address}gradio_api/component_server", timeout=60, cookies={"session": cookie("victim")},
                      headers=headers, json={"data": {"id": made, "verdicts": AGREE}, "component_id": desk,
                                             "fn_name": "review_save", "session_hash": "s"})


def test_a_foreign_page_does_not_act_for_who_is_logged_in(space):
    address, home, made = space
    for origin in ("https://evil.example", "https://other-space.hf.space", "https://huggingface.co", "null",
                   f"https://{HOST}.evil.example"):
        foreign = PAGE | {"origin": origin, "sec-fetch-site": "cross-site"}
        assert save(address, made, foreign).status_code == 403
        for path, body in (("call/review", {"data": [made, "", AGREE, {}, [], ""]}),
                           ("call/generate", {"data": ["a ball", "provider:fal-ai/a/b", "", 0, 0]}),
                           ("queue/join", {"data": [], "fn_index": 0, "session_hash": "s"})):
            answer = httpx.post(f"{address}gradio_api/{path}", json=body, headers=foreign, timeout=60,
                                cookies={"session": cookie("victim")})
            assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
        for path in ("logout", "login/huggingface"):
            answer = httpx.get(address + path, headers=foreign, timeout=60, cookies={"session": cookie("victim")})
            assert answer.status_code == 403 and "set-cookie" not in answer.headers
    assert reviewers(home, made) == []


def test_the_page_in_its_frame_and_programs_do(space):
    address, home, made = space
    framed = {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe",
              "referer": "https://huggingface.co/spaces/me/space"}
    answer = httpx.get(address, headers=framed, timeout=60)
    assert answer.status_code == 200
    assert "https://huggingface.co" in answer.headers["content-security-policy"].split("frame-ancestors")[1]
    answer = save(address, made, PAGE)
    assert answer.status_code == 200 and answer.json()["reviewer"] == "victim", answer.text
    assert reviewers(home, made) == ["victim"]
    call = httpx.post(f"{address}gradio_api/call/review", json={"data": [made, "", AGREE, {}, [], ""]}, timeout=60,
                      cookies={"session": cookie("program")}).json()["event_id"]
    said = httpx.get(f"{address}gradio_api/call/review/{call}", timeout=60).text
    assert "event: complete" in said and sorted(reviewers(home, made)) == ["program", "victim"]
