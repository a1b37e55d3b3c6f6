"""The result of a race on the screen, for data of each kind, with one seed and with several."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.learning.records import BeforeAndAfter, Evaluation, Finished, State, Step
from simcse_core.meaning.items import SCORED_METRICS, Items
from simcse_core.runs.race import Outcome

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

GOLD = [float(at % 6) for at in range(30)]


def pairs_of(noise: float, seed: int) -> Items:
    cosines = np.array(GOLD) / 5 + np.random.default_rng(seed).normal(size=30) * noise
    return Items(cosines=cosines.tolist(), gold=GOLD, of_pairs=SCORED_METRICS)


def triplets_of(noise: float, seed: int) -> Items:
    return Items({"accuracy": (np.random.default_rng(seed).random(30) > noise).astype(float).tolist()})


def race_of(items: Callable[[float, int], Items], metric: str, seeds: int) -> list[Outcome]:
    """Two losses, of which bce leaves less noise."""
    return [
        Outcome(
            loss=loss,
            seed=seed,
            run=f"{loss}-{seed}-{metric}",
            state=State.FINISHED,
            message="",
            records=[
                Evaluation(epoch=0, metrics={metric: 0.5}),
                Step(step=1, steps=1, loss=1.0, epoch=1, texts_per_second=9.0, seconds=2.0),
                Finished(seconds=2.0, reason="epochs"),
            ],
            items=BeforeAndAfter(before=items(0.9, 9), after=items(noise, seed)),
        )
        for seed in range(seeds)
        for loss, noise in (("bce", 0.1), ("cosent", 0.6))
    ]


def show(race: "list[Outcome]", beside: "dict[str, Items]") -> None:  # its source alone is run, hence the quotes
    from ui.shared.races import figures, progress
    from ui.training import result

    progress.bars(race)
    progress.summary(race)
    progress.troubles(race)
    figures.show(race, key="test")
    result.show(race, beside)


def drawn(race: list[Outcome], beside: dict[str, Items]) -> AppTest:
    page = AppTest.from_function(show, args=(race, beside), default_timeout=30).run()
    assert not page.exception
    return page


def test_scored_pairs_of_one_seed_stand_beside_the_baselines() -> None:
    page = drawn(race_of(pairs_of, "spearman", seeds=1), {"tfidf": pairs_of(2.0, 3)})
    table = page.table[0].value
    assert list(table.columns) == ["loss", "Spearman", "gain", "seconds"]
    assert list(table["loss"]) == ["TF-IDF (shared words)", "the start of the training", "bce", "cosent"]
    assert list(table["seconds"]) == ["", "", "2.0", "2.0"]
    words = "\n".join(str(element.value) for element in [*page.markdown, *page.caption])
    assert "With this one seed **bce** did better than the start of the training" in words
    assert "One seed names no winner" in words
    assert "ahead by more than the noise" not in words
    assert "One seed: another one can move the result." in words


def test_several_seeds_have_bars_lines_and_intervals_of_their_own() -> None:
    page = drawn(race_of(triplets_of, "accuracy", seeds=3), {})
    table = page.table[0].value
    assert list(table.columns) == ["loss", "accuracy", "over seeds", "gain", "seconds"]
    assert list(table["loss"]) == ["the start of the training", "bce", "cosent"]
    assert table["over seeds"][0] == ""
    assert re.fullmatch(r"0\.\d{3} \(95 %: 0\.\d{3} to [01]\.\d{3}\)", table["over seeds"][1])
    words = "\n".join(str(element.value) for element in [*page.markdown, *page.caption])
    assert "means of 3 seeds" in words
    assert "closer to their positive" in words
    assert "Among the losses **bce** is ahead by more than the noise." in words


def test_the_model_as_it_comes_is_what_losses_are_compared_with() -> None:
    """A start that is less would let every loss look good."""
    race = race_of(triplets_of, "accuracy", seeds=3)
    page = drawn(race, {"as_it_comes": triplets_of(0.0, 1), "tfidf": triplets_of(0.8, 2)})
    table = page.table[0].value
    assert list(table["loss"])[:3] == ["the model as it comes", "TF-IDF (shared words)", "the start of the training"]
    words = "\n".join(str(element.value) for element in [*page.markdown, *page.caption])
    assert "Over 3 seeds no loss did better than the model as it comes by more than the noise." in words
    assert "Over 3 seeds **cosent** did worse than the model as it comes, by more than the noise." in words
    assert "Gain: accuracy above the model as it comes" in words
