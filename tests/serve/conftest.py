"""What the tests of the server share: one clip, one server with a scripted judge."""
import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.support.clips import moving_square, picture
from tests.support.scripted import ScriptedJudge, serving
from vs2.options import Options
from vs2.serve.app import Terms
from vs2.serve.sources import Sources


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The path of a small video."""
    return moving_square(tmp_path_factory.mktemp("clip") / "a.mp4", frames=8)


@pytest.fixture(scope="module")
def encoded(clip) -> str:
    """It, in base64."""
    return base64.b64encode(clip.read_bytes()).decode()


@pytest.fixture(scope="module")
def frames() -> list[str]:
    """PNG pictures in base64."""
    return [png(picture(index, 8)) for index in range(8)]


def png(image: np.ndarray) -> str:
    """A picture as a PNG in base64."""
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def by_prompt(clip, prompt):
    """Scores by what the prompt is about."""
    return {"withheld": ("It is no such clip.",) * 3, "unread": (4.0, None, 2.0),
            "nan": (4.0, float("nan"), 2.0)}.get(prompt, (4.0, 3.0, 2.0))


@pytest.fixture(scope="module")
def judge():
    return ScriptedJudge(by_prompt)


@pytest.fixture(scope="module")
def client(judge, clip):
    """A client of a server that takes paths of the clip's folder and frames at 8 a second."""
    terms = Terms(Options(think=False), Sources((clip.parent.resolve(),), 8.0))
    with serving(judge, terms) as address, httpx.Client(base_url=address, timeout=120) as made:
        yield made
