"""Races as the queue makes them and a worker carries them out: the same start, data and order for every loss."""

from collections import defaultdict
from pathlib import Path

import pytest

from simcse_core.data.kinds import rows
from simcse_core.data.writers import to_csv
from simcse_core.learning.measuring import measure
from simcse_core.learning.objectives import EmbeddingLoss, Result
from simcse_core.learning.records import Evaluation, State, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.intervals import value_of
from simcse_core.runs import queue, race
from simcse_core.runs.config import RunConfig, open_split
from simcse_core.runs.execute import execute
from simcse_core.runs.race import Outcome
from tests.learning.small import data_of, tiny_model

pytestmark = pytest.mark.usefixtures("nobody_works")

QUICK = TrainingSettings(epochs=2, batch_size=8, learning_rate=1e-3, precision="float32")
MAP = "mean_average_precision"


def small(folder: Path, kind: str, settings: TrainingSettings = QUICK, **start: object) -> RunConfig:
    """A run of a new model of two layers; of each subject it learns from four texts and is measured on two."""
    data = data_of(kind)
    for name, is_dev in (("train", False), ("dev", True)):
        part = data.take([row for row in range(len(data)) if (row % 6 >= 4) == is_dev])
        (folder / f"{name}.csv").write_text(to_csv(part.columns, rows(part)), encoding="utf-8")
    tiny_model().save(folder / "tiny")
    config = RunConfig(data=str(folder / "train.csv"), dev=str(folder / "dev.csv"), model=str(folder / "tiny"))
    return config.model_copy(update={"device": "cpu", "settings": settings, **start})


def carried_out(config: RunConfig, losses: list[str], seeds: tuple[int, ...] = (0,)) -> str:
    """The id of a race whose runs this process has carried out, one after the other."""
    race_id = race.start(config, losses, seeds)
    for run in race.runs(race_id):
        execute(run, lambda _record: None)
    return race_id


def steps_of(outcome: Outcome) -> list[Step]:
    return [record for record in outcome.records if isinstance(record, Step)]


def test_every_loss_has_the_same_start_data_order_and_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: dict[tuple[str, int], list[list[int]]] = defaultdict(list)
    backward = EmbeddingLoss.backward

    def spy(self: EmbeddingLoss, batch: list[int]) -> Result:
        batches[self.entry.name, self.settings.seed].append(batch)
        return backward(self, batch)

    monkeypatch.setattr(EmbeddingLoss, "backward", spy)
    outcomes = race.outcomes(carried_out(small(tmp_path, "labelled"), ["bce", "triplet"], (0, 1)))
    order = [("bce", 0), ("triplet", 0), ("bce", 1), ("triplet", 1)]
    assert list(batches) == [(outcome.loss, outcome.seed) for outcome in outcomes] == order
    for seed in (0, 1):
        assert batches["bce", seed] == batches["triplet", seed]
        starts = [outcome.records[0] for outcome in outcomes if outcome.seed == seed]
        first, second = (start for start in starts if isinstance(start, Evaluation))
        assert (first.step, first.metrics, first.geometry) == (0, second.metrics, second.geometry)
    assert batches["bce", 0] != batches["bce", 1]
    assert len({steps_of(outcome)[-1].step for outcome in outcomes}) == 1


