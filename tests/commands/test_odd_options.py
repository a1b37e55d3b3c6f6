"""Every option of every command, every variable and every file argument with what people and scripts write into them:
exit status 2 and one line on stderr, never a traceback."""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.commands.main import main, make_parser
from simcse_core.encoding import catalogue
from simcse_core.encoding.layers import layers_to_tune
from simcse_core.errors import ModelError, OptionError
from simcse_core.home import home, models_folder
from simcse_core.limits import Limits, limits
from simcse_core.meaning.projection import projections
from simcse_core.runs import bundles, execute, queue, race

NINES = "9" * 5_000
NO_NUMBERS = (
    "", " ", "x", "nan", "inf", "-inf", "Infinity", "1e400", "-1e400", NINES, f"-{NINES}",
    f"0.{NINES}e99999", "1_000", "1_0.0",
    "١", "１", "²", "0x10", "1,5", "1 0", "½", "5\x00", "5\n", "\u202e5", "true", "none", "1e", "[1]", "5\udce9",
)  # fmt: skip
"""As a number: none, too large for anything, or what only Python takes for one."""
ODD_TEXTS = (
    "", " ", "\x00", "x" * 5_000, NINES, "\udce9", "\x1b[2J", "\u202e", ".", "/", "..", "/dev/null",
    "/dev/zero", "/proc/self/mem", "a\nb", "~", "~nobody-at-all", "-", "{}", "%s", "hub:", "hub:/", "hub:a/b/c/d/..",
    "C:\\x", "file:///etc/passwd", "=", "a=b=c,", ",", "top:", "top:x", f"top:{NINES}", "top:١", "top:-1", "top:1_0",
)  # fmt: skip
"""As a name, a file or a folder."""


@pytest.fixture(autouse=True)
def nothing_is_loaded_or_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever an option can be refused for is refused before a model is loaded, so none is."""

    def stop(name: str, **options: Any) -> None:
        if name != "minilm":
            catalogue.find(name)
        raise ModelError("reached the model")

    for module in (catalogue, bundles, execute, race):  # the last three have taken its name over
        monkeypatch.setattr(module, "load", stop)
    monkeypatch.setattr(queue, "ensure_supervisor", lambda **_options: None)
    monkeypatch.setattr(os, "execve", lambda *_arguments: None)  # the pages would run in the place of the tests
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.txt").write_text("a\nb\n")


NEEDED = {
    "similarity": ["a", "b"],
    "encode": ["--input=texts.txt", "--output=v.npy"],
    "evaluate": ["--data=intents-en"],
    "project": ["--input=texts.txt", "--output=points.csv"],
    "train": ["--data=intents-en"],
    "race": ["--data=intents-en", "--losses=supcon"],
    "compare": ["minilm", "minilm", "--data=pairs-en"],
    "models fetch": ["minilm"],
    "runs import": ["texts.txt"],
    "runs rename": ["x", "y"],
    **{f"runs {action}": ["x"] for action in ("show", "export", "cancel", "resume", "delete")},
}
"""What a command needs besides the option that is tried."""


def commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """All commands and what stands behind them, by the words that call them."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if path:
        yield path, parser
    for action in actions:
        for name, inner in action.choices.items():
            yield from commands(inner, f"{path} {name}".strip())


def options() -> Iterator[tuple[str, argparse.Action]]:
    for path, parser in commands(make_parser()):
        for action in parser._actions:
            if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction) and action.nargs != 0:
                yield path, action


def is_number(action: argparse.Action) -> bool:
    return action.type not in (None, str)


def once(places: list[tuple[str, str | None]]) -> list[tuple[str, str | None, bool]]:
    """With whether it is the first of its name: it means the same everywhere, so the first is tried with everything."""
    names = [option or path for path, option in places]
    return [(path, option, names.index(option or path) == index) for index, (path, option) in enumerate(places)]


