import math
from collections import defaultdict
from dataclasses import astuple, replace

import numpy as np
import pytest

from simcse_core.data.kinds import Dataset, Pairs, Scored
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.measuring import main_metric, main_metric_among, measure
from simcse_core.learning.objectives import EmbeddingLoss, Result
from simcse_core.learning.race import Contestant, Lap, RaceResult, race, settings_of, table, verdict
from simcse_core.learning.records import Ended, Evaluation, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.evaluation import ScoredMetrics
from simcse_core.meaning.intervals import over_seeds, value_of
from simcse_core.meaning.items import Items
from tests.learning.small import data_of, tiny_model

QUICK = TrainingSettings(epochs=2, batch_size=8, learning_rate=1e-3, precision="float32")
MAP = "mean_average_precision"
LOW, HIGH, NOISY = [0.2, 0.3, 0.4] * 10, [0.5, 0.7, 0.6] * 10, [0.9, 0.0, 0.7] * 10


def halves(kind: str) -> tuple[Dataset, Dataset]:
    """Of each subject four texts to learn from and two to measure."""
    data = data_of(kind)
    return tuple(data.take([at for at in range(len(data)) if (at % 6 >= 4) == dev]) for dev in (False, True))  # type: ignore[return-value]


def run(
    kind: str, losses: list[str], seeds: tuple[int, ...] = (0,), settings: TrainingSettings = QUICK
) -> tuple[list[Lap], RaceResult]:
    train, dev = halves(kind)
    *laps, result = race(tiny_model, train, dev, losses, seeds=seeds, settings=settings)
    assert isinstance(result, RaceResult)
    return [lap for lap in laps if isinstance(lap, Lap)], result


def entry(loss: str, after: list[float], seed: int = 0, before: list[float] = LOW) -> Contestant:
    return Contestant(loss, seed, Items({MAP: before}), Items({MAP: after}), 1.0, 100.0)


def test_every_loss_has_the_same_start_data_order_and_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: dict[tuple[str, int], list[list[int]]] = defaultdict(list)
    backward = EmbeddingLoss.backward

    def spy(self: EmbeddingLoss, rows: list[int]) -> Result:
        batches[self.entry.name, self.settings.seed].append(rows)
        return backward(self, rows)

    monkeypatch.setattr(EmbeddingLoss, "backward", spy)
    laps, result = run("labelled", ["bce", "triplet"], (0, 1))
    assert list(dict.fromkeys((lap.loss, lap.seed) for lap in laps)) == list(batches)
    assert list(batches) == [("bce", 0), ("triplet", 0), ("bce", 1), ("triplet", 1)]
    for seed in (0, 1):
        assert batches["bce", seed] == batches["triplet", seed]
        measured = [lap.record for lap in laps if lap.seed == seed and isinstance(lap.record, Evaluation)]
        starts = [replace(record, seconds=0.0) for record in measured if record.step == 0]
        assert len(starts) == 2
        assert starts[0] == starts[1]
    assert batches["bce", 0] != batches["bce", 1]
    steps = {(lap.loss, lap.seed): lap.record for lap in laps if isinstance(lap.record, Step)}
    assert len({step.step for step in steps.values()}) == 1
    assert [(one.loss, one.seed) for one in result.contestants] == list(batches)
    assert all(isinstance(laps[at].record, Ended) for at, lap in enumerate(laps[1:]) if lap.loss != laps[at].loss)


def test_the_result_stands_beside_what_one_had_before() -> None:
    _laps, result = run("labelled", ["bce", "triplet"])
    tfidf, start, bce, triplet = result.table()
    assert [line.name for line in (tfidf, start, bce, triplet)] == ["tfidf", "start", "bce", "triplet"]
    for line in result.table():
        assert list(line.metrics) == [MAP, "logistic_accuracy", "centre_accuracy"]
        assert all(found.low <= found.value <= found.high for found in line.metrics.values())
    for metric, gain in bce.gain.items():  # above the best of what one had in each metric
        best = max(tfidf.metrics[metric].value, start.metrics[metric].value)
        assert gain.value == pytest.approx(bce.metrics[metric].value - best)
    assert tfidf.gain == start.gain == {}
    assert (start.seeds, tfidf.seeds, bce.seeds) == (0, 0, 1)
    assert bce.seconds is not None
    assert bce.seconds > 0
    assert bce.texts_per_second is not None
    assert not bce.over_seeds
    found = result.verdict()
    assert found is not None
    assert (found.metric, found.seeds) == ("logistic_accuracy", 1)  # what a classifier's user gets
    assert {found.ahead, found.rival} == {"bce", "triplet"}


