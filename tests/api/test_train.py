"""`train`: from data, however it is given, to a model with a run behind it."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pytest

import simcse_core
from simcse_core import UserError, load, train
from simcse_core.api.options import Settings
from simcse_core.commands.main import main
from simcse_core.data.in_memory import data_from_memory
from simcse_core.errors import DataError, ModelError, OptionError, RunError
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import store
from simcse_core.runs.store import all_runs
from tests.api.conftest import QUICK, columns_of
from tests.learning.small import TEXTS, data_of, tiny_model


def test_a_training_is_a_run_that_the_command_line_lists(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = train(columns_of("labelled"), "supcon", model=tiny_folder, name="mine", **QUICK)
    assert [run.id for run in all_runs()] == [result.id]
    main(["runs", "list"])
    assert result.id in (listed := capsys.readouterr().out)
    assert "mine" in listed
    assert result.run.config.settings.epochs == 1
    assert result.before is not None
    assert result.after is not None
    assert set(result.before) == set(result.after) >= {"logistic_accuracy", "n"}
    expected = load(result.id).encode(["the cat sleeps"])
    np.testing.assert_array_equal(result.model.encode(["the cat sleeps"]), expected)
    for shown in (repr(result), result._repr_html_()):
        assert result.id in shown
        assert "logistic_accuracy" in shown
        assert "another seed can move it" in shown


@pytest.mark.parametrize("form", ["columns", "records", "frame", "numpy", "data set"])
def test_data_means_the_same_however_it_is_given(form: str) -> None:
    data, columns = data_of("scored"), columns_of("scored")
    frame = pd.DataFrame(columns)
    forms: dict[str, Any] = {
        "columns": columns,
        "records": frame.to_dict("records"),
        "frame": frame.sample(frac=1, random_state=0).sort_index(),
        "numpy": {name: np.array(values) for name, values in columns.items()},
        "data set": data,
    }
    read = data_from_memory(forms[form])
    assert (read.kind, columns_of("scored")) == ("scored", {name: list(getattr(read, name)) for name in read.columns})


def test_the_same_call_gives_the_run_that_is_there(tiny_folder: Path) -> None:
    first = train(columns_of("labelled"), "supcon", model=tiny_folder, **QUICK)
    again = train(pd.DataFrame(columns_of("labelled")), "supcon", model=str(tiny_folder), **QUICK)
    assert again.id == first.id
    assert train(columns_of("labelled"), "supcon", model=tiny_folder, seed=1, **QUICK).id != first.id


def test_a_loaded_model_is_trained_from_as_it_is_and_stays_as_it_is(home: Path) -> None:
    model = tiny_model().configured(pooling="max", head="linear")
    before = model.encode(TEXTS)
    result = train(columns_of("pairs"), "cross_entropy", model=model, tune="head", **QUICK)
    np.testing.assert_array_equal(model.encode(TEXTS), before)
    assert (result.model.pooling, result.model.head is None) == ("max", False)
    train(columns_of("pairs"), "cross_entropy", model=model, tune="head", seed=1, **QUICK)
    assert len(list((home / "models-given").iterdir())) == 1  # the same model is kept once


def test_a_model_that_a_program_gave_stays_as_long_as_a_run_needs_it(home: Path) -> None:
    first = train(columns_of("pairs"), "cross_entropy", model=tiny_model(), tune="head", **QUICK)
    second = train(columns_of("pairs"), "cross_entropy", model=first, tune="head", **QUICK)
    (home / "models-given" / "broken-off").mkdir()
    store.sweep_models()
    assert len(list((home / "models-given").iterdir())) == 2  # of today
    store.sweep_models(older_than_seconds=-10)
    (given,) = (home / "models-given").iterdir()
    store.delete(first.run, None)
    store.sweep_models(older_than_seconds=-10)
    assert given.is_dir()  # the second run was made from it, too
    store.delete(second.run, None)
    store.sweep_models(older_than_seconds=-10)
    assert not given.exists()


def test_a_result_is_trained_further(tiny_folder: Path) -> None:
    first = train(list(TEXTS), model=tiny_folder, **QUICK)
    assert first.run.config.settings.loss == "simcse"  # what learns from texts alone
    assert first.after is None
    assert first.gain is None
    second = train(columns_of("triplets"), model=first, dev=columns_of("pairs"), **QUICK)
    assert second.run.config.settings.loss == "cross_entropy"
    assert [stage.run for stage in second.run.config.stages] == [first.id]


def test_other_data_is_measured_on_and_columns_are_mapped(tiny_folder: Path) -> None:
    renamed = pd.DataFrame({"utterance": columns_of("labelled")["text"], "intent": columns_of("labelled")["label"]})
    mapping = {"text": "utterance", "label": "intent"}
    result = train(renamed, "center", model=tiny_folder, columns=mapping, dev=columns_of("labelled"), **QUICK)
    assert result.after is not None
    assert result.after["n"] == len(TEXTS)
    assert train(renamed, "center", model=tiny_folder, columns=mapping, dev="none", **QUICK).after is None


def test_seconds_are_a_budget_of_their_own(tiny_folder: Path) -> None:
    quick = {name: value for name, value in QUICK.items() if name != "epochs"}
    settings = train(columns_of("labelled"), model=tiny_folder, seconds=0.01, **quick).run.config.settings
    assert (settings.seconds, settings.epochs) == (0.01, 1_000)


BAD: dict[str, tuple[dict[str, Any], type[UserError], str]] = {
    "no such loss": ({"loss": "infonce"}, OptionError, "Unknown loss 'infonce'. Choose one of: bce"),
    "a loss of other data": ({"loss": "cosent"}, DataError, "cosent learns from .* From labelled can learn"),
    "no such option": ({"learning_speed": 1}, OptionError, "no option 'learning_speed'. Choose among: epochs"),
    "out of range": ({"epochs": 0}, OptionError, "epochs is 0"),
    "a wrong type": ({"epochs": "three"}, OptionError, "epochs is 'three'"),
    "a layer that is none": ({"layer": "first"}, OptionError, "layer is 'first'"),
    "a layer too many": ({"layer": 9}, OptionError, "has no layer 9"),
    "a share above 1": ({"dev_share": 2.0}, OptionError, "dev_share is 2.0"),
    "two that say what is held out": ({"dev_share": 0.5, "dev": "pairs-en"}, OptionError, "both say what is held out"),
    "an option of another loss": ({"loss": "supcon", "loss_options": {"margin": 1}}, OptionError, "no option 'margin'"),
    "no such model": (
        {"model": "bert-large-uncased"},
        ModelError,
        "There is no model 'bert-large-uncased'|not on this",
    ),
    "no model at all": ({"model": 7}, ModelError, "type int is no model"),
    "no such kind": ({"kind": "quadruples"}, UserError, "quadruples"),
    "no such file": ({"data": "nothing.csv"}, DataError, "There is no file nothing.csv"),
    "no rows": ({"data": {"text": [], "label": []}}, DataError, "has no rows"),
    "an empty list": ({"data": []}, DataError, "has no rows"),
    "columns of two lengths": ({"data": {"text": ["a", "b"], "label": ["x"]}}, DataError, "text 2, label 1"),
    "a column that is one text": ({"data": {"text": "a b", "label": ["x"]}}, DataError, "has to be a list of cells"),
    "other columns": ({"data": {"utterance": ["a b", "c d"], "n": [1, 2]}}, DataError, "has the columns utterance, n"),
    "a missing cell": (
        {"data": pd.DataFrame({"text": ["a", None], "label": ["x", "y"]})},
        DataError,
        "row 2: 'text' is",
    ),
    "a list in a cell": (
        {"data": {"text": ["a", ["b"]], "label": ["x", "y"]}},
        DataError,
        "row 2: 'text' holds a list",
    ),
    "too little": ({"data": columns_of("triplets")}, DataError, "Nothing can be held out of the data: "),
    "rows without names": ({"data": [("a", "x"), ("b", "y")]}, DataError, "which column is which"),
    "a number": ({"data": 7}, DataError, "type int cannot be used. Give the path of a file"),
    "a set": ({"data": {"a", "b"}}, DataError, "type set cannot be used"),
    "a mapping of a data set": (
        {"data": data_of("labelled"), "columns": {"text": "a"}},
        DataError,
        "needs no mapping|need no",
    ),
    "a mapping to nothing": ({"columns": {"text": "utterance"}}, DataError, "has no column 'utterance'"),
}


@pytest.mark.parametrize("given", BAD)
def test_a_mistake_is_an_error_in_words_and_leaves_no_run(given: str, tiny_folder: Path) -> None:
    arguments, kind, said = BAD[given]
    with pytest.raises(kind, match=said):
        train(**{"data": columns_of("labelled"), "model": tiny_folder, **QUICK, **arguments})
    assert all_runs() == []


def test_a_failed_training_says_why(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RunError("The disk is on fire.")

    monkeypatch.setattr("simcse_core.runs.execute.train", fail)
    with pytest.raises(RunError, match=r"The training failed: The disk is on fire\."):
        train(columns_of("labelled"), model=tiny_folder, **QUICK)


def test_every_setting_of_a_training_can_be_said_in_the_call() -> None:
    assert set(get_type_hints(Settings)) == set(TrainingSettings.model_fields) - {"loss", "loss_options"}


def test_progress_is_a_line_with_steps_and_result(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(columns_of("labelled"), "supcon", model=tiny_folder, epochs=2, batch_size=16)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(r"supcon: 100% .* mean_average_precision 0\.\d+", printed.err.splitlines()[-1])


def test_the_names_are_seen_by_dir_and_have_help() -> None:
    assert set(simcse_core.__all__) <= set(dir(simcse_core))
    assert (Path(simcse_core.__file__).parent / "py.typed").is_file()
    for name in simcse_core.__all__:
        assert len(getattr(simcse_core, name).__doc__ or "") > 40


def test_anchors_with_positives_and_no_labels_are_learned_from(tiny_folder: Path) -> None:
    triplets = columns_of("triplets")
    matches = {"anchor": triplets["anchor"], "positive": triplets["positive"]}
    assert train(matches, model=tiny_folder, dev="none", **QUICK).end.steps == 3
    assert train(matches, model=tiny_folder, dev=columns_of("pairs"), **QUICK).after is not None
    with pytest.raises(DataError, match=r"nothing to measure: .* give held-out data of its own \(--dev\)"):
        train(matches, model=tiny_folder, **QUICK)
