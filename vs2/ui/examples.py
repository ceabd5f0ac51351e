"""The example clips that come with the project, as pages offer them: with a picture, one click to what a judge says."""
import base64
import csv
import re
from html import escape
from pathlib import Path

from vs2.resources import ASSETS
from vs2.ui import text
from vs2.ui.said import worded

SCENES = "scenes.csv"   # the table of the rendered scenes, which the built-in judge knows best
_SHORT = re.compile("[:：]")    # after the word that an example is called by


def examples(folder: Path = ASSETS / "examples", table: str = "examples.csv") -> list[dict]:
    """The rows of a table (file, prompt, shows) with `file` as a path; none where there is no such table."""
    if not (folder / table).exists():
        return []
    with (folder / table).open(encoding="utf-8", newline="") as lines:
        return [{**row, "file": str(folder / Path(row["file"]).name)} for row in csv.DictReader(lines)]


def still(name: str) -> str:
    """The address of a clip's picture, the picture itself in it; "" where there is none. name: of the clip or picture.
    """
    path = ASSETS / "examples" / f"{Path(name).stem}.jpg"
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode() if path.is_file() else ""


# A press says which example it was; the server opens its clip and its prompt and judges it.
CHOOSE = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-example]");
  if (button) trigger("select", { example: Number(button.dataset.example) });
});
"""


def buttons(rows: list[dict]) -> str:
    """The examples as buttons: the picture, what it shows in a word, the rest of it for the pointer and for ears."""
    made = []
    for number, row in enumerate(rows):
        shows = worded(row["shows"]) or row["prompt"]
        picture = still(row["file"])
        image = f'<img src="{picture}" alt="" width="88" height="66">' if picture else ""
        made.append(f'<button type="button" data-example="{number}" title="{escape(shows)}">{image}'
                    f'<span aria-hidden="true">{escape(_SHORT.split(shows, maxsplit=1)[0])}</span>'
                    f'<span class="vs-unseen">{escape(shows)}</span></button>')
    return (f'<section class="vs-examples" aria-labelledby="examples-title"><h2 id="examples-title">'
            f'{escape(text.EXAMPLES)}</h2><div>{"".join(made)}</div></section>') if made else ""
