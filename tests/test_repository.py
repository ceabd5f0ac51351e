"""What must hold of the repository as a whole: the README, versions, sizes, imports and who may import whom."""
import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.patience import HANGING
from vs2 import driver

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = sorted((ROOT / "vs2").rglob("*.py"))
SOURCES = LIBRARY + sorted((ROOT / "train").rglob("*.py"))
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                 for path in LIBRARY if path.name != "__main__.py")
LARGEST_FILE = 10 * 10**6  # bytes; above it a Space needs large-file storage
LONGEST_SOURCE = 320       # lines
# Packages whose import name is not their own name.
PACKAGE_OF = {"PIL": "pillow", "skimage": "scikit-image", "yaml": "pyyaml"}


def name(path: Path) -> str:
    """A file's path inside the repository, for test ids and messages."""
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    """The files that are in git or would be added to it."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode()
    return [ROOT / item for item in listed.split("\0") if item and (ROOT / item).is_file()]


def texts() -> dict[str, str]:
    """The contents of the tracked files that are text."""
    contents = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw[:8192]:
            contents[name(path)] = raw.decode("utf-8", errors="replace")
    return contents


def requirements() -> list[Requirement]:
    """Every requirement of the library and of the extras, as ranges."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stated = [line for line in lines if line.strip() and not line.startswith("#")]
    extras = project()["project"]["optional-dependencies"]
    return [Requirement(line) for line in stated + [line for one in extras.values() for line in one]]


def project() -> dict:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def constraints() -> dict[str, str]:
    """The exact versions tested, by normalised name."""
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
             if line.strip() and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in lines), "only name==version"
    return {canonicalize_name(key): version for key, version in (line.split("==") for line in lines)}


def readme() -> tuple[dict, str]:
    """The README's front matter and what follows it."""
    _, front, body = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), body


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports anywhere, `from a import b` giving both a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}:{node.lineno} imports relatively; modules are named in full here"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def under(modules: set[str], *packages: str) -> set[str]:
    """Those of `modules` that are one of the packages or inside one."""
    return {module for module in modules if any(module == p or module.startswith(p + ".") for p in packages)}