def test_the_model_as_it_comes_stands_beside_a_start_that_is_less() -> None:
    """And in its place where the training starts from it."""
    train, dev = halves("labelled")

    def lower(seed: int) -> SimCSE:
        return tiny_model().configured(layer=0, pooling="max")

    lines = {}
    for name, start in (("lower", lower), ("whole", lambda seed: tiny_model())):
        *_laps, result = race(start, train, dev, ["bce"], settings=QUICK, as_it_comes=tiny_model())
        assert isinstance(result, RaceResult)
        lines[name] = {line.name: line.metrics for line in result.table()}
    assert list(lines["lower"]) == ["as_it_comes", "tfidf", "start", "bce"]
    assert list(lines["whole"]) == ["as_it_comes", "tfidf", "bce"]
    expected = measure(tiny_model(), dev).items
    for of_race in lines.values():
        assert of_race["as_it_comes"][MAP].value == pytest.approx(value_of(expected, MAP), abs=1e-6)
    assert lines["lower"]["start"][MAP].value != pytest.approx(lines["lower"]["as_it_comes"][MAP].value, abs=1e-6)


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
def test_every_kind_of_data_has_its_race(kind: str, losses: list[str], metric: str) -> None:
    _laps, result = run(kind, losses, settings=QUICK.model_copy(update={"epochs": 1}))
    found = result.verdict()
    assert found is not None
    assert metric in result.table()[0].metrics
    assert found.metric == metric


def test_scored_data_of_zeros_and_ones_has_one_main_metric() -> None:
    """Its kind decides, not which scores happen to be there."""
    data = data_of("pairs")
    assert isinstance(data, Pairs)
    scored = Scored("s", data.sentence1, data.sentence2, tuple(map(float, data.label)))
    measured = measure(tiny_model(), scored)
    assert isinstance(measured.metrics, ScoredMetrics)
    assert measured.items.metrics == ["spearman"]
    assert main_metric_among(measured.items.metrics) == "spearman"
    assert value_of(measured.items, "spearman") == pytest.approx(main_metric(measured.metrics))


def test_a_race_that_is_stopped_keeps_what_has_finished() -> None:
    train, dev = halves("labelled")
    laps: list[Lap] = []
    for found in race(
        tiny_model, train, dev, ["bce", "triplet"], settings=QUICK, stop=lambda: laps[-1].loss == "triplet"
    ):
        if isinstance(found, Lap):
            laps.append(found)
    assert isinstance(found, RaceResult)
    assert [one.loss for one in found.contestants] == ["bce"]
    alone = found.verdict()
    assert alone is not None
    assert alone.rival is None
    assert [line.name for line in found.table()] == ["tfidf", "start", "bce"]


def test_what_cannot_race_is_refused_before_anything_is_trained() -> None:
    train, dev = halves("pairs")
    with pytest.raises(DataError, match="center learns from labelled"):
        race(tiny_model, train, dev, ["bce", "center"])
    with pytest.raises(OptionError, match="Unknown"):
        race(tiny_model, train, dev, ["bce", "bcd"])
    one = tiny_model()

    def same(seed: int) -> SimCSE:
        return one

    with pytest.raises(OptionError, match="same model twice"):
        list(race(same, train, dev, ["bce", "cross_entropy"], settings=QUICK))


def test_contestants_differ_in_loss_and_seed_alone() -> None:
    settings = TrainingSettings(loss="triplet", loss_options={"margin": 0.3}, epochs=7)
    assert settings_of(settings, "triplet", 4) == settings.model_copy(update={"seed": 4, "keep": "last"})
    other = settings_of(settings, "bce", 4)
    assert "margin" not in other.loss_options  # options belong to the loss that was named
    assert other.epochs == 7


def each_seed(loss: str, after: list[float]) -> list[Contestant]:
    return [entry(loss, after, seed) for seed in range(3)]


