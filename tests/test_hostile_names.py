"""A user's text stays a text wherever it goes out: terminal, README, spreadsheet, shell."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from simcse_core.api.progress import download_bar
from simcse_core.commands import printing
from simcse_core.commands.main import main
from simcse_core.data.kinds import Texts
from simcse_core.data.readers import data_from_bytes
from simcse_core.data.writers import to_csv
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.records import Finished, Note, Record, State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.plain import markdown, markup, printable, shell_word, short_line, shortened
from simcse_core.runs import store
from simcse_core.runs.bundle_contents import Description
from simcse_core.runs.bundle_readme import readme
from simcse_core.runs.config import RunConfig, Stage
from simcse_core.runs.reproduce import command
from simcse_core.runs.run import Run
from tests.hostile import NAMES, OF_A_RUN, UNSEEN, pictures_and_links, words_of
from tests.records import write_by_hand

EACH = pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))


@EACH
def test_markdown_shows_a_text_letter_for_letter(name: str) -> None:
    for around in ("{}", "# {}", "**a** · {}", "x {} y", "- {}"):
        text = around.format(markdown(name))
        if around == "{}":
            seen = words_of(text).replace("\u2060", "")
            assert " ".join(seen.split()) == " ".join(printable(name).replace("�", "\ufffd").split())
        assert not pictures_and_links(text)


@EACH
def test_a_terminal_sees_one_line_that_steers_nothing(name: str) -> None:
    for shown in (printable(name), short_line(name)):
        assert not UNSEEN.search(shown)
        assert "\n" not in shown
        assert "hostile" in shown


@EACH
def test_a_shell_takes_a_text_as_one_argument_and_shows_it_on_one_line(name: str) -> None:
    line = shell_word(name)
    assert line.isprintable()
    told = subprocess.run(["bash", "-c", f"printf %s {line}"], capture_output=True, check=True)
    assert told.stdout == os.fsencode(name)


@EACH
def test_a_label_of_a_figure_holds_no_tag(name: str) -> None:
    assert "<" not in markup(name)
    assert not UNSEEN.search(markup(name))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_text_is_a_formula_wherever_a_spreadsheet_thinks_that_cells_begin(separator: str) -> None:
    texts = ["=1+1", "a;=1+1;", 'x;"=1+1', "a\t@x", "a\n=1+1\n", "a\r+1", "; -1+1", "＝1+1", "\t=1", *NAMES]
    written = to_csv(["", *texts], [(text, 0.5, -1, text) for text in texts])
    lines = io.StringIO(written.replace("\r", "\n"))
    cells = [cell.strip(' "') for row in csv.reader(lines, delimiter=separator) for cell in row]
    numbers = ("-1", "-1,")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝")) and not cell.startswith(numbers)]


def test_what_is_written_is_read_again_as_it_was() -> None:
    texts = ["a;b", 'said "so"', "a,b", "see you ;-)", "x = y; z", "50 %", "a\nb", "<b>", "it's"]
    read = data_from_bytes(to_csv(["text", "x"], [(text, 1) for text in texts]).encode(), "t.csv")
    assert isinstance(read, Texts)
    assert list(read.text) == texts


def hostile_run(name: str = OF_A_RUN) -> Run:
    """A finished run in which everything that somebody could name is hostile."""
    config = RunConfig(
        data=f"/data/{NAMES[0]}\n# {NAMES[1]}.csv",
        dev=f"{NAMES[2]}\x1b[2J.csv",
        model=f"{NAMES[0]} \u202e",
        columns={"text": NAMES[3]},
        data_sha256=NAMES[0],
        dev_sha256=NAMES[1],
        model_sha256=NAMES[2],
        settings=TrainingSettings(tune="head"),
        stages=(Stage(run=NAMES[0], loss=NAMES[1], data=NAMES[2], started_from=NAMES[0]),),
        versions={NAMES[0]: NAMES[1]},
    )
    run = store.create(config)
    run.rename(name, None)
    write_by_hand(
        run,
        {"event": "note", "step": 1, "code": "x", "template": "{a}", "values": {"a": name}, "message": NAMES[8]},
        {"event": "finished", "run": run.id, "model": NAMES[8], "base_model": NAMES[0], "reason": "epochs",
         "steps": 1, "seconds": 1.0, "dev_before": {NAMES[0]: 0.5}, "dev_after": {NAMES[0]: 0.6}},
    )  # fmt: skip
    run.set_status(State.FINISHED)
    return run


def test_the_readme_of_a_bundle_shows_names_as_text() -> None:
    run = hostile_run()
    finished = Finished(
        dev_before={NAMES[0]: 0.5}, dev_after={NAMES[1]: 0.5, NAMES[0]: 0.6}, dev_as_it_comes={NAMES[1]: 0.1}
    )
    versions = {"simcse_core": NAMES[0], NAMES[1]: NAMES[2]}
    description = Description(format=1, name=run.title, run=run.id, command=command(run.config), data_sha256="",
                              dev_sha256="", model_sha256="", versions=versions)  # fmt: skip
    text = readme(run.model, run.config, description, finished)
    assert not pictures_and_links(text)
    assert not UNSEEN.search(text)
    assert [line for line in text.splitlines() if line.startswith("# ")] == [f"# {markdown(run.title)}"]
    assert f"{command(run.config)}\n```" in text  # the command stays what a shell takes
    text.encode("utf-8")


def test_a_command_of_hostile_names_is_one_line_for_a_shell() -> None:
    line = command(hostile_run().config)
    assert line.isprintable()
    told = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    assert os.fsencode(f"/data/{NAMES[0]}\n# {NAMES[1]}.csv") in told.stdout.split(b"\0")


def test_commands_about_runs_print_hostile_names_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    run = hostile_run()
    for form in ("text", "json"):
        for arguments in (["list"], ["show", run.id], ["rename", run.id, NAMES[8]], ["rename", run.id, OF_A_RUN],
                          ["cancel", run.id], ["delete", run.id], ["resume", run.id]):  # fmt: skip
            main(["runs", *arguments, "--format", form])
            printed = capsys.readouterr()
            assert not UNSEEN.search(printed.out + printed.err), arguments
            assert printed.err.count("\n") <= 1
            if form == "json" and printed.out:
                json.loads(printed.out)


@EACH
def test_an_error_is_one_line_that_steers_nothing(
    capsys: pytest.CaptureFixture[str], name: str, tmp_path: Path
) -> None:
    """Whatever it is about: a file, a folder, a model, a run, an option, an operating system's own words."""
    for arguments in (
        ["similarity", "--file", name],
        ["similarity", "a", "--model", name],
        ["similarity", "a", f"--pooling={name}"],
        ["evaluate", "--data", name],
        ["encode", "--input", name, "--output", str(tmp_path / "v.npy")],
        ["project", "--input", "x.txt", "--output", "x.csv", f"--method={name}"],
        ["runs", "show", name],
        ["runs", "import", name],
        ["models", "fetch", name],
        ["train", "--data", "intents-en", f"--loss={name}"],
        ["train", "--data", "intents-en", f"--loss-option={name}"],
        [name],
    ):
        assert main(arguments) == 2, arguments
        printed = capsys.readouterr()
        assert not UNSEEN.search(printed.out + printed.err), arguments
        assert printed.err.count("\n") == 1, printed.err
        assert printed.err.startswith("simcse_core: ")


