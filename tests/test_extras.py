"""What people are told to install, where this is a checkout and where it is installed."""
import shlex
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from vs2 import extras

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(extras, "CHECKOUT", False)


def packages(said: str) -> list[Requirement]:
    """What the command that is said installs."""
    assert said.startswith("run `pip install ") and said.endswith("`")
    return [Requirement(one) for one in shlex.split(said.strip("`").split("pip install ")[1])]


def test_a_checkout_installs_the_extra():
    assert extras.install("scale") == "run `pip install -e '.[scale]'` in the project's folder"


@pytest.mark.parametrize("extra", ["train", "generate", "scale", "serve"])
def test_elsewhere_its_packages_are_named(installed, extra, monkeypatch):
    stated = [f"{line}; extra == '{extra}'" if ";" not in line else f"{line} and extra == '{extra}'"
              for extra, lines in PROJECT["optional-dependencies"].items() for line in lines]
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch<3", "decord; sys_platform != 'emu'", *stated])
    expected = [Requirement(line) for line in PROJECT["optional-dependencies"][extra]]
    there = {one.name: one.specifier for one in expected if not one.marker or one.marker.evaluate()}
    assert {one.name: one.specifier for one in packages(extras.install(extra))} == there


def test_one_package_of_an_extra(installed):
    named, = packages(extras.install("scale", "ray"))
    assert named.name == "ray" and named.specifier


def test_a_copied_folder_without_metadata_says_what_it_knows(installed, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert "`generate`" in extras.install("generate") and "pip" not in extras.install("generate")
