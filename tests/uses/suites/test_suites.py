"""The suites: which files are found, what is measured on them, and the table."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, f1_score

from simcse_core.data.bundled import load
from simcse_core.data.kinds import Answers, Dataset
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.intervals import Interval, interval
from simcse_core.meaning.items import Items
from simcse_core.runs import store
from simcse_core.runs.config import RunConfig
from simcse_core.uses.suites import piecewise, table
from simcse_core.uses.suites.measures import Column, f1_items, macro_f1_items, weighted
from simcse_core.uses.suites.sources import find
from simcse_core.uses.suites.suite import SuiteResult, measure_all
from simcse_core.uses.suites.tasks import SUITES, TASKS, tasks_of
from tests.uses.fakes import Angles


def write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([columns, *rows])


SUBSETS = {"news": 20, "forum": 10, "images": 12}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small file for a task of each suite, with noise in the labels."""
    random = np.random.default_rng(1)
    rows = [
        (f"a {degrees} 0", f"b {degrees}", 5 * np.cos(np.deg2rad(degrees)) + random.normal(), subset)
        for subset, count in SUBSETS.items()
        for degrees in random.uniform(0, 90, count).round(3)
    ]
    write(tmp_path / "sts" / "sts12.csv", ("sentence1", "sentence2", "score", "subset"), rows)
    write(tmp_path / "sts" / "stsb-en-dev.csv", ("sentence1", "sentence2", "score"), [row[:3] for row in rows])
    pairs = [(*row[:2], int(row[2] > 3)) for row in rows]
    write(tmp_path / "match" / "mrpc-dev.csv", ("sentence1", "sentence2", "label"), pairs)
    classes = [(f"{name} {middle + spread:.3f}", name) for name, middle in (("low", 10), ("high", 80))
               for spread in random.normal(0, 25, 30)]  # fmt: skip
    write(tmp_path / "sms-spam-train.csv", ("text", "label"), classes)
    answers = [(f"q{n} 0", f"a {d:.3f}", int(d < 30)) for n in range(12) for d in random.uniform(0, 60, 4)]
    write(tmp_path / "qa" / "trecqa-dev.csv", ("question", "answer", "label"), answers)
    (tmp_path / "notes.md").write_text("not a table")
    return tmp_path


def measured(folder: Path, *suites: str, models: Sequence[Angles] = (Angles(),)) -> SuiteResult:
    by_name: dict[str, Any] = {model.name: model for model in models}
    return measure_all(list(by_name), find(suites or ["all"], str(folder)), by_name.__getitem__)


def cell(result: SuiteResult, *column: str) -> Interval:
    value = result.cell(result.models[0], Column(*column))
    assert value is not None
    return value


