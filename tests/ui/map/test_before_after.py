"""Which models are compared before and after, and what is said of it."""

import numpy as np
import pytest

from ui.map.before_after import measure, pair
from ui.map.before_after.measure import Change
from ui.map.source import MapTexts
from ui.shared.cache import EncoderSettings

RUN = "20260101-000000000000-0123456789ab"
RNG = np.random.default_rng(0)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_run_stands_behind_the_model_and_a_layer_behind_a_lower_one_whichever_the_page_shows() -> None:
    from simcse_core.home import RUN_ID

    run = EncoderSettings(RUN)
    assert RUN_ID.fullmatch(RUN)
    model = EncoderSettings("minilm")
    assert pair.in_order(run, model) == pair.in_order(model, run) == pair.Pair(model, run)
    lower, another = EncoderSettings("minilm", layer=3), EncoderSettings("me5-small", layer=3)
    assert pair.in_order(lower, model) == pair.in_order(model, lower) == pair.Pair(lower, model)
    assert pair.in_order(model, another) == pair.Pair(model, another)


def test_the_same_model_twice_is_told_apart_by_what_differs() -> None:
    names = pair.Pair(EncoderSettings("minilm"), EncoderSettings("minilm", layer=3)).names
    assert names[0] != names[1]
    assert "3" in names[1]


def test_the_run_whose_texts_are_shown_is_what_the_model_is_compared_with_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.map.before_after.pair.is_here", lambda name: True)
    monkeypatch.setattr("ui.shared.models.is_readable", lambda name: True)
    monkeypatch.setattr("ui.shared.models.finished_runs", lambda user: ["another"])
    monkeypatch.setattr("ui.frame.users.current", lambda: "somebody")
    assert pair.start("minilm", RUN) == RUN
    assert pair.start("minilm") == "another"


def two_classes(spread: float) -> np.ndarray:
    sides = np.where(np.arange(60) % 2, 1, -1)[:, None] * np.eye(6)[0]
    return unit(sides + spread * RNG.standard_normal((60, 6)))


def test_labels_count_only_where_no_training_has_read_them() -> None:
    texts = tuple(f"text {row}" for row in range(60))
    labels = tuple("ab"[row % 2] for row in range(60))
    split = tuple("train" if row < 40 else "dev" for row in range(60))
    before, after = two_classes(5.0), two_classes(0.05)
    changed = measure.change("1", before, after, MapTexts.of("t", texts, {"label": labels, "split": split}))
    assert changed.held_out == 20
    near = np.argsort(-(before @ before.T) + 9 * np.eye(60), axis=1)[40:, :15]
    by_hand = (np.arange(60)[near] % 2 == np.arange(40, 60)[:, None] % 2).mean()
    assert changed.same_label == pytest.approx((by_hand, 1.0), abs=1e-6)
    without = measure.change("2", before, after, MapTexts.of("t", texts))
    assert (without.same_label, without.held_out) == (None, 0)


def test_what_moved_in_words() -> None:
    changed = Change(np.full(301, 0.4, dtype=np.float32), (0.5, 0.75), 0)
    said = measure.in_words(changed, ("base", "run"), has_learned=True)
    assert said == (
        "From base to run, 6.0 of a text's 15 nearest neighbours change; by chance it would be 14.2. "
        "Neighbours with the same label: 50% before, 75% after. The training has read these texts; held-out ones would "
        "tell more."
    )
    held_out = measure.in_words(Change(changed.moved, (0.5, 0.75), 80), ("base", "run"), has_learned=True)
    assert held_out.endswith("Neighbours of the 80 held-out texts that have their label: 50% before, 75% after.")
    assert measure.in_words(Change(changed.moved, None, 0), ("a", "b"), has_learned=False).endswith("would be 14.2.")
