"""`race`: a verdict that claims no more than its numbers support, a table and a chart."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simcse_core import race
from simcse_core.api.chart import Chart, Row
from simcse_core.api.racing import RaceResult
from simcse_core.errors import DataError, OptionError
from simcse_core.learning import verdict_words
from simcse_core.learning.race import Verdict
from simcse_core.meaning.intervals import NOTHING, Interval
from simcse_core.runs.store import all_runs
from tests.api.conftest import QUICK, columns_of


@pytest.fixture
def result(tiny_folder: Path) -> RaceResult:
    return race(columns_of("labelled"), ["supcon", "triplet"], seeds=2, model=tiny_folder, **QUICK)


def test_a_race_trains_every_loss_with_every_seed_and_says_what_that_shows(result: RaceResult) -> None:
    ran = [(run.run.config.settings.loss, run.run.config.settings.seed) for run in result.runs]
    assert ran == [("supcon", 0), ("triplet", 0), ("supcon", 1), ("triplet", 1)]
    assert len(all_runs()) == 4
    assert "Two seeds name no winner" in result.verdict or "end level" in result.verdict
    table = result.table()
    assert list(table.name) == ["as_it_comes", "tfidf", "supcon", "triplet"]
    assert list(table.seeds) == [0, 0, 2, 2]
    assert ((table.low <= table.value) & (table.value <= table.high)).all()
    for shown in (repr(result), result._repr_html_()):
        assert "the model as it comes" in shown
        assert "TF-IDF" in shown
    assert result.training("triplet", 1).run.config.settings.seed == 1
    with pytest.raises(OptionError, match=r"no training of 'cosent'.*Its losses are: supcon, triplet"):
        result.training("cosent")


def test_the_chart_is_svg_with_all_numbers_and_can_be_saved(result: RaceResult, tmp_path: Path) -> None:
    chart = result.plot()
    chart.save(tmp_path / "race.svg")
    root = ElementTree.fromstring((tmp_path / "race.svg").read_text())
    texts = [element.text for element in root.iter() if element.text]
    assert {"supcon", "triplet", "the model as it comes"} <= set(texts)
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 4
    assert chart._repr_html_() == chart.svg()


def test_names_in_a_chart_stay_text_and_what_is_undefined_has_no_dot() -> None:
    svg = Chart("<script>", [Row("a<b>&\x1b", Interval(0.5, 0.4, 0.6)), Row("none", NOTHING)]).svg()
    root = ElementTree.fromstring(svg)
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 1
    assert "<script>" not in svg
    assert "<b>" not in svg


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no losses": ({"losses": []}, OptionError, "needs at least one loss"),
    "no such loss": ({"losses": ["supcon", "infonce"]}, OptionError, "Unknown loss 'infonce'"),
    "a loss of other data": ({"losses": ["supcon", "cosent"]}, DataError, "cosent learns from"),
    "no seeds": ({"seeds": 0}, OptionError, "give a number from 1 to"),
    "seeds that are none": ({"seeds": ["a"]}, OptionError, "a list of whole numbers"),
    "one seed beside seeds": ({"seed": 3}, OptionError, "seeds=\\[3\\]"),
    "nothing to measure": (
        {"data": ["a b", "c d", "e f"] * 9, "losses": ["simcse"]},
        OptionError,
        "nothing to measure",
    ),
    "nothing measured": ({"dev": "none"}, OptionError, "has to measure something"),
}


@pytest.mark.parametrize("given", BAD)
def test_a_mistake_is_an_error_in_words_and_starts_nothing(given: str, tiny_folder: Path) -> None:
    arguments, kind, said = BAD[given]
    usual = {"data": columns_of("labelled"), "losses": ["supcon", "triplet"], "seeds": 1, "model": tiny_folder, **QUICK}
    with pytest.raises(kind, match=said):
        race(**{**usual, **arguments})
    assert all_runs() == []


def verdict(**changed: Any) -> Verdict:
    usual: dict[str, Any] = {
        "metric": "spearman",
        "ahead": "cosent",
        "rival": "bce",
        "lead": Interval(0.02, 0.01, 0.03),
        "baseline": "as_it_comes",
        "gains": {"cosent": Interval(0.05, 0.02, 0.08), "bce": Interval(0.03, 0.01, 0.05)},
        "seeds": 3,
    }
    return Verdict(**{**usual, **changed})


def test_a_winner_is_named_from_three_seeds_on_and_outside_the_noise() -> None:
    assert verdict_words.in_english(verdict()) == (
        "Over 3 seeds cosent and bce did better than the model as it comes, by more than the noise. In Spearman, "
        "cosent gains +0.050 (95 % range +0.020 to +0.080) over the model as it comes. Among the losses cosent is "
        "ahead by more than the noise. The lead of cosent over bce is +0.020 (95 % range +0.010 to +0.030)."
    )
    assert "Two seeds name no winner" in verdict_words.in_english(verdict(seeds=2))
    assert "none is ahead" in verdict_words.in_english(verdict(lead=Interval(0.02, -0.01, 0.05)))
    alone = verdict(rival=None, lead=NOTHING, gains={"cosent": Interval(0.01, -0.01, 0.03)})
    assert "Over 3 seeds cosent is not better than the model as it comes" in verdict_words.in_english(alone)
    none = verdict(gains=dict.fromkeys(("cosent", "bce"), Interval(0.01, -0.01, 0.03)), seeds=1)
    assert "With this one seed no loss did better than the model as it comes" in verdict_words.in_english(none)
    worse = verdict(gains={"cosent": Interval(-0.1, -0.2, -0.05), "bce": Interval(-0.2, -0.3, -0.1)})
    assert "did worse than the model as it comes" in verdict_words.in_english(worse)