def test_sts_is_reported_as_simcse_does_all_mean_and_weighted_mean(folder: Path) -> None:
    with (folder / "sts" / "sts12.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    cosines = np.cos(np.deg2rad([float(row["sentence2"].split()[-1]) for row in rows]))
    scores, subset = np.array([float(row["score"]) for row in rows]), np.array([row["subset"] for row in rows])
    each = {name: spearmanr(cosines[subset == name], scores[subset == name]).statistic for name in SUBSETS}
    result = measured(folder, "sts")
    expected = {
        "all": spearmanr(cosines, scores).statistic,
        "mean": np.mean(list(each.values())),
        "wmean": sum(each[name] * count for name, count in SUBSETS.items()) / sum(SUBSETS.values()),
    }
    for part, value in expected.items():
        assert cell(result, "STS12", part, "spearman").value == pytest.approx(value, abs=1e-6)
    assert result.averaged == ("STS12", "STS-B dev")
    assert cell(result, "average", "", "spearman").value == pytest.approx(expected["all"], abs=1e-6)


def test_matching_has_scikit_learns_average_precision_and_best_f1(folder: Path) -> None:
    with (folder / "match" / "mrpc-dev.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    cosines = np.cos(np.deg2rad([float(row["sentence2"].split()[-1]) for row in rows]))
    labels = np.array([int(row["label"]) for row in rows])
    result = measured(folder, "matching")
    precision = cell(result, "MRPC dev", "", "average_precision")
    assert precision.value == pytest.approx(average_precision_score(labels, cosines))
    best = max(f1_score(labels, cosines >= threshold) for threshold in cosines)
    assert cell(result, "MRPC dev", "", "best_f1").value == pytest.approx(best)


def test_classes_are_learned_from_the_rest_of_the_file_where_there_is_no_test_file(folder: Path) -> None:
    result = measured(folder, "classification")
    assert result.held_out == ("SMS spam",)
    assert result.measured[0].texts == 60
    assert cell(result, "SMS spam", "centre", "accuracy").value > 0.7
    write(folder / "sms-spam-test.csv", ("text", "label"), [("low 1", "low"), ("high 89", "high"), ("new 5", "new")])
    with_file = measured(folder, "classification")
    assert with_file.held_out == ()
    assert cell(with_file, "SMS spam", "logistic", "accuracy").value == pytest.approx(2 / 3)
    assert cell(with_file, "SMS spam", "logistic", "macro_f1").value == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_a_label_may_be_written_1_in_one_file_and_10_in_the_other(folder: Path) -> None:
    write(
        folder / "sms-spam-train.csv",
        ("text", "label"),
        [(f"low {angle}", "1.0" if angle < 45 else "2.0") for angle in range(90)],
    )
    write(folder / "sms-spam-test.csv", ("text", "label"), [("low 1", "1"), ("high 89", "2"), ("high 88", "2")])
    result = measured(folder, "classification")
    assert cell(result, "SMS spam", "logistic", "accuracy").value == 1
    assert cell(result, "SMS spam", "centre", "macro_f1").value == 1


def test_answers_are_measured_as_the_command_answer_does(folder: Path) -> None:
    from simcse_core.data.readers import read_data
    from simcse_core.uses.answering.labelled import ranked_by_model
    from simcse_core.uses.search.encoders import Sides

    data = read_data(folder / "qa" / "trecqa-dev.csv")
    assert isinstance(data, Answers)
    model: Any = Angles()
    alone = ranked_by_model(Sides.of(model), data)
    result = measured(folder, "answers")
    for metric, around in alone.intervals.items():
        assert cell(result, "TREC QA dev", "", metric) == around


def test_what_a_folder_lacks_is_named_and_left_out(folder: Path) -> None:
    result = measured(folder, "sts", "answers")
    assert {one.task for one in result.measured} == {"STS12", "STS-B dev", "TREC QA dev"}
    assert {"STS13", "SICK test", "TREC QA test"} <= set(result.missing)
    assert any("left out: STS13" in note for note in table.notes(result))


def test_several_models_stand_beside_each_other_with_paired_gains(folder: Path) -> None:
    result = measured(folder, "sts", models=[Angles("base"), Angles("worse", noise=2.0), Angles("same")])
    column = Column("STS12", "all", "spearman")
    worse, same = result.gain("worse", column), result.gain("same", column)
    assert worse is not None
    assert same is not None
    assert worse.high < 0
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert result.gain("base", column) is None
    assert table.gain_in_words(same) == "+0.00 ="


def test_the_table_is_text_csv_json_and_markdown(folder: Path) -> None:
    result = measured(folder, "sts", models=[Angles("base"), Angles("a|b")])
    value = cell(result, "STS-B dev", "", "spearman").value
    line = next(line for line in table.as_text(result).splitlines() if line.startswith("STS-B dev · spearman"))
    assert line.split("spearman")[1].strip().startswith(f"{100 * value:.2f} (")
    rows = list(csv.DictReader(io.StringIO(table.as_csv(result))))
    assert {row["part"] for row in rows if row["task"] == "STS12"} == {"all", "mean", "wmean"}
    assert float(next(row["value"] for row in rows if row["task"] == "STS-B dev")) == value
    record = json.loads(table.WRITERS[".json"](result))
    assert next(one["value"] for one in record["results"] if one["task"] == "STS-B dev") == value
    lines = table.as_markdown(result).splitlines()
    assert lines[:2] == ["|  | base | a\\|b |", "| --- | --- | --- |"]
    assert [line.split(" · ")[0] for line in lines[2:7]] == ["| STS12"] * 3 + ["| STS-B dev", "| average of 2"]


def test_a_model_that_cannot_read_a_task_is_named(folder: Path) -> None:
    result = measured(folder, "sts", models=[Angles("blind", unreadable="b ")])
    assert any(note.startswith("blind cannot read the texts of STS12; STS-B dev") for note in table.notes(result))


def test_the_spread_of_a_weighted_mean_is_that_of_independent_parts() -> None:
    random = np.random.default_rng(0)
    parts = [Items({"accuracy": random.integers(0, 2, count).astype(float).tolist()}) for count in (30, 90)]
    weights = np.array([0.3, 0.7])
    whole = np.array(weighted(parts, weights, "accuracy").values["accuracy"])
    values = [np.array(part.values["accuracy"]) for part in parts]
    assert whole.mean() == pytest.approx(weights @ [part.mean() for part in values])
    variance = sum(weight**2 * part.var() / len(part) for weight, part in zip(weights, values, strict=True))
    assert whole.var() / len(whole) == pytest.approx(variance)


def test_f1_and_its_jackknife_are_those_of_leaving_each_row_out() -> None:
    random = np.random.default_rng(0)
    gold, said = random.integers(0, 3, 25), random.integers(0, 3, 25)
    macro, single = macro_f1_items(gold, said), f1_items(gold == 1, said == 1)
    assert macro.mean() == pytest.approx(f1_score(gold, said, average="macro"))
    assert single.mean() == pytest.approx(f1_score(gold == 1, said == 1))
    without = [f1_score(np.delete(gold, n), np.delete(said, n), average="macro", labels=[0, 1, 2]) for n in range(25)]
    np.testing.assert_allclose(macro - macro.mean(), 24 * (np.mean(without) - np.array(without)), atol=1e-9)


def test_the_interval_of_macro_f1_holds_the_truth_in_about_95_of_100_samples() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _sample in range(120):
        gold = random.integers(0, 3, 150)
        said = np.where(random.random(150) < 0.7, gold, (gold + random.integers(1, 3, 150)) % 3)
        around = interval(Items({"macro_f1": macro_f1_items(gold, said).tolist()}), "macro_f1")
        held += around.low <= 0.7 <= around.high  # all classes are alike, so F1 is the accuracy
    assert 0.91 <= held / 120 <= 1


def test_the_bundled_data_of_every_suite_are_there() -> None:
    there = find(["all"], "bundled")
    assert {source.task.suite for source in there.sources} == set(SUITES)
    assert {source.task.language for source in there.sources} == {"en", "zh"}


def test_one_file_is_a_task_of_its_own(folder: Path) -> None:
    (source,) = find(["all"], str(folder / "sts" / "sts12.csv")).sources
    assert (source.task.suite, source.task.name, len(set(source.subsets or ()))) == ("sts", "sts12.csv", 3)
    (bundled,) = find(["matching"], "pairs-en").sources
    assert bundled.task.suite == "matching"
    with pytest.raises(DataError, match="holds scored, which the suite does not measure: it takes pairs"):
        find(["matching"], str(folder / "sts" / "sts12.csv"))


@pytest.mark.parametrize(
    ("suites", "where", "error", "complaint"),
    [
        (["sts2"], "bundled", OptionError, "There is no suite 'sts2'. Choose one of: sts, matching"),
        (["sts"], "/nowhere", DataError, "There is no folder /nowhere"),
    ],
)
def test_what_is_not_there_is_said(suites: list[str], where: str, error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        find(suites, where)


def test_an_empty_folder_says_what_files_would_be_called(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"it would be called trecqa-test, trecqa-dev, with one of \.csv"):
        find(["answers"], str(tmp_path))


def test_a_file_of_another_kind_than_its_name_says_is_refused(folder: Path) -> None:
    write(folder / "sick-dev.csv", ("sentence1", "sentence2", "label"), [("a 1", "b 2", 1), ("a 1", "c 2", 0)])
    with pytest.raises(DataError, match="should be SICK dev, but it holds pairs: sts needs scored"):
        find(["sts"], str(folder))


def test_every_task_has_a_place_where_it_is_found() -> None:
    assert all(task.files or task.train or task.bundled for task in TASKS)
    assert len({task.name for task in TASKS}) == len(TASKS)
    assert tasks_of(["all"]) == list(TASKS)


def test_one_model_on_one_task_is_measured_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.encoding.catalogue.load", lambda _name: Angles())
    monkeypatch.setenv("SIMCSE_SUITES", str(folder))
    assert piecewise.where() == str(folder)
    one = piecewise.measure_one("some", "matching", piecewise.where(), "MRPC dev")
    assert (one.model, one.task, one.texts) == ("some", "MRPC dev", 84)
    with pytest.raises(DataError, match="has no data of STS12"):
        piecewise.measure_one("some", "matching", piecewise.where(), "STS12")
    monkeypatch.delenv("SIMCSE_SUITES")
    assert piecewise.where() == "bundled"


def test_the_hub_has_the_tests_under_names_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    def opened(name: str, columns: Any = None, _on_fetch: object = None) -> Dataset:
        asked.append((name, columns))
        return load("scored-en")

    monkeypatch.setattr("simcse_core.uses.suites.sources.open_data", opened)
    there = find(["sts"], "hub")
    assert ("hub:mteb/sts12-sts:test", {}) in asked
    assert "SICK dev" in there.missing
    assert len(there.sources) == len(asked) == 10
    with pytest.raises(DataError, match="The hub has none of these tests"):
        find(["answers"], "hub")


def test_a_run_that_has_learned_from_a_task_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TrainingSettings(loss="cosent")
    first = store.create(RunConfig(data=str(folder / "sts" / "STS12.csv"), settings=settings), owner="me")
    second = store.create(RunConfig(data="texts-en", model=first.id, settings=settings), owner="me")
    result = measured(folder, "sts", models=[Angles("minilm"), Angles(second.id)])
    assert result.learned == ((second.id, "STS12"),)
    note = f"{second.id} has learned from the data of STS12: its numbers there say nothing about new texts."
    assert note in table.notes(result)
