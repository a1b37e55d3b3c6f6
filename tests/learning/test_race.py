import math
from dataclasses import astuple, replace

import numpy as np
import pytest

from simcse_core.data.kinds import Pairs, Scored
from simcse_core.learning.measuring import main_metric, main_metric_among, measure
from simcse_core.learning.race import Contestant, settings_of, table, verdict
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.evaluation import ScoredMetrics
from simcse_core.meaning.intervals import over_seeds, value_of
from simcse_core.meaning.items import Items
from tests.learning.small import data_of, tiny_model

MAP = "mean_average_precision"
LOW, HIGH, NOISY = [0.2, 0.3, 0.4] * 10, [0.5, 0.7, 0.6] * 10, [0.9, 0.0, 0.7] * 10


def entry(loss: str, after: list[float], seed: int = 0, before: list[float] = LOW) -> Contestant:
    return Contestant(loss, seed, Items({MAP: before}), Items({MAP: after}), 1.0, 100.0)


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