def test_the_verdict_names_a_winner_only_outside_the_noise() -> None:
    clear = verdict([*each_seed("bce", LOW), *each_seed("triplet", HIGH)])
    assert clear is not None
    assert (clear.ahead, clear.rival, clear.clear, clear.helped) == ("triplet", "bce", True, ("triplet",))
    assert clear.lead.value == pytest.approx(0.3)
    unclear = verdict([*each_seed("bce", NOISY), *each_seed("triplet", HIGH)])
    assert unclear is not None
    assert (unclear.ahead, unclear.clear, unclear.level) == ("triplet", False, False)
    level = verdict([*each_seed("bce", HIGH), *each_seed("triplet", HIGH)])
    assert level is not None
    assert level.level
    assert not level.clear
    assert verdict([]) is None
    assert table([]) == []
    undefined = [math.nan] * 30
    assert verdict([entry("bce", undefined), entry("triplet", undefined)]) is None


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_seeds_no_winner_is_named(seeds: int) -> None:
    """However far ahead: how far seeds move a result cannot be seen from fewer."""
    contestants = [
        entry(loss, after, seed) for loss, after in (("bce", LOW), ("cosent", HIGH)) for seed in range(seeds)
    ]
    found = verdict(contestants)
    assert found is not None
    assert found.lead.low > 0
    assert not found.clear
    assert not found.is_about_seeds
    assert found.seeds == seeds


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_loss_seldom_beats_itself(seeds: int) -> None:
    """Simulated: the same loss with other seeds, each of which moves all items a little. At most one race in twenty."""
    rng, races, named = np.random.default_rng(0), 300, 0
    for _race in range(races):
        difficulty = rng.beta(4, 2, size=60)
        contestants = []
        for loss in ("bce", "triplet"):
            for seed in range(seeds):
                right = rng.random(60) < np.clip(difficulty + rng.normal() * 0.05, 0, 1)
                contestants.append(entry(loss, right.astype(float).tolist(), seed, before=[0.5] * 60))
        found = verdict(contestants)
        assert found is not None
        named += found.clear
    assert named / races <= 0.05


def test_a_single_loss_is_judged_by_what_one_had_before() -> None:
    found = verdict(each_seed("bce", HIGH))
    assert found is not None
    assert (found.ahead, found.rival, found.clear, found.helped) == ("bce", None, False, ("bce",))


def test_the_verdict_compares_with_the_best_of_what_one_had_before() -> None:
    """A start that is less than the model makes every loss look good; the model as it comes does not."""
    beside = {"as_it_comes": Items({MAP: [value + 0.05 for value in HIGH]}), "tfidf": Items({MAP: LOW})}
    contestants = [*each_seed("bce", HIGH), *each_seed("triplet", LOW)]
    against_start, against_all = verdict(contestants), verdict(contestants, beside)
    assert against_start is not None
    assert (against_start.baseline, against_start.helped, against_start.hurt) == ("start", ("bce",), ())
    assert against_all is not None
    assert (against_all.baseline, against_all.helped, against_all.hurt) == ("as_it_comes", (), ("bce", "triplet"))
    assert against_all.gains["bce"].value == pytest.approx(-0.05)
    lines = {line.name: line for line in table(contestants, beside)}
    assert lines["bce"].gain[MAP].value == pytest.approx(-0.05)
    assert list(lines) == ["as_it_comes", "tfidf", "start", "bce", "triplet"]


def test_the_more_losses_race_the_more_one_has_to_gain() -> None:
    """Else one of many seems to help by chance."""
    gained = [value + gain for value, gain in zip(LOW, [0.3, -0.2, 0.1] * 10, strict=True)]
    alone = verdict(each_seed("bce", gained))
    among = verdict([one for loss in ("bce", "triplet", "cosent", "supcon") for one in each_seed(loss, gained)])
    assert alone is not None
    assert among is not None
    assert among.gains["bce"].low < alone.gains["bce"].low
    assert among.gains["bce"].value == alone.gains["bce"].value


def test_a_winner_has_to_beat_the_one_that_comes_closest() -> None:
    close = [value - 0.01 for value in HIGH]
    found = verdict([*each_seed("bce", LOW), *each_seed("triplet", HIGH), *each_seed("cosent", close)])
    assert found is not None
    assert (found.ahead, found.rival) == ("triplet", "cosent")
    assert found.lead.value == pytest.approx(0.01)


def seeds_of(loss: str, *gains: float, noise: float = 0.01) -> list[Contestant]:
    """A training for each gain above `LOW`, with some noise of items."""
    rng = np.random.default_rng(0)
    return [
        entry(loss, [value + gain + float(rng.normal()) * noise for value in LOW], seed)
        for seed, gain in enumerate(gains)
    ]


def test_a_lead_counts_when_three_seeds_agree() -> None:
    one = verdict([*seeds_of("bce", 0.1), *seeds_of("triplet", 0.2)])
    assert one is not None
    assert (one.ahead, one.clear, one.seeds) == ("triplet", False, 1)
    apart = verdict([*seeds_of("bce", 0.1, 0.2, 0.0), *seeds_of("triplet", 0.2, 0.05, 0.1)])
    assert apart is not None
    assert (apart.ahead, apart.clear, apart.seeds) == ("triplet", False, 3)
    agreed = verdict([*seeds_of("bce", 0.1, 0.11, 0.09), *seeds_of("triplet", 0.2, 0.21, 0.2)])
    assert agreed is not None
    assert (agreed.ahead, agreed.clear, agreed.helped) == ("triplet", True, ("bce", "triplet"))