def run(code: str) -> subprocess.CompletedProcess:
    """Runs Python code in a fresh interpreter, in the repository."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=HANGING)


def test_the_readme_opens_as_a_space_and_then_with_the_two_commands():
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith("---\n")
    front, body = readme()
    assert front["sdk"] == "gradio" and (ROOT / front["app_file"]).is_file()
    assert front["license"] == "apache-2.0" and front["models"] == ["TIGER-Lab/VideoScore2"]
    assert len(front["short_description"]) <= 60, "a Space refuses a longer one"
    assert str(front["python_version"]) in ("3.10", "3.12"), "what a ZeroGPU Space has"
    assert front["sdk_version"] == constraints()["gradio"], "a Space should run what was tested"
    opening = re.match(r"\s*# [^\n]+\s+```bash\n(.*?)```", body, re.DOTALL)
    assert opening, "a title and the commands come before anything else"
    commands = [line.split("#")[0].strip() for line in opening[1].splitlines()]
    assert commands == ["make app", "make test"]


def test_the_readme_lists_every_environment_variable():
    read = set()
    for path in [*LIBRARY, ROOT / "app.py"]:
        read |= set(re.findall(r"\bVS2_[A-Z][A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    _, body = readme()
    assert read, "the search found none: the pattern is wrong"
    assert not {variable for variable in read if f"`{variable}`" not in body}


def test_local_links_lead_somewhere():
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{name(document)} links to {target}"


def test_the_architecture_names_what_exists_and_nothing_else():
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    blocks = re.findall(r"## (The house|Planned)\n.*?```\n(.*?)```", document, re.DOTALL)
    assert [title for title, _ in blocks] == ["The house", "Planned"]
    there, planned = ([line.split()[0] for line in block.splitlines() if line.strip()] for _, block in blocks)
    assert not [path for path in there if not (ROOT / path).exists()], "described, but not there"
    assert not [path for path in planned if (ROOT / path).exists()], "there, but still described as planned"
    described = {line.rstrip("/") for line in there}
    # A file has a line of its own, or its folder has one and no file in it has.
    whole = {folder for folder in described if (ROOT / folder).is_dir()
             and not any(str(Path(other).parent) == folder and other.endswith(".py") for other in described)}
    missing = [name(path) for path in SOURCES if path.name not in ("__init__.py", "__main__.py")
               and name(path) not in described and name(path.parent) not in whole]
    assert not missing, "there, but not described"


def test_versions_tested_satisfy_the_ranges():
    tested = constraints()
    for requirement in requirements():
        key = canonicalize_name(requirement.name)
        if requirement.marker is None or requirement.marker.evaluate():
            assert key in tested, f"{key} has no tested version"
        if key in tested:
            assert requirement.specifier.contains(tested[key]), f"{requirement} excludes the tested {tested[key]}"


def test_make_setup_installs_every_extra_and_no_test_is_skipped_for_want_of_a_package():
    """What pip can bring is there in CI: a test that is skipped without it would be skipped for ever."""
    extras = set(project()["project"]["optional-dependencies"])
    installed = re.search(r"-e \"\.\[([a-z,]+)\]\"", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert set(installed.group(1).split(",")) == extras
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
            asks = called == "importorskip" or (called == "skipif" and "find_spec" in ast.dump(node))
            assert not asks, f"{name(path)}, line {node.lineno}"


def test_what_is_imported_is_required():
    """A package that is only there because another one needs it may go with the next version."""
    optional = [line for lines in project()["project"]["optional-dependencies"].values() for line in lines]
    required = {canonicalize_name(requirement.name) for requirement in [*requirements(), *map(Requirement, optional)]}
    undeclared = {}
    for path in SOURCES:
        tops = {module.split(".")[0] for module in imports(path)} - sys.stdlib_module_names - {"vs2", "train"}
        undeclared |= {top: name(path) for top in tops if canonicalize_name(PACKAGE_OF.get(top, top)) not in required}
    assert not undeclared


def test_the_ranges_admit_a_zerogpu_space():
    by_name = {requirement.name: requirement.specifier for requirement in requirements()}
    # torch, the torchvision that goes with it, and the last transformers for Python 3.10
    for torch, torchvision, transformers in (("2.8.0", "0.23.0", "5.20.2"), ("2.11.0", "0.26.0", "5.23.0")):
        assert by_name["torch"].contains(torch) and by_name["torchvision"].contains(torchvision)
        assert by_name["transformers"].contains(transformers)


def test_the_range_of_transformers_is_what_was_tested():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    oldest, newest = re.search(r"^TRANSFORMERS \?= (\S+) (\S+)$", makefile, re.MULTILINE).groups()
    stated, = (requirement for requirement in requirements() if requirement.name == "transformers")
    major, minor, _ = map(int, newest.split("."))
    assert {str(bound) for bound in stated.specifier} == {f">={oldest}", f"<{major}.{minor + 1}"}
    assert Version(oldest) <= Version(constraints()["transformers"]) <= Version(newest)


@pytest.mark.parametrize("system, machine, expected", [
    ("linux", "x86_64", "decord"), ("linux", "aarch64", "decord2"), ("darwin", "arm64", "decord2"),
    ("win32", "AMD64", "decord"),
])
def test_each_platform_gets_exactly_one_decord(system, machine, expected):
    chosen = [r.name for r in requirements() if r.name.startswith("decord")
              and r.marker.evaluate({"sys_platform": system, "platform_machine": machine})]
    assert chosen == [expected]


def test_no_large_file():
    large = {name(path): path.stat().st_size for path in tracked() if path.stat().st_size > LARGEST_FILE}
    assert not large


def test_no_path_of_a_machine_and_no_registry_host():
    private = re.compile(r"(?<![\w.~/-])/(?:work|home|root|Users)/[A-Za-z]|(?<!\w)[A-Z]:\\Users\\"
                         + "|" + r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)")
    found = {file: match[0] for file, content in texts().items()
             if file != name(Path(__file__)) and (match := private.search(content))}
    assert not found


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_sources_stay_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_SOURCE


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports(module):
    importlib.import_module(module)


def dotted(path: Path) -> str:
    """A source's module name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def floors() -> dict[str, int]:
    """The floor of each room of vs2/, from docs/architecture.md, 0 the lowest."""
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"### Floors\n.*?```\n(.*?)```", document, re.DOTALL)[1]
    return {room: floor for floor, line in enumerate(block.splitlines()) for room in line.split("  ")[0].split()}


