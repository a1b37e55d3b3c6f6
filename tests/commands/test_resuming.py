"""`train --resume`: a run goes on with what it was started with."""

import json
from pathlib import Path

import pytest

from simcse_core.jsonable import jsonable
from simcse_core.learning.records import State, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import following, queue, store
from simcse_core.runs.config import RunConfig
from simcse_core.runs.execute import execute
from tests.commands.conftest import Command

pytestmark = pytest.mark.usefixtures("the_worker_is_here")


def test_a_cancelled_run_goes_on_and_ends_as_if_nothing_had_happened(run: Command, tmp_path: Path) -> None:
    arguments = "train --data intents-zh --model use-multilingual --tune head --loss supcon --epochs 2 --format json"
    whole = [json.loads(line) for line in run(*arguments.split(), "--output", tmp_path / "whole")[1].splitlines()]
    folder = tmp_path / "broken"
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    broken = store.create(RunConfig.model_validate(config), folder)
    execute(broken, lambda record: broken.ask_to_cancel() if isinstance(record, Step) and record.step == 3 else None)
    assert broken.status.state == "cancelled"
    assert run(*arguments.split(), "--output", folder)[0] == 2  # a second run in the same folder is refused
    status, _out, err = run("train", "--data", "intents-zh", "--resume", "--output", folder)
    assert status == 0, err
    for key in ("loss", "metrics", "dev_after"):
        assert [r.get(key) for r in jsonable(broken.records())] == [r.get(key) for r in whole]
    status, _out, err = run("train", "--data", "intents-zh", "--resume", "--output", folder)
    assert status == 2
    assert "is finished" in err


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> store.Run:
    """A run that waits to be resumed, and nobody who carries it out."""
    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", lambda *_arguments, **_settings: [])
    (tmp_path / "pairs.csv").write_text("text,label\na,b\n")
    settings = TrainingSettings(loss="triplet", loss_options={"margin": 0.5}, tune="head")
    config = RunConfig(data=str(tmp_path / "pairs.csv"), columns={"text": "t"}, model="use-multilingual",
                       settings=settings)  # fmt: skip
    made = store.create(config, tmp_path / "run")
    made.set_status(State.CANCELLED)
    return made


@pytest.mark.parametrize(
    "flags",
    [
        "",
        "--data pairs.csv",
        "--data ./pairs.csv --columns text=t --loss triplet --loss-option margin=0.50 --model use-multilingual",
        "--seed 0 --device auto --precision auto --tune head --learning-rate 5e-5 --format json",
    ],
)
def test_a_run_is_resumed_beside_flags_that_say_what_it_has(
    run_line: Command, stopped: store.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _out, err = run_line("train --resume --output run", flags)
    assert (status, err) == (0, "")
    assert stopped.status.state == "queued"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--loss bce", "--loss is bce, the run has triplet"),
        ("--steps 5", "--steps is 5, the run has none"),
        ("--learning-rate 1", "--learning-rate is 1.0, the run has 5e-05"),
        ("--model minilm", "--model is minilm, the run has use-multilingual"),  # which is the default
        ("--seed 1", "--seed is 1, the run has 0"),
        ("--loss-option margin=0.2", "--loss-option margin is 0.2, the run has 0.5"),
        ("--loss bce --loss-option scale=2", "--loss is bce"),
        ("--loss-option nothing=2", "nothing"),
        ("--data intents-en", "--data is intents-en, the run has "),
        ("--columns text=u", "--columns is "),
        ("--as pairs", "--as is pairs, the run has none"),
        ("--dev-share 0.3 --pooling max", "--dev-share is 0.3, the run has none; --pooling is max"),
        ("--encoding big5 --sheet 2", "--encoding is big5, the run has none; --sheet is 2"),
        ("--folds 3 --fold 1", "--folds is 3, the run has none; --fold is 1"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    run_line: Command, stopped: store.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _out, err = run_line("train --resume --output run", flags)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert stopped.status.state == "cancelled"
