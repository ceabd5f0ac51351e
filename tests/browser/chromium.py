"""Finds a Chromium to drive: the machine's own, or the one that Playwright downloaded.

`scripts/get_chromium.py` installs one where there is none; the browser tests only look.
"""
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.support.patience import HANGING

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
FIXED = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
# What a container without a GPU or user namespaces needs; nothing but the page's own requests leaves the machine.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--no-first-run")


def playwright_folder() -> Path:
    """Where Playwright keeps the browsers that it downloads."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if chosen and chosen != "0":
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ms-playwright"


def candidates() -> list[str]:
    """Paths of browsers that may be there, the best first: `VS2_CHROMIUM`, the machine's, Playwright's newest."""
    found = [os.environ.get("VS2_CHROMIUM"), *map(shutil.which, NAMES), *FIXED]
    for pattern in ("chromium-*/chrome-*/chrome", "chromium-*/chrome-*/chrome.exe",
                    "chromium-*/chrome-*/*.app/Contents/MacOS/*"):
        found += map(str, sorted(playwright_folder().glob(pattern), reverse=True))
    return [path for path in found if path and Path(path).is_file()]


def runs(path: str) -> bool:
    """Whether the browser starts at all: a stub package, or one whose libraries are missing, does not."""
    if sys.platform == "win32":  # there `--version` opens a window instead of answering
        return True
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=HANGING).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@cache
def find() -> str | None:
    """The path of a Chromium that starts, or None."""
    return next((path for path in candidates() if runs(path)), None)