def imported_modules(path: Path) -> set[str]:
    """The project's own modules that a file imports; a package stands for its `__init__`."""
    known, found = {dotted(source) for source in SOURCES}, set()
    for module in imports(path):
        if module in known:
            found.add(module)
    return {module for module in found if not any(other.startswith(module + ".") for other in found)}


def room(module: str) -> str:
    """`vs2.video.worker.open` lies in the room `video`."""
    return module.split(".")[1] if "." in module else ""


def test_every_room_has_a_floor():
    rooms = {room(dotted(path)) for path in LIBRARY} - {"", "__main__"}
    assert rooms == set(floors())


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_imports_point_one_way(path):
    """train/ and the app stand on the library; in it, each room stands on those below it."""
    used, mine = imports(path), room(dotted(path))
    assert not under(used, "train", "app", "tests", "perf", "scripts")
    assert mine == "ui" or not under(used, "gradio"), "only pages know gradio"
    assert mine != "scenes" or not under(used, "torch", "transformers")
    floor, least = floors(), len(floors())
    if mine in floor:
        up = {module for module in imported_modules(path)
              if (other := room(module)) and other != mine and floor[other] > floor[mine]}
        beside = {module for module in imported_modules(path)
                  if (other := room(module)) and other != mine and floor[other] == floor[mine]}
        assert not up, f"a room above: {floor[mine]} of {least}"
        assert not beside or (ROOT / "vs2" / f"{mine}.py").is_file(), "a room beside it"


def test_no_module_stands_in_a_circle():
    uses = {dotted(path): imported_modules(path) - {dotted(path)} for path in SOURCES}
    done, way = set(), []

    def visit(module: str) -> None:
        assert module not in way, " -> ".join([*way[way.index(module):], module])
        if module in done:
            return
        way.append(module)
        for other in sorted(uses[module]):
            visit(other)
        done.add(way.pop())

    for module in sorted(uses):
        visit(module)


@pytest.mark.parametrize("command", ["--help", "models", "score clip.mp4", "score no-such-clip.mp4 --prompt cat"])
def test_importing_help_lists_and_errors_do_not_load_the_model_libraries(command):
    heavy = ("torch", "transformers", "gradio", "pandas", "scipy", "plotly")
    code = f"""
import json, sys
import vs2
sys.argv = ["vs2", *{command!r}.split()]
from vs2.cli.main import main
try:
    status = main()
except SystemExit as done:
    status = done.code
print("\\n" + json.dumps([status or 0, [module for module in {heavy!r} if module in sys.modules]]))
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert ("usage" in done.stdout.lower()) == (command == "--help")
    asks = command == "models" and any((Path("/dev") / one).exists() for one in driver.DEVICES)
    assert json.loads(done.stdout.splitlines()[-1]) == [2 if "clip" in command else 0, ["torch"] * asks]


def test_the_command_is_installed():
    script = Path(sys.executable).with_name("vs2")
    done = subprocess.run([str(script), "--help"], cwd=ROOT.parent, capture_output=True, text=True, timeout=HANGING)
    assert done.returncode == 0 and "score" in done.stdout, done.stderr