@EACH
def test_what_a_training_prints_steers_nothing(capsys: pytest.CaptureFixture[str], name: str) -> None:
    records: list[Record] = [Note(message=name), Finished(model=name)]
    for form in ("text", "json"):
        for record in records:
            printing.print_record(record, form)
    printing.print_table(("name",), [(name,)])
    printing.print_answer({"file": name}, "text")
    printing.print_answer({"file": name}, "json")
    printing.print_similarity({"texts": [name], "others": [name], "similarity": [[1.0]]})
    printing.to_stderr(name)
    with download_bar(name) as show:
        show(1, 1)
    printed = capsys.readouterr()
    assert not UNSEEN.search(printed.out + printed.err)


def test_class_names_and_columns_in_errors_are_one_line() -> None:
    for name in NAMES[:8]:
        with pytest.raises((DataError, OptionError)) as refused:
            data_from_bytes(to_csv([name, "other"], [("a", 1)]).encode("utf-8", "replace"), f"{name}.csv")
        assert "\n" not in short_line(str(refused.value))


def test_what_is_shortened_is_no_longer_than_asked() -> None:
    assert shortened("multilingual-e5-small (4-bit)", 20) == "multilingual … -bit)"
    assert shortened("x" * 500) == "x" * 80 + " … " + "x" * 40