def test_the_result_stands_beside_what_one_had_before(tmp_path: Path) -> None:
    race_id = carried_out(small(tmp_path, "labelled", layer=0, pooling="max"), ["bce", "triplet"])
    outcomes, baselines = race.outcomes(race_id), race.baselines(race_id)
    lines = race.results(outcomes, baselines)
    as_it_comes, tfidf, start, bce, _triplet = lines
    assert [line.name for line in lines] == ["as_it_comes", "tfidf", "start", "bce", "triplet"]
    for line in lines:
        assert list(line.metrics) == [MAP, "logistic_accuracy", "centre_accuracy"]
        assert all(interval.low <= interval.value <= interval.high for interval in line.metrics.values())
    for metric, gain in bce.gain.items():  # above the best baseline in each metric
        best = max(line.metrics[metric].value for line in (as_it_comes, tfidf, start))
        assert gain.value == pytest.approx(bce.metrics[metric].value - best)
    assert tfidf.gain == start.gain == {}
    assert (start.seeds, tfidf.seeds, bce.seeds) == (0, 0, 1)
    assert bce.seconds is not None
    assert bce.seconds > 0
    assert bce.texts_per_second is not None
    assert not bce.over_seeds
    verdict = race.verdict(outcomes, baselines)
    assert verdict is not None
    assert (verdict.metric, verdict.seeds) == ("logistic_accuracy", 1)  # what a classifier's user gets
    assert {verdict.ahead, verdict.rival} == {"bce", "triplet"}


def test_the_model_as_it_comes_stands_in_the_place_of_a_start_that_is_the_same(tmp_path: Path) -> None:
    race_id = carried_out(small(tmp_path, "labelled"), ["bce"])
    outcomes, baselines = race.outcomes(race_id), race.baselines(race_id)
    had, _tfidf, bce = race.results(outcomes, baselines)
    assert (had.name, bce.name) == ("as_it_comes", "bce")
    _data, dev = open_split(race.runs(race_id)[0].config)
    assert dev is not None
    assert had.metrics[MAP].value == pytest.approx(value_of(measure(tiny_model(), dev).items, MAP), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "losses", "metric"),
    [
        ("scored", ["cosent", "cross_entropy"], "spearman"),
        ("pairs", ["bce", "cross_entropy"], "average_precision"),
        ("triplets", ["triplet", "cross_entropy"], "accuracy"),
        ("answers", ["bce", "cross_entropy"], "map"),
        ("labelled", ["bce", "cross_entropy"], "logistic_accuracy"),
    ],
)
def test_every_kind_of_data_has_its_race(tmp_path: Path, kind: str, losses: list[str], metric: str) -> None:
    race_id = carried_out(small(tmp_path, kind, QUICK.model_copy(update={"epochs": 1})), losses)
    outcomes = race.outcomes(race_id)
    verdict = race.verdict(outcomes)
    assert verdict is not None
    assert verdict.metric == metric
    assert metric in race.results(outcomes)[0].metrics


def test_a_race_that_is_cancelled_keeps_what_has_finished(tmp_path: Path) -> None:
    race_id = race.start(small(tmp_path, "labelled"), ["bce", "triplet"])
    first, _second = race.runs(race_id)
    execute(first, lambda _record: None)
    race.cancel(race_id, "cli")
    outcomes = race.outcomes(race_id)
    assert [outcome.state for outcome in outcomes] == [State.FINISHED, State.CANCELLED]
    alone = race.verdict(outcomes)
    assert alone is not None
    assert alone.rival is None
    assert race.results(outcomes)[-1].name == "bce"


def test_a_race_knows_which_of_its_trainings_diverged(tmp_path: Path) -> None:
    wild = QUICK.model_copy(update={"learning_rate": 1e9, "clip": 1e6, "epochs": 9})
    for settings, diverged in ((wild, 1), (QUICK, 0)):
        outcomes = race.outcomes(carried_out(small(tmp_path, "labelled", settings), ["supcon"]))
        assert race.results(outcomes)[-1].diverged == diverged
        assert [outcome.finished.is_diverged for outcome in outcomes if outcome.finished] == [bool(diverged)]
        (gain,) = [outcome.finished.gain for outcome in outcomes if outcome.finished]
        assert (gain is None) == bool(diverged)  # what a ruined model does is no result of the loss


def test_the_same_race_is_never_run_twice(tmp_path: Path) -> None:
    config = small(tmp_path, "labelled")
    race_id = race.start(config, ["bce"], user="anna")
    assert race.start(config, ["bce"], user="ben") == race_id
    assert list(queue.places()) == [race.runs(race_id)[0].id]
