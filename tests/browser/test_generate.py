"""Generating on the Evaluate page as a visitor meets it: from a prompt to scores, stopping, what cannot be chosen."""
import json
import threading

import pytest

from tests.browser.conftest import PATIENCE, serious
from tests.ui.generate.test_maker import SECRET, Fake
from tests.ui.test_pages import Scripted, eventually
from vs2.ui import app as pages
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.generate.studio import Studio
from vs2.ui.text import generate as text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "two red balls bounce on grass near a zebra"


def unfold(page) -> None:
    """Opens the fold."""
    page.click("#generate > button")
    page.wait_for_selector("#generate-go", state="visible")


def made(page) -> None:
    """Waits until the clip plays in the box."""
    page.wait_for_selector("#generate-status [data-state=done]")
    page.wait_for_function("document.querySelector('#video video').readyState >= 1")


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(pages, "PAGES", (EvaluatePage,))  # what these tests need, and no more


def test_from_a_prompt_to_scores(visit, scripted, alone):
    visitor = visit(address=scripted(Scripted(words=["Visual quality: fine."])))
    page = visitor.page
    page.fill("#prompt textarea", PROMPT)
    unfold(page)
    page.fill("#generate-seconds input", "1")
    page.fill("#generate-seed input", "5")
    page.click("#generate-go")
    made(page)
    assert page.inner_text("#video .vs-name") == "sketch seed 5.mp4"
    assert "zebra" in page.inner_text("#generate-notes")
    page.click(".vs-made summary")
    told = json.loads(page.inner_text(".vs-made pre"))
    assert told["seed"] == 5 and told["frames"] == 16 and "truth" not in told and "shown" not in told["details"]
    assert serious(page) == []
    page.click("#evaluate")
    visitor.wait_done()
    assert visitor.values() == ["4", "5", "2"]
    # Another clip takes the scores of the one before off the page.
    page.fill("#generate-seed input", "6")
    page.wait_for_function("!document.querySelector('#generate-go').disabled")
    page.click("#generate-go")
    page.wait_for_function("document.querySelector('#video .vs-name').textContent === 'sketch seed 6.mp4'")
    page.wait_for_function("document.querySelector('#scores .vs-card').dataset.value === ''")


def test_stop_and_what_fails_leave_the_video(visit, scripted, alone, clip, monkeypatch):
    fake = Fake(go=threading.Event())
    monkeypatch.setattr(Studio, "load", lambda self, name, token="": fake)
    visitor = visit(address=scripted(Scripted()))
    page = visitor.page
    visitor.upload(clip)
    page.fill("#prompt textarea", PROMPT)
    unfold(page)
    page.click("#generate-go")
    page.wait_for_selector("#generate-status [role=progressbar][aria-valuenow='50']")
    assert page.is_disabled("#generate-go") and "frame 24 of 48" in page.inner_text("#generate-status")
    page.click("#evaluate")
    page.wait_for_selector(f"#notice :text('{text.WHILE_GENERATING[:30]}')")
    page.click("#generate-stop")
    page.wait_for_selector("#generate-status [data-state=stopped]")
    assert eventually(lambda: fake.closed == 1, PATIENCE)
    assert page.inner_text("#video .vs-name") == clip.name
    # A visitor who leaves stops it as well.
    page.wait_for_function("!document.querySelector('#generate-go').disabled")
    page.click("#generate-go")
    page.wait_for_selector("#generate-status [role=progressbar]")
    page.goto("about:blank")
    assert eventually(lambda: fake.closed == 2, PATIENCE)
    visitor.faults[:] = [fault for fault in visitor.faults if "AbortError" not in fault and "errored out" not in fault]


def test_a_provider_can_be_chosen_with_a_token_that_stays_in_the_browser(visit, scripted, alone):
    visitor = visit(address=scripted(Scripted()))
    page, sent = visitor.page, []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    unfold(page)
    page.click(".vs-others > button")
    assert "fal" in page.inner_text(".vs-cannot") and "No token was given" in page.inner_text(".vs-cannot")
    page.fill("#generate-token input", SECRET)
    page.wait_for_function("!document.querySelector('.vs-cannot')?.textContent.includes('No token')")
    page.click("#generate-generator input")
    page.click("[role=option]:has-text('fal')")
    page.wait_for_selector("#generate-model input, #generate-model textarea")
    page.wait_for_selector(".vs-what:has-text('it charges')")
    page.fill("#generate-model textarea, #generate-model input", "no model")
    assert SECRET not in "".join(sent)
    page.fill("#prompt textarea", PROMPT)
    page.click("#generate-go")
    page.wait_for_selector("#generate-status .vs-problem:has-text('is not the name of a model')")
    assert sum(SECRET in body for body in sent) == 1 and SECRET not in page.content()
    model = "#generate-model :is(input, textarea)"
    page.wait_for_selector(f"{model}[aria-invalid=true]:focus")
    page.fill(model, "a/model")
    assert page.get_attribute(model, "aria-invalid") is None
    page.fill("#generate-token input", "no token has spaces")
    page.click("#generate .vs-others > button")     # folded away
    page.wait_for_selector("#generate-token input", state="hidden")
    page.click("#generate-go")
    page.wait_for_selector("#generate-token input[aria-invalid=true]:focus")
    page.fill("#prompt textarea", " ")
    page.click("#generate-go")
    page.wait_for_selector("#prompt textarea[aria-invalid=true]:focus")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_and_the_dark(visit, scripted, alone, scheme):
    visitor = visit(address=scripted(Scripted()), width=360, height=740, scheme=scheme)
    page = visitor.page
    page.fill("#prompt textarea", PROMPT)
    unfold(page)
    page.click(".vs-others > button")
    page.fill("#generate-seconds input", "1")
    page.focus("#generate-go")
    page.keyboard.press("Enter")
    made(page)
    page.click(".vs-made summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []
