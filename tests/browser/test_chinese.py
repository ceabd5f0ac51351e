"""The pages in Chinese, with results on them: no English is left to be seen or heard. And the switch."""
import re
import threading
from dataclasses import replace

import pytest

from tests.browser.conftest import serious
from tests.support.withholding import FOREIGN, Withholding
from tests.ui.best_of.test_page import Films
from tests.ui.test_pages import HOSTILE, Scripted
from vs2.ui.generate.studio import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Names, units and what has no other name in Chinese.
NAMES = {
    "2B", "4bit", "7B", "8bit", "AI", "API", "AVI", "AVIF", "Apache", "B", "Bench", "Best", "BibTeX", "CLIP", "CPU",
    "CSV", "CUDA", "CogVideoX", "DB", "English", "FLV", "Face", "Fal", "GB", "GIF", "GPU", "GRPO", "Gradio", "Hub",
    "Hugging", "Instruct", "JSON", "LTX", "Lab", "License", "Lines", "MB", "MJ", "MKV", "MOV", "MP4", "MPG", "N",
    "NVIDIA",
    "Novita", "OGV", "PNG", "Parquet", "Pearson", "Python", "Qwen2", "README", "Replicate", "Shift", "Sketch",
    "Space", "Spearman", "T2VQA", "T4", "TIGER", "TS", "Together", "TrueNorth", "UTC", "UTF", "VL", "Video",
    "VideoFeedback2", "VideoGenReward", "VideoPhy2", "VideoScore", "VideoScore2", "WMV", "Wan", "WaveSpeed", "WebM",
    "WebP", "ZeroGPU", "arXiv", "basic", "bf16", "bfloat16", "confidence", "csv", "diffusers", "distribution",
    "expected", "fal", "fp32", "ftfy", "hf", "id", "int8", "json", "jsonl", "kappa", "logits", "mini", "null", "of",
    "openai", "overall", "parquet", "prompt", "reason", "scenes", "test", "token", "torch", "tsv", "v2", "vLLM",
    "value", "video", "vs2", "zip",
}
# What a visitor, a judge, a file or a command says: it stays as it is.
CONTENT = ("code, pre, kbd, textarea, script, style, video, .vs-said p, .vs-name, .vs-clip-name, .vs-clip-prompt, "
           ".vs-rows th small:not(.vs-note), .vs-now p, .vs-columns p, .vs-rated [data-start], "
           ".show-api, .vs-languages [lang=en]")
LOOK = """content => {
  const skip = (node) => node.closest?.(content);
  const seen = (node) => node.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true }) ?? true;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      const parent = node.parentElement;
      if (!node.data.trim() || skip(parent) || !seen(parent)) continue;
      found.push([`${parent.tagName}.${parent.getAttribute("class")}`, node.data]);
    } else if (!skip(node) && seen(node)) {
      for (const name of ["aria-label", "placeholder", "title", "alt", "aria-description"]) {
        const said = node.getAttribute(name);
        if (said) found.push([`${node.tagName}.${node.getAttribute("class")}@${name}`, said]);
      }
    }
  }
  return found;
}"""
# Gradio writes these into the page itself, in English for everyone: its sliders have no translation of them.
GRADIOS = re.compile(r"(?:number input|range slider) for |Reset to default value")
PROMPT = "a red ball bounces on grass"
FILES = re.compile(r"[\w.-]+\.(?:mp4|md|json|csv|vs2|zip|co|py)\b|https?://\S+|--\w+|\w+_\w+|[\w-]+/[\w.-]+|\b[0-9a-f]{16}\b")


def english(page, *content: str) -> list[str]:
    """The words on the page that are left in English, each with where it stands."""
    left = []
    for place, said in page.evaluate(LOOK, CONTENT):
        for one in (PROMPT, f"Not understood: {HOSTILE}", FOREIGN, *content):
            said = said.replace(one, "")
        words = re.findall(r"[A-Za-z][A-Za-z0-9]*", FILES.sub(" ", GRADIOS.sub("", said)))
        if lost := [word for word in words if word not in NAMES and len(word) > 1]:
            left.append(f"{place[:60]}: {said.strip()[:90]!r} {lost[:6]}")
    return left


class Judge(Withholding):
    """Withholds scores of the prompts that say so; nobody has measured how long a prompt may be."""

    card = replace(Withholding.card, longest_prompt=None)


@pytest.fixture
def chinese(visit, scripted, monkeypatch):
    """A visitor whose browser speaks Chinese, at an app whose judge and generator are quick."""
    monkeypatch.setattr(Studio, "load", lambda self, name, token="": Films(None))
    address = scripted(Judge(real=True))

    def make(at: str = "", **options):
        return visit(address=address, at=at, locale="zh-CN", **options)
    return make


def open_all(page) -> None:
    """Unfolds all that is folded on the page that is shown."""
    page.evaluate("""() => {
      for (const part of document.querySelectorAll('details:not([open])')) part.open = true;
      for (const fold of document.querySelectorAll('.vs-settings > button')) {
        if (fold.checkVisibility() && !fold.classList.contains('open')) fold.click();
      }
    }""")
    page.wait_for_timeout(600)


def test_evaluate_compare_and_review(chinese, clip):
    visitor = chinese()
    page = visitor.page
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    open_all(page)
    assert "\n".join(english(page)) == ""
    kept = []
    for prompt in (PROMPT, "part of it"):
        visitor.upload(clip)
        visitor.ask(prompt)
        visitor.wait_done()
        kept.append(visitor.kept())
        open_all(page)
        assert "\n".join(english(page, "part of it", "square.mp4")) == ""
    assert "视觉质量" in page.inner_text("#scores") and "评审模型" in page.inner_text("#whose")
    page.fill("#prompt textarea", "")
    page.click("#evaluate")
    page.wait_for_selector(".vs-problem:visible")
    assert "请填写" in page.inner_text(".vs-problem:visible")
    visitor.reload(page.url.split("?")[0] + f"?show=compare&e={','.join(kept)}", "#compare-table")
    page.wait_for_function("document.querySelectorAll('#compare-table tr[data-state=done]').length === 2")
    open_all(page)
    assert "\n".join(english(page, "part of it", "square.mp4")) == ""
    visitor.reload(page.url.split("?")[0] + f"?show=review&e={kept[0]}", ".vs-rated")
    open_all(page)
    assert "\n".join(english(page, "part of it", "square.mp4")) == ""
    assert serious(page) == []


@pytest.mark.parametrize("name", ["best_of", "batch", "duel", "benchmarks", "about"])
def test_other_pages(chinese, name):
    page = chinese(at=f"?show={name}").page
    if name == "best_of":
        page.fill("#best-prompt textarea", PROMPT)
        page.fill("#best-count input[type=number]", "2")
        page.press("#best-count input[type=number]", "Tab")
        page.wait_for_selector("#best-cost:has-text('生成 2 个视频')")
        page.click("#best-go")
        page.wait_for_selector("#best-status [data-state=done]")
    if name == "batch":
        page.click("#batch-example, button:has-text('试用示例')")
        page.wait_for_selector("#batch-go button:not([disabled]), #batch-go:not([disabled])")
        page.click("#batch-go")
        page.wait_for_selector("#batch-status [data-state=done], .vs-status[data-state=done]:visible")
    page.wait_for_timeout(1500)
    open_all(page)
    assert "\n".join(english(page)) == ""


def test_the_switch_is_remembered(visit, scripted):
    visitor = visit(address=scripted(Scripted()))
    page = visitor.page
    assert page.inner_text("#evaluate") == "Evaluate" and page.evaluate("document.documentElement.lang") == "en"
    with page.expect_navigation():
        page.click(".vs-languages [data-language=zh]")
    page.wait_for_selector("#whose .vs-model:visible")
    assert page.inner_text("#evaluate") == "开始评测" and page.evaluate("navigator.language") == "zh-CN"
    assert page.get_attribute(".vs-languages [data-language=zh]", "aria-pressed") == "true"
    visitor.faults[:] = [one for one in visitor.faults if "AbortError" not in one and "errored out" not in one]
    visitor.reload()
    assert page.inner_text("#evaluate") == "开始评测"


def test_two_visitors_at_once_each_stream_in_their_own_language(visit, scripted, clip):
    """Over the steps of a generator, and on the judge's thread."""
    go = threading.Event()
    address = scripted(Scripted(go=go))
    visitors = [visit(address=address, locale=locale) for locale in ("zh-CN", "en-US")]
    for visitor in visitors:
        visitor.upload(clip)
        visitor.ask(PROMPT)
        visitor.page.wait_for_selector("#status [data-state=busy]")
    one, two = (visitor.page for visitor in visitors)
    one.wait_for_selector("#status:has-text('正在思考')")
    two.wait_for_selector("#status:has-text('Waiting: one evaluation is ahead')")
    go.set()
    for visitor in visitors:
        visitor.wait_done()
    assert "已完成" in one.inner_text("#status") and "Done in" in two.inner_text("#status")
    assert "评分" in one.inner_text("#scores") and "Scores" in two.inner_text("#scores")
