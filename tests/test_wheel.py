"""What is installed by pip: what the core and the app need, and nothing that is somebody else's name."""

import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from simcse_core.commands import app
from simcse_core.commands.main import main
from simcse_core.errors import UserError

ROOT = Path(__file__).parent.parent
LIST = """
import json, os, sys
import setuptools
captured = []
real = setuptools.setup
setuptools.setup = lambda **settings: captured.append(settings)
exec(compile(open("setup.py").read(), "setup.py", "exec"), {"__name__": "setup"})
(settings,) = captured
distribution = setuptools.Distribution({"name": "x", "script_name": "setup.py", **settings})
build = distribution.get_command_obj("build_py")
build.build_lib = "wheel"
build.ensure_finalized()
print(json.dumps([os.path.relpath(file, "wheel") for file in build.get_outputs(include_bytecode=False)]))
"""


@pytest.fixture(scope="module")
def files() -> set[str]:
    """The files of a wheel, without building one."""
    ended = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True, check=True)
    return {Path(name).as_posix() for name in json.loads(ended.stdout.splitlines()[-1])}


def test_a_wheel_carries_the_core_and_the_app(files: set[str]) -> None:
    core = {path.relative_to(ROOT).as_posix() for path in (ROOT / "simcse_core").rglob("*.py")}
    of_app = [ROOT / "app.py", ROOT / ".streamlit" / "config.toml"]
    of_app += [path for top in ("ui", "pages") for path in (ROOT / top).rglob("*") if path.is_file()]
    needed = {f"{app.INSTALLED}/{path.relative_to(ROOT).as_posix()}" for path in of_app if path.suffix != ".pyc"}
    assert core <= files
    assert needed <= files
    assert {"simcse_core/py.typed", "simcse_core/data/bundled/pairs-en.csv"} <= files


def test_a_wheel_takes_no_names_of_others_and_carries_no_tests(files: set[str]) -> None:
    assert {name.partition("/")[0] for name in files} == {"simcse_core", app.INSTALLED}
    assert not {name for name in files if "setup" in name or "tests/" in name or "benchmarks/" in name}


def _named(file: str) -> dict[str, str]:
    """The pins of a file of requirements, by name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    pins = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    return {pin.name.lower(): str(pin.specifier).removeprefix("==") for pin in pins}


def test_what_is_declared_is_what_is_pinned_and_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [Requirement(text) for text in (*project["dependencies"], *chain(*extras.values()))]
    others = [requirement for requirement in declared if requirement.name != project["name"]]
    pins, of_tests = _named("requirements.txt"), _named("requirements-dev.txt")
    assert {requirement.name.lower() for requirement in others} - set(of_tests) == set(pins)
    for requirement in others:
        assert requirement.specifier.contains({**pins, **of_tests}[requirement.name.lower()]), requirement
    assert not {"streamlit", "plotly", "umap-learn"} & {Requirement(text).name for text in project["dependencies"]}


def test_the_command_app_runs_streamlit_in_the_folder_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.chdir(ROOT / "tests")
    monkeypatch.setattr(os, "execve", lambda _program, command, _environment: called.append(command))
    assert main(["app", "--port", "8600"]) == 0
    (command,) = called
    assert main(["app", "--address", "my laptop"]) == 2
    folder = Path.cwd()
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert command[5:] == ["--server.port", "8600", "--server.address", "127.0.0.1"]
    assert Path(command[4]) == folder / "app.py" == ROOT / "app.py"


def test_a_core_without_the_app_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert main(["app"]) == 2
    assert "pip install 'simcse-explorer[app]'" in capsys.readouterr().err
    monkeypatch.setattr(app, "INSTALLED", "nowhere")
    monkeypatch.setattr(app, "__file__", "/nowhere/simcse_core/commands/app.py")
    with pytest.raises(UserError, match="The pages are not beside"):
        app.app_folder()


def test_the_readme_names_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set(re.findall(r"simcse-explorer\[(\w+)\]", (ROOT / "README.md").read_text()))
    assert named == set(extras)