def test_losses_are_compared_on_the_seeds_that_all_have_finished() -> None:
    found = verdict([*seeds_of("bce", 0.0, 0.5, 0.5), *seeds_of("triplet", 0.2)])
    assert found is not None
    assert (found.ahead, found.seeds) == ("triplet", 1)
    assert verdict([entry("bce", LOW, seed=0), entry("triplet", HIGH, seed=1)]) is None


def test_three_seeds_give_intervals_over_seeds() -> None:
    contestants = [*seeds_of("bce", 0.1, 0.2, 0.3), *seeds_of("triplet", 0.1, 0.2)]
    start, bce, triplet = table(contestants)
    expected = over_seeds([float(np.mean(one.after.values[MAP])) for one in contestants[:3]])
    assert astuple(bce.over_seeds[MAP]) == pytest.approx(astuple(expected))  # type: ignore[arg-type]
    assert bce.metrics[MAP].value == pytest.approx(bce.over_seeds[MAP].value)
    assert (start.over_seeds, triplet.over_seeds) == ({}, {})
    assert (bce.seeds, triplet.seeds) == (3, 2)
    assert bce.gain[MAP].value == pytest.approx(0.2, abs=0.01)
    assert bce.gain[MAP].high - bce.gain[MAP].low > 0.4  # three seeds so far apart are nearly no evidence
    assert triplet.gain[MAP].high - triplet.gain[MAP].low < 0.1  # of two nothing is known about others


def test_a_training_that_diverged_is_no_result_of_its_loss() -> None:
    fine = [*seeds_of("bce", 0.1, 0.11), *seeds_of("triplet", 0.2, 0.21), *seeds_of("cosent", 0.3, 0.3)]
    gone = replace(fine[4], diverged=True)
    found = verdict([*fine[:4], gone, fine[5]])
    assert found is not None
    assert (found.ahead, found.rival, found.diverged) == ("triplet", "bce", ("cosent",))
    lines = {line.name: line for line in table([*fine[:4], gone, fine[5]])}
    assert (lines["cosent"].diverged, lines["cosent"].seeds, lines["bce"].diverged) == (1, 2, 0)
    assert lines["cosent"].metrics[MAP].value == pytest.approx(float(np.mean(fine[5].after.values[MAP])))
    both = [*fine[:4], gone, replace(fine[5], diverged=True)]
    nothing = table(both)[-1]
    assert (nothing.name, nothing.diverged, nothing.gain, nothing.over_seeds) == ("cosent", 2, {}, {})
    assert math.isnan(nothing.metrics[MAP].value)
    assert nothing.seconds == 1.0
    alone = verdict(both[2:])
    assert alone is not None
    assert (alone.ahead, alone.rival, alone.diverged) == ("triplet", None, ("cosent",))
    assert verdict(both[4:]) is None


def test_a_race_knows_which_of_its_trainings_diverged() -> None:
    train, dev = halves("labelled")
    wild = QUICK.model_copy(update={"learning_rate": 1e9, "clip": 1e6, "epochs": 9})
    *_laps, result = race(tiny_model, train, dev, ["supcon"], settings=wild)
    assert isinstance(result, RaceResult)
    assert [one.diverged for one in result.contestants] == [True]
    assert result.table()[-1].diverged == 1
    _laps2, calm = run("labelled", ["supcon"])
    assert [one.diverged for one in calm.contestants] == [False]


def test_of_two_losses_that_end_level_the_rival_is_the_one_that_is_level() -> None:
    behind = [value - 0.02 for value in HIGH]
    found = verdict([*each_seed("bce", HIGH), *each_seed("triplet", HIGH), *each_seed("cosent", behind)])
    assert found is not None
    assert (found.rival, found.level, found.clear) == ("triplet", True, False)


def test_results_of_an_earlier_version_are_compared_by_what_all_have() -> None:
    old = Contestant("bce", 0, Items({MAP: LOW}), Items({MAP: HIGH}), 1.0, None)
    both = {MAP: LOW, "logistic_accuracy": [1.0] * 30}
    new = Contestant("triplet", 0, Items(both), Items(both), 1.0, None)
    for order in ([old, new], [new, old]):
        found = verdict(order)
        assert found is not None
        assert found.metric == MAP
        assert all(next(iter(line.metrics)) == MAP for line in table(order))
