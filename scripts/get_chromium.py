"""Makes sure that the browser tests have a Chromium, and says which one they will use.

In this order: what the machine has; Playwright's own download; the distribution's package, when this is root
on a machine with apt. Each way has a time limit, so that one that cannot be reached costs seconds.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.chromium import find  # noqa: E402  (the path above makes the tests' own search importable)

# Playwright tries several addresses in turn; each may take this long to answer before the next is tried.
ANSWER_WITHIN_MS = "5000"
WITHIN_S = 300


def attempt(commands: list[list[str]], **environment: str) -> bool:
    """Runs the commands until one fails; its last words are printed then. True when all went well."""
    for command in commands:
        try:
            done = subprocess.run(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, errors="replace", timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            print(f"  `{' '.join(command)}` took more than {WITHIN_S} s", flush=True)
            return False
        if done.returncode:
            lines = (done.stdout + done.stderr).splitlines()
            said = [line.strip() for line in lines if "rror:" in line or line.startswith("E:")]
            print(f"  not to be had: {said[0] if said else f'exit status {done.returncode}'}", flush=True)
            return False
    return True


def from_playwright() -> bool:
    """Playwright's own build, into its cache in the home folder."""
    print("chromium: none here, trying Playwright's download", flush=True)
    return attempt([[sys.executable, "-m", "playwright", "install", "chromium"]],
                   PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=ANSWER_WITHIN_MS)


def from_distribution() -> bool:
    """The distribution's package, with the libraries it needs; only root may install it."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    print("chromium: installing the distribution's package", flush=True)
    return attempt([["apt-get", "-qq", "update"],
                    ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"]],
                   DEBIAN_FRONTEND="noninteractive")


def main() -> int:
    """0 when there is a Chromium that starts, 1 (and how to get one) when there is not."""
    for way in (None, from_playwright, from_distribution):
        if way:
            way()
            find.cache_clear()
        path = find()
        if path:
            print(f"chromium: {path}", flush=True)
            return 0
    print("chromium: none found and none could be installed; install Chromium or Chrome, or put its path in "
          "VS2_CHROMIUM", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
