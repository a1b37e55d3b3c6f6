import math
from typing import Any

import pytest

from simcse_core.errors import OptionError, RunError
from simcse_core.meaning.intervals import interval
from simcse_core.meaning.items import Items
from simcse_core.runs import folds, store
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.run import Run
from tests.records import record
from tests.runs.conftest import SMALL, with_seed


def spearman_of(cosines: list[float]) -> Items:
    return Items(cosines=cosines, gold=[1.0, 2.0, 3.0], of_pairs=("spearman",))


def test_what_is_said_of_each_item_alone_is_put_together() -> None:
    """Two of three and one of one are three of four, and not five sixths."""
    parts = [Items({"logistic_accuracy": [1.0, 0.0, 1.0]}), Items({"logistic_accuracy": [1.0]})]
    found = folds.over_folds(parts)["logistic_accuracy"]
    together = interval(Items({"logistic_accuracy": [1.0, 0.0, 1.0, 1.0]}), "logistic_accuracy")
    assert (found.value, found.over, found.count) == (0.75, "items", 4)
    assert (found.low, found.high) == (together.low, together.high)


def test_ranks_of_different_models_are_not_mixed() -> None:
    found = folds.over_folds([spearman_of([0.1, 0.2, 0.3]), spearman_of([0.3, 0.2, 0.1])])["spearman"]
    assert (found.value, found.low, found.high) == pytest.approx((0.0, -1.0, 1.0))
    assert (found.over, found.count) == ("folds", 2)


def test_items_that_depend_on_each_other_are_taken_fold_by_fold() -> None:
    one = Items({"mean_average_precision": [1.0]}, pseudo_values={"mean_average_precision": [1.0]})
    three = Items({"mean_average_precision": [0.5] * 3}, pseudo_values={"mean_average_precision": [0.5] * 3})
    assert folds.over_folds([one, three])["mean_average_precision"].value == 0.75


def test_a_fold_in_which_a_metric_is_undefined_is_left_out() -> None:
    found = folds.over_folds([spearman_of([0.1, 0.2, 0.3]), spearman_of([0.2, 0.2, 0.2])])["spearman"]
    assert found.value == pytest.approx(1.0)
    assert found.count == 1
    undefined = folds.over_folds([spearman_of([0.2] * 3)] * 2)["spearman"]
    assert math.isnan(undefined.value)
    assert undefined.count == 0


def test_only_metrics_of_all_folds_count() -> None:
    parts = [Items({"accuracy": [1.0], "extra": [1.0]}), Items({"accuracy": [0.0]})]
    assert list(folds.over_folds(parts)) == ["accuracy"]


def test_all_folds_are_one_result_and_the_estimate_of_a_training_on_all_rows() -> None:
    config = describe(with_seed(0, epochs=1, keep="last").model_copy(update={"folds": 2}))
    runs = [store.create(one) for one in folds.configs(config)]
    assert [run.config.fold for run in runs] == [1, 2]
    for run in runs:
        execute(run, lambda _record: None)
    found = folds.result(runs)
    assert found.after["logistic_accuracy"].count == 200  # each row once
    assert found.after["mean_average_precision"].over == "folds"
    assert found.before.keys() == found.after.keys() <= found.beside["tfidf"].keys()
    last = folds.record(runs, found)
    assert (last["event"], last["runs"], last["diverged"]) == ("folds", [run.id for run in runs], 0)
    assert folds.estimate(runs) == found.after
    final = folds.final(config, runs)
    assert (final.dev, final.folds, final.fold, final.settings) == ("none", None, None, config.settings)


def ended(config: RunConfig, **finished: Any) -> Run:
    """A run that has ended, as far as its records say."""
    run = store.create(config)
    run.append(record("finished", **{"reason": "epochs", "steps": 40, **finished}))
    return run


SHARE = with_seed(0, keep="best")
"""120 of 200 rows are learned from."""


def final_steps(config: RunConfig, *runs: Run) -> int | None:
    final = folds.final(config, runs)
    assert (final.settings.keep, final.dev, final.dev_share) == ("last", "none", None)
    return final.settings.steps


def test_the_final_training_sees_each_row_as_often_as_the_kept_weights_have() -> None:
    assert final_steps(SHARE, ended(SHARE, kept_step=12)) == 20
    last = with_seed(0, keep="last")
    assert final_steps(last, ended(last, kept_step=40)) is None  # its epochs say it
    assert final_steps(last, ended(last, reason="patience", steps=18)) == 30
    in_seconds = with_seed(0, keep="last", seconds=5.0, epochs=1_000)
    final = folds.final(in_seconds, [ended(in_seconds, reason="seconds", steps=30)]).settings
    assert (final.seconds, final.steps, final.epochs) == (None, 50, 1_000)


def test_folds_and_seeds_are_averaged() -> None:
    halves = [SHARE.model_copy(update={"folds": 2, "fold": number}) for number in (1, 2)]
    runs = [ended(one, kept_step=step) for one, step in zip(halves, (10, 20), strict=True)]
    assert final_steps(halves[0], *runs) == 30  # 15 on half of the rows
    seeds = [ended(with_seed(seed, keep="best"), kept_step=12 + 12 * seed) for seed in (0, 1)]
    assert final_steps(SHARE, *seeds) == 30  # 18 on 120 of 200 rows


def test_what_has_not_helped_is_not_repeated() -> None:
    with pytest.raises(RunError, match="No step of the training was better than none"):
        folds.final(SHARE, [ended(SHARE, kept_step=0)])
    with pytest.raises(RunError, match="diverged, and would again"):
        folds.final(SHARE, [ended(SHARE, reason="diverged", kept_step=3)])
    with pytest.raises(RunError, match="is not finished"):
        folds.final(SHARE, [store.create(SHARE)])


@pytest.mark.parametrize("dev", ["none", "intents-en"])
def test_without_held_out_rows_a_final_training_adds_nothing(dev: str) -> None:
    config = SMALL.model_copy(update={"dev": dev})
    with pytest.raises(OptionError, match="none are held out here: all 200 rows"):
        folds.final(config, [ended(config)])


def test_the_number_of_folds_has_to_be_said() -> None:
    with pytest.raises(OptionError, match="number of folds is not given"):
        folds.configs(SMALL)


def test_the_final_training_is_explained() -> None:
    final = folds.final(SHARE, [ended(SHARE, kept_step=12)])
    assert "for 20 steps" in folds.final_in_words(SHARE, final).message
    last = with_seed(0, keep="last")
    assert "the same settings" in folds.final_in_words(last, folds.final(last, [ended(last)])).message
    assert len(folds.estimate_in_words(last)) == 1
    assert "too good" in folds.estimate_in_words(SHARE)[1].message
