"""Two fields among a page's settings: how many frames, and pixels of each, are looked at, at most."""
import gradio as gr

from vs2.options import MOST_FRAMES, MOST_PIXELS
from vs2.ui import text


class Caps:
    """The fields. Made inside a `gr.Blocks` context. page: what their ids begin with, "" for nothing.

    0 is no limit: a browser that shows an empty number for the first time makes it 0.
    """

    def __init__(self, page: str = ""):
        start = page and f"{page}-"
        with gr.Row():
            self.frames = gr.Number(0, label=text.MOST_FRAMES, info=text.MOST_FRAMES_HINT, precision=0, minimum=0,
                                    maximum=MOST_FRAMES, elem_id=f"{start}most-frames")
            self.pixels = gr.Number(0, label=text.MOST_PIXELS, info=text.MOST_PIXELS_HINT, precision=0, minimum=0,
                                    maximum=MOST_PIXELS, elem_id=f"{start}most-pixels")

    @property
    def fields(self) -> dict[str, gr.Number]:
        """By what `vs2.options.Options` calls them."""
        return {"frames": self.frames, "pixels": self.pixels}


def limits(frames: int | None, pixels: int | None) -> tuple[int | None, int | None]:
    """What the fields hold, None for no limit."""
    return frames or None, pixels or None


def sent() -> dict[str, gr.Number]:
    """The same for an endpoint, where null is no limit."""
    return {name: gr.Number(None, label=name) for name in ("frames", "pixels")}
