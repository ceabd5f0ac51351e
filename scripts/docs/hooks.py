"""What the site has beside the files of docs/: pages that lie elsewhere in the repository, and pages made from code.

A page that lies elsewhere is shown, not copied, and links between files of the repository are made links of the site.
Where a page says `<!-- made from the code: NAME -->`, what MADE has under that name is put in.
"""
import logging
import os
import posixpath
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:       # mkdocs loads this file alone
    sys.path.insert(0, str(ROOT))

from scripts.docs import commands, endpoints, figures  # noqa: E402 (needs the path)
from vs2.bench.people import mapping  # noqa: E402

# Pages whose source lies outside of docs/: the file in the repository, the page of the site.
ELSEWHERE = {"README.md": "index.md", "train/README.md": "training.md", "perf/RESULTS.md": "speed.md",
             "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "LICENSE": "LICENSE.txt"}
MADE = {"commands": commands.page, "endpoints": endpoints.page, "published": figures.published,
        "measured": figures.measured, "mapping": mapping.table}

_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1`*\s*$|(`+)(?!`).+?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"<!-- made from the code: (.+?) -->")
_log = logging.getLogger("mkdocs.hooks.vs2")


def on_files(files, config):
    """Adds the pages that lie elsewhere."""
    for source, uri in ELSEWHERE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Puts in what is made from code, and turns links between files of the repository into links of the site."""
    home = Path(page.file.abs_src_path).resolve().relative_to(ROOT).parent.as_posix()
    return linked(_MADE.sub(lambda found: made(found[1], page.file.src_uri), markdown), home, page.file.src_uri)


def made(name: str, place: str) -> str:
    """The Markdown that MADE has under that name."""
    if name not in MADE:
        _log.warning("%s asks for %r, which nothing makes: scripts/docs/hooks.py has %s", place, name, ", ".join(MADE))
        return ""
    return MADE[name]()


def linked(markdown: str, home: str, uri: str) -> str:
    """The text with its links as the page `uri` needs them; home: the folder of its source in the repository."""
    def link(found) -> str:
        target, _, anchor = found[2].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return found[0]
        path = posixpath.normpath(posixpath.join(home, target))
        there = ELSEWHERE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if there is None:
            _log.warning("%s links to %s, which is no page of the site", uri, path)
            return found[0]
        place = posixpath.relpath(there, os.path.dirname(uri) or ".")
        return f"{found[1]}{place}{'#' + anchor if anchor else ''}{found[3]}"

    parts, at = [], 0
    for code in _CODE.finditer(markdown):      # code has no links
        parts += [_LINK.sub(link, markdown[at:code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, _LINK.sub(link, markdown[at:])])
