"""The package as people get it: built from a copy of the checkout, and installed apart from it."""
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.patience import HANGING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def clean() -> dict[str, str]:
    """The environment without what would lead a Python to the checkout, or vs2 to other settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VS2_", "VIRTUAL_ENV"))}
    return kept | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
                   "GRADIO_ANALYTICS_ENABLED": "False"}


def run(*command, cwd: Path, **environment: str) -> str:
    """What a command prints; fails with what it says where it fails."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env=clean() | environment, capture_output=True, text=True,
                          timeout=HANGING)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name


def build_sdist(folder: Path) -> Path:
    """The source distribution of the checkout, by the hook that pip and build call (PEP 517)."""
    tools, out = folder / "tools", folder / "sdist"
    out.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", tools, cwd=folder)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    run(*PIP, "--python", python_of(tools), "install", "-q", *project["requires"], cwd=folder)
    hook = f"import sys, {project['build-backend']} as backend; print(backend.build_sdist(sys.argv[1]))"
    return out / run(python_of(tools), "-c", hook, out, cwd=ROOT).splitlines()[-1]


def build_wheel(sdist: Path, folder: Path) -> Path:
    """The wheel that pip makes of a source distribution, in an environment that it makes for that."""
    run(*PIP, "wheel", "-q", "--no-deps", "--wheel-dir", folder / "wheel", sdist, cwd=folder)
    wheel, = (folder / "wheel").iterdir()
    return wheel


def environment(folder: Path, wheel: Path | None = None) -> Path:
    """A new virtual environment with the wheel, and with the packages of this one, but not what is installed editable.

    A path file names the folder of these packages; Python does not follow the path files that lie there, by which an
    editable install leads into the checkout.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = python_of(folder)
    if wheel:
        run(*PIP, "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder.parent)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    others = sorted({sysconfig.get_path(name) for name in ("purelib", "platlib")})
    (own / "packages-of-the-tests.pth").write_text("\n".join(others), encoding="utf-8")
    return python