NUMBERS = once([(path, action.option_strings[0]) for path, action in options() if is_number(action)])
TEXTS = once([
    (path, action.option_strings[0] if action.option_strings else None)
    for path, action in options()
    if not is_number(action)
])  # fmt: skip
A_FEW = 8


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and stderr of a command, which has to be one line."""
    status = main(arguments)
    printed = capsys.readouterr()
    shown = [argument[:80] for argument in arguments]
    assert status in (0, 2), shown
    assert "Traceback" not in printed.err, shown
    if status == 2:
        assert printed.err.count("\n") == 1, (shown, printed.err)
        assert printed.err.startswith("simcse_core: "), (shown, printed.err)
        assert len(printed.err) < 2_500, shown
    return status, printed.err


def test_there_are_commands_and_options_to_try() -> None:
    assert len(NUMBERS) > 20
    assert len(TEXTS) > 40
    assert {path for path, _parser in commands(make_parser())} >= {*NEEDED, "models", "runs"}


@pytest.mark.parametrize(("path", "option", "first"), NUMBERS)
def test_what_is_no_number_is_refused_by_name(
    path: str, option: str, first: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in NO_NUMBERS if first else NO_NUMBERS[:A_FEW]:
        status, err = run([*path.split(), *NEEDED.get(path, []), f"{option}={value}"], capsys)
        assert status == 2, value[:80]
        assert option.strip("-").replace("-", " ") in err.replace("_", " ").replace("-", " "), (value[:80], err)


@pytest.mark.parametrize(("path", "option", "first"), TEXTS)
def test_no_odd_name_brings_a_command_down(
    path: str, option: str | None, first: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = NEEDED.get(path, [])
    for value in ODD_TEXTS if first else ODD_TEXTS[:A_FEW]:
        odd = [*needed[1:], value] if option is None else [*needed, f"{option}={value}"]
        run([*path.split(), *odd], capsys)


def test_an_odd_option_of_a_loss_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    for value in (*NO_NUMBERS, "-1", "1e9"):
        arguments = ["train", "--data=intents-en", "--loss=triplet", f"--loss-option=margin={value}"]
        status, err = run(arguments, capsys)
        assert status == 2, value[:80]
        assert "margin" in err, value[:80]


@pytest.mark.parametrize("field", [field.name for field in fields(Limits)])
def test_a_limit_that_is_no_whole_number_is_refused_by_name(
    field: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variable = f"SIMCSE_{field.upper()}"
    for value in ("0", "-1", "1.5", "1" + "0" * 30, *NO_NUMBERS[1:]):
        if "\x00" in value:
            continue
        monkeypatch.setenv(variable, value)
        with pytest.raises(OptionError, match=variable) as refused:
            limits()
        assert len(str(refused.value)) < 400
    monkeypatch.setenv(variable, NINES)
    status, err = run(["similarity", "a", "b"], capsys)
    assert status == 2
    assert variable in err
    monkeypatch.setenv(variable, "")
    assert limits() == Limits()


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "closed.txt").write_text("a\n")
    (tmp_path / "closed.txt").chmod(0)
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "dangling.txt").symlink_to("nowhere.txt")
    os.mkfifo(tmp_path / "fifo.txt")
    inputs = [
        "folder.txt",
        "loop.txt",
        "dangling.txt",
        "fifo.txt",
        "missing.txt",
        "x" * 5_000,
        "texts.txt/x",
        "/dev/null",
    ]
    inputs += [] if os.geteuid() == 0 else ["closed.txt"]
    for file in inputs:
        for arguments in (
            ["similarity", f"--file={file}"],
            ["similarity", "a", f"--against={file}"],
            ["encode", f"--input={file}", "--output=v.npy"],
            ["evaluate", f"--data={file}"],
            ["project", f"--input={file}", "--output=p.csv"],
            ["train", f"--data={file}"],
            ["runs", "import", file],
        ):
            status, err = run(arguments, capsys)
            assert status == 2, arguments
            assert file[:40] in err, err
    for file in ("folder.txt", "loop.txt/x", "x" * 5_000, "texts.txt/x", "nowhere/x", "", "/dev/null/x"):
        for arguments in (
            ["encode", "--input=texts.txt", f"--output={file}"],
            ["project", "--input=texts.txt", f"--output={file}"],
        ):
            status, err = run(arguments, capsys)
            assert status == 2, arguments
            assert "reached the model" not in err, arguments


def test_a_file_that_is_read_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link.txt").symlink_to("texts.txt")
    os.link(tmp_path / "texts.txt", tmp_path / "twin.txt")
    for command in ("encode", "project"):
        for output in ("texts.txt", "./texts.txt", "link.txt", "twin.txt"):
            status, err = run([command, "--input=texts.txt", f"--output={output}"], capsys)
            assert status == 2
            assert "--output is the file that --input names" in err
    assert (tmp_path / "texts.txt").read_text() == "a\nb\n"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_text("weights")
    for command in ("encode", "project"):
        arguments = [command, "--input=texts.txt", "--model=model", "--output=model/model.safetensors"]
        assert "--output is the file that --model names" in run(arguments, capsys)[1]


def test_a_folder_that_takes_no_new_files_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "old.npy").touch()
    (tmp_path / "link.npy").symlink_to("shut/old.npy")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "shut" or not mode & os.W_OK)
    for command in ("encode", "project"):
        for output in ("shut/old.npy", "shut/new.npy", "link.npy"):
            status, err = run([command, "--input=texts.txt", f"--output={output}"], capsys)
            assert status == 2
            assert "takes no new files" in err
            assert output in err
    status, err = run(["train", "--data=intents-en", "--output=shut/run"], capsys)
    assert (status, "shut/run cannot be written" in err) == (2, True)


def test_encoding_refuses_a_pipe_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for output in ("pipe", "/dev/null"):
        status, err = run(["encode", "--input=texts.txt", f"--output={output}"], capsys)
        assert (status, f"{output} cannot be written" in err) == (2, True)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("texts.txt", "texts.txt is a file"),
        ("texts.txt/run", "texts.txt is a file"),
        ("mine", "holds other files"),
    ],
)
def test_a_run_is_refused_its_folder_before_a_model_is_loaded(
    capsys: pytest.CaptureFixture[str], output: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "model").mkdir(parents=True)
    status, err = run(["train", "--data=intents-en", f"--output={output}"], capsys)
    assert (status, message in err) == (2, True)


@pytest.mark.parametrize("data", ["intents-en", "pairs-en"])
def test_a_best_score_is_refused_for_data_without_scores(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, err = run(["evaluate", f"--data={data}", "--scale-max=3"], capsys)
    assert (status, "its rows have no scores. Leave --scale-max out" in err) == (2, True)
    assert "reached the model" in run(["evaluate", "--data=scored-en", "--scale-max=3"], capsys)[1]


def test_a_run_is_not_started_where_its_names_cannot_be_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = os.fsdecode(b"caf\xe9.csv")
    (tmp_path / odd).write_text("text,label\n" + "a,b\nc,d\n" * 5)
    (tmp_path / "a\nb.csv").write_text("text,label\n" + "a,b\nc,d\n" * 5)
    for flags in ([f"--data={odd}"], ["--data=intents-en", f"--dev={odd}"], ["--data=intents-en", "--output=a\nb"],
                  ["--data=a\nb.csv"], ["--data=intents-en", f"--output={odd}"]):  # fmt: skip
        status, err = run(["train", *flags], capsys)
        assert status == 2
        assert "is not UTF-8, or holds a line break" in err
    status, err = run(["runs", "list", f"--home={odd}"], capsys)
    assert status == 2
    assert "Set SIMCSE_HOME to another one" in err


@pytest.mark.parametrize("layers", ["top:0", "top:7", "top:", f"top:{NINES}", "top:١", "all:1", "bottom:1"])
def test_layers_to_train_that_are_none_are_refused(layers: str) -> None:
    with pytest.raises(OptionError, match="Choose 'head', 'all', or 'top:K' with K from 1 to 6"):
        layers_to_tune(layers, 6)


def test_a_home_of_nobody_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(*_arguments: object) -> str:
        return "~"  # as for a user without an entry and without HOME

    monkeypatch.delenv("SIMCSE_HOME")
    monkeypatch.delenv("SIMCSE_MODELS")
    monkeypatch.setattr("os.path.expanduser", nobody)
    for arguments in (["models"], ["runs", "list"]):
        status, err = run(arguments, capsys)
        assert status == 2
        assert "this user has no home" in err
        assert "SIMCSE_HOME" in err


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, folder in (("SIMCSE_HOME", home), ("SIMCSE_MODELS", models_folder)):
        monkeypatch.setenv(variable, "~/here")
        assert folder() == tmp_path.resolve() / "here"
        monkeypatch.setenv(variable, "~nobody-at-all/here")
        with pytest.raises(OptionError, match=f"this user has no home.*{variable}"):
            folder()
        monkeypatch.setenv(variable, "")
    assert home() == tmp_path.resolve() / ".simcse"


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_empty_home_is_no_home(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.setenv("HOME", nothing)
    monkeypatch.setenv("SIMCSE_HOME", "")
    with pytest.raises(OptionError, match="this user has no home"):
        home()
    monkeypatch.setenv("SIMCSE_HOME", "/somewhere")
    assert home() == Path("/somewhere").resolve()


@pytest.mark.parametrize("file", ["texts.txt", "texts.txt/inside", "/dev/null", "/dev/null/inside"])
def test_a_file_is_no_home(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    for variable, folder in (("SIMCSE_HOME", home), ("SIMCSE_MODELS", models_folder)):
        with monkeypatch.context() as patch:
            patch.setenv(variable, file)
            with pytest.raises(OptionError, match=f"{file} is no folder.*Set {variable}"):
                folder()


def test_folders_in_a_circle_are_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "circle"))
    with pytest.raises(OptionError, match="links lead in a circle"):
        home()


UMAP_THAT_NEEDS_A_CACHE = """
import os
from numba import config
if not os.path.isdir(os.path.dirname(getattr(config, "CACHE_DIR", "") or "/nowhere/x")):
    raise RuntimeError("cannot cache function 'rdist': no locator available for file 'umap/layouts.py'")
class UMAP:
    def __init__(self, **options): pass
    def fit_transform(self, vectors, classes=None): return vectors[:, :2]
"""


def test_umap_keeps_what_it_compiles_in_our_home_where_nothing_else_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "umap.py").write_text(UMAP_THAT_NEEDS_A_CACHE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "umap", None)  # so that whatever is there comes back
    monkeypatch.delitem(sys.modules, "umap")
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    embeddings = np.eye(20, dtype=np.float32)
    with pytest.raises(OptionError, match=r"cache.numba cannot be written. Set NUMBA_CACHE_DIR"):
        projections["umap"].function(embeddings)
    (home() / "cache").mkdir(parents=True)
    assert projections["umap"].function(embeddings).shape == (20, 2)
