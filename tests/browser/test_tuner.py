"""The threshold tuner in a real browser: it counts as the core does, and the keys move it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from simcse_core.uses.thresholds.curve import curve
from tests.browser.serving import Server, visit
from ui.frame.scripts import as_one_script
from ui.shared.tuner import view

COUNTS = Path(view.__file__).parent / "frontend" / "counts.js"
COMPUTE = """([right, wrong, missedToo, thresholds, costs]) => {
    const ascending = (scores) => Float64Array.from(scores).sort()
    const scores = { right: ascending(right), wrong: ascending(wrong), missedToo: ascending(missedToo) }
    const all = steps(scores)
    return {
        at: thresholds.map((threshold) => ({ ...cells(scores, threshold), ...rates(cells(scores, threshold)) })),
        costs: thresholds.map((threshold) => cost(cells(scores, threshold), costs)),
        cheapest: cheapest(all, costs),
        bestF1: bestF1(all),
    }
}"""


def data_sets() -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Overlapping, with many equal scores, parted, with one sort only, negative, and of one score."""
    chance = np.random.default_rng(0)
    sets = [
        (chance.normal(0.6, 0.2, 90), chance.normal(0.4, 0.2, 60)),
        (chance.integers(0, 5, 40) / 4, chance.integers(0, 4, 30) / 4),
        (np.array([0.8, 0.9]), np.array([0.1, 0.2])),
        (np.array([0.3, 0.5]), np.array([])),
        (np.array([]), np.array([0.3, 0.5])),
        (np.array([-0.5, -0.2]), np.array([-0.9, -0.5, -0.1])),
        (np.array([0.0]), np.array([0.0])),
    ]
    return [(right.astype(np.float64), wrong.astype(np.float64)) for right, wrong in sets]


@pytest.mark.parametrize("costs", [(1.0, 1.0), (5.0, 1.0), (0.0, 2.0)])
def test_the_browser_counts_as_the_core_does(tab: Page, costs: tuple[float, float]) -> None:
    tab.set_content("<p>")
    tab.add_script_tag(content=as_one_script(COUNTS))
    for right, wrong in data_sets():
        scores, labels = np.concatenate([right, wrong]), np.array([1] * len(right) + [0] * len(wrong))
        missed_too = np.arange(len(scores)) % 3 == 0
        lost = scores[missed_too & (labels == 0)]
        expected = curve(scores, labels, missed_too)
        thresholds = [-1.0, *sorted({*scores.tolist(), 0.45, 1.1})]
        got = tab.evaluate(COMPUTE, [right.tolist(), wrong.tolist(), lost.tolist(), thresholds, costs])
        for threshold, cells, cost in zip(thresholds, got["at"], got["costs"], strict=True):
            there = expected.at(threshold)
            counts = (there.true_positives, there.false_negatives, there.false_positives, there.true_negatives)
            assert (cells["hits"], cells["misses"], cells["falseAlarms"], cells["rejected"]) == counts
            for name, interval in (("precision", there.precision), ("recall", there.recall), ("f1", there.f1)):
                np.testing.assert_allclose(
                    [np.nan if value is None else value for value in cells[name]],
                    [interval.value, interval.low, interval.high],
                    atol=1e-12,
                )
            assert cost == pytest.approx(there.cost(*costs))
        assert got["cheapest"] == expected.cheapest(*costs).threshold
        assert got["bestF1"] == (expected.best_f1().threshold if len(right) else None)


def test_keys_and_a_drag_move_the_threshold_and_the_link_keeps_it(tab: Page, server: Server) -> None:
    visit(tab, server, "answers", "?language=en&answers-look=threshold")
    slider = tab.get_by_role("slider", name="Threshold")
    before = float(slider.get_attribute("aria-valuenow") or "nan")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("Shift+ArrowRight")
    after = float(slider.get_attribute("aria-valuenow") or "nan")
    assert after == pytest.approx(before + 0.011, abs=0.0006)
    expect(tab.locator(".tuner-numbers td").first).to_have_text(f"{after:.3f}")
    tab.wait_for_url(f"**answers-threshold={after:g}**")
    box = slider.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] - 30, box["y"] + 80, steps=4)
    dragged = float(slider.get_attribute("aria-valuenow") or "nan")
    assert dragged > after
    tab.mouse.up()
    tab.wait_for_url(f"**answers-threshold={dragged:g}**")
