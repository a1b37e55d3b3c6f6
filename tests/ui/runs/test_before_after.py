"""The page Runs: what a training did to the scores of held-out pairs."""

import pytest

from simcse_core.learning.records import BeforeAndAfter
from simcse_core.meaning.items import PAIR_METRICS, SCORED_METRICS, Items
from tests.ui.runs.test_page import finished, i_am_at_the_browser, open_runs, words
from ui.runs import before_after

__all__ = ["i_am_at_the_browser"]  # a fixture
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def items(cosines: list[float], gold: list[float], *, are_scores: bool = False) -> Items:
    return Items(cosines=cosines, gold=gold, of_pairs=SCORED_METRICS if are_scores else PAIR_METRICS)


def test_a_run_on_pairs_says_how_the_scores_moved_and_what_the_old_threshold_does() -> None:
    run = finished()
    gold = [1.0, 1.0, 0.0, 0.0]
    run.write_items(BeforeAndAfter(before=items([0.8, 0.6, 0.5, 0.1], gold), after=items([0.9, 0.7, 0.3, 0.1], gold)))
    said = words(open_runs(run=run.id))
    assert "Right ones moved by +0.10 on average, wrong ones by −0.10." in said
    assert "The old threshold 0.55 accepts 2 right and 0 wrong ones" in said


def test_of_scored_pairs_those_near_the_highest_score_are_matches() -> None:
    run = finished()
    cosines, gold = [0.9, 0.7, 0.3, 0.1], [5.0, 4.0, 3.0, 0.0]
    run.write_items(
        BeforeAndAfter(before=items(cosines, gold, are_scores=True), after=items(cosines, gold, are_scores=True))
    )
    comparison = before_after.compared(run)
    assert comparison is not None
    assert comparison.after.is_right.tolist() == [True, True, False, False]


def test_a_run_whose_pairs_are_all_matches_shows_no_threshold() -> None:
    run = finished()
    run.write_items(BeforeAndAfter(before=items([0.8, 0.6], [1, 1]), after=items([0.9, 0.7], [1, 1])))
    assert before_after.compared(run) is None
    assert "How the scores moved" not in words(open_runs(run=run.id))


def test_a_run_on_questions_leads_to_the_page_answers() -> None:
    run = finished()
    ranked = Items({"map": [1.0, 0.5], "mrr": [1.0, 0.5], "precision_at_1": [1.0, 0.0]})
    run.write_items(BeforeAndAfter(before=ranked, after=ranked))
    page = open_runs(run=run.id)
    assert any("list of questions" in str(link.proto.label) for link in page.get("page_link"))
