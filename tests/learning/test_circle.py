"""Points on a circle: what moves them, what each cell has to do with it, and the mistakes on which losses break."""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch

from simcse_core.errors import InputError, OptionError
from simcse_core.learning.circle import FAILURES, PRESETS, Batch, batch_from_lines, cells, form_for, move, on_circle
from simcse_core.learning.circle.batch import LETTERS, names_of, targets_of
from simcse_core.learning.circle.cells import Cells
from simcse_core.learning.circle.failures import ONE_CLASS, Failure, without
from simcse_core.learning.circle.forms import Form, Itself, Views, identity_targets
from simcse_core.learning.circle.motion import FIRST_STEP, Motion
from simcse_core.learning.losses import Parts, cross_entropy, losses, naive_losses
from simcse_core.learning.losses.registry import Loss
from simcse_core.limits import limits

THREE = PRESETS["three"]
ALL = [*losses.entries(), *naive_losses.entries()]
VARIANTS = [
    *((loss, {}) for loss in ALL),
    *((losses["triplet"], {"mining": mining}) for mining in ("all", "hard")),
    (losses["center"], {"push": 2.0, "margin": 2.0}),
]


def moved(
    loss: Loss, batch: Batch, options: dict[str, object] | None = None, form: Form | None = None, steps: int = 12
) -> tuple[Form, Motion, Cells]:
    form = form or form_for(loss, batch)
    motion = move(loss, batch, options, form=form, steps=steps)
    return form, motion, cells(loss, form, motion, options)


def value_of(loss: Loss, form: Form, motion: Motion, frame: int, options: dict[str, object]) -> torch.Tensor:
    """The registered loss, called on the points of a frame."""
    learned = {name: torch.tensor(values[frame]) for name, values in motion.learned.items()}
    positional, named = form.arguments(torch.tensor(motion.points[frame]))
    return loss.function(*positional, **named, **{**loss.with_options(options), **learned})


def variant(value: object) -> str:
    return value.name if isinstance(value, Loss) else "-".join(map(str, value.values())) if value else ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(("loss", "options"), VARIANTS, ids=variant)
def test_points_stay_on_the_circle_and_the_shares_of_the_cells_add_up_to_the_loss(
    loss: Loss, options: dict[str, object]
) -> None:
    for batch in (THREE, PRESETS["look_alikes"]):
        form, motion, found = moved(loss, batch, options)
        np.testing.assert_allclose(np.linalg.norm(motion.points, axis=2), 1, atol=1e-12)
        assert (found.shares is None) == (loss.name == "center_alone")  # which no page shows
        for frame in (0, 5, 12):
            expected = float(value_of(loss, form, motion, frame, options))
            assert motion.losses[frame] == pytest.approx(expected, abs=1e-12)
            if found.shares is not None:
                assert found.shares[frame].sum() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("loss", "options"), VARIANTS, ids=variant)
def test_the_gradients_of_the_cells_are_those_that_move_the_points(loss: Loss, options: dict[str, object]) -> None:
    """Chain rule: a point's gradient is the sum of what it is compared with, times the cell's derivative."""
    form, motion, found = moved(loss, THREE, options, steps=3)
    frame = 0 if loss.name == "center" else 3  # at the start a classifier's directions are its centres
    points = torch.tensor(motion.points[frame], requires_grad=True)
    learned = {name: torch.tensor(values[frame]) for name, values in motion.learned.items()}
    positional, named = form.arguments(points)
    value = loss.function(*positional, **named, **{**loss.with_options(options), **learned})
    (gradient,) = torch.autograd.grad(value, points)
    columns = form.compared(points, learned)[1].detach().numpy()
    by_rows = found.gradients[frame] @ columns
    of_columns = np.zeros_like(by_rows)
    if loss.name not in ("center", "center_alone"):  # centres are learned beside the points
        of_columns = found.gradients[frame].T @ motion.points[frame]
        if isinstance(form, Views):  # the columns are points that were turned; their gradient turns back
            turn = np.arctan2(columns[:, 1], columns[:, 0]) - np.arctan2(*points.detach().numpy().T[::-1])
            cos, sin = np.cos(turn), np.sin(turn)
            x, y = of_columns.T
            of_columns = np.stack([cos * x + sin * y, -sin * x + cos * y], axis=1)
    expected = by_rows + of_columns
    here = motion.points[frame]
    expected -= (expected * here).sum(axis=1, keepdims=True) * here  # along the circle
    np.testing.assert_allclose(gradient.numpy(), expected, atol=1e-6)


def test_the_cells_of_bce_and_cross_entropy_follow_their_formulas() -> None:
    targets = np.array(THREE.targets)
    _form, motion, found = moved(losses["bce"], THREE)
    scale, bias = (motion.learned[name][:, None, None] for name in ("scale", "bias"))
    wrong = 1 / (1 + np.exp(targets * (scale * motion.cosines + bias)))  # sigma(-y z)
    np.testing.assert_allclose(found.gradients, -targets * scale * wrong / np.abs(targets).sum(), atol=1e-8)

    _form, motion, found = moved(losses["cross_entropy"], THREE, {"temperature": 0.5})
    weights = np.exp(motion.cosines / 0.5) * (targets != 0)
    softmax = weights / weights.sum(axis=2, keepdims=True)
    share = (targets == 1) / (targets == 1).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.gradients, (softmax - share) / 0.5 / len(targets), atol=1e-8)
    assert found.probabilities is not None
    np.testing.assert_allclose(np.nan_to_num(found.probabilities), softmax, atol=1e-12)


def test_a_right_angle_by_hand() -> None:
    """Two mismatches at a right angle, scale 10, bias -5: both logits are -5, both cells cost log(1 + e^-5) / 2."""
    _form, _motion, found = moved(losses["bce"], Batch.of([0, 90], "AB"), steps=0)
    assert found.shares is not None
    assert found.logits is not None
    assert found.logits[0, 0, 1] == pytest.approx(-5)
    assert math.isnan(found.logits[0, 0, 0])
    assert found.shares[0, 0, 1] == pytest.approx(math.log1p(math.exp(-5)) / 2)


def test_the_same_batch_moves_the_same_way_and_the_first_step_is_as_long_as_asked() -> None:
    for loss in losses.entries():
        first, second = (move(loss, THREE, steps=4) for _time in range(2))
        np.testing.assert_array_equal(first.points, second.points)
        turned = np.arccos((first.points[1:] * first.points[:-1]).sum(axis=2).clip(-1, 1))
        assert turned[0].max() == pytest.approx(FIRST_STEP, rel=0.01)
        assert turned.max() < FIRST_STEP * 1.001


@pytest.mark.parametrize("name", ["bce", "cross_entropy", "cosent", "supcon", "triplet", "center"])
def test_losses_with_labels_bring_matches_together_and_simcse_spreads_all(name: str) -> None:
    motion = move(losses[name], THREE)
    assert motion.losses[-1] < motion.losses[0]
    assert motion.matches[-1] > 0.85 > 0.5 > motion.matches[0]
    assert motion.nearest[-1] < motion.nearest[0] - 0.3
    blind = move(losses["simcse"], THREE)
    assert blind.matches[-1] < blind.matches[0] - 0.3


def test_the_means_are_those_of_the_pairs() -> None:
    motion = move(losses["bce"], Batch.of([0, 60, 180], "AAB"), steps=0)
    assert motion.matches[0] == pytest.approx(0.5)
    assert motion.mismatches[0] == pytest.approx((-1 - 0.5) / 2)
    assert motion.nearest[0] == pytest.approx((-1 - 0.5 - 0.5) / 3)
    alone = move(losses["bce"], Batch.of([0, 60], "AA"), steps=0)
    assert np.isnan([alone.mismatches[0], alone.nearest[0]]).all()


def test_an_edited_target_changes_what_moves_and_a_cell_that_is_not_asked_has_no_part() -> None:
    two = Batch.of([0, 90], "AA")
    together, apart = (move(losses["bce"], two.with_targets([[0, y], [y, 0]]), steps=5) for y in (1, -1))
    assert together.cosines[-1, 0, 1] > 0.1
    assert apart.cosines[-1, 0, 1] < -0.01
    targets = [list(row) for row in THREE.targets]
    targets[0][1] = targets[1][0] = 0
    for name in ("bce", "cross_entropy", "triplet", "cosent"):
        found = moved(losses[name], THREE.with_targets(targets))[2]
        assert found.shares is not None
        assert (found.gradients[:, 0, 1] == 0).all()
        assert (found.shares[:, 0, 1] == 0).all()


def test_a_batch_that_asks_nothing_moves_nothing() -> None:
    silent = THREE.with_targets([[0] * 9] * 9)
    for name in ("bce", "cross_entropy", "supcon", "triplet", "cosent"):
        _form, motion, found = moved(losses[name], silent)
        np.testing.assert_allclose(motion.points, motion.points[:1].repeat(13, axis=0), atol=1e-12)
        assert (motion.losses == 0).all()
        assert (found.gradients == 0).all()


def squared(anchor: torch.Tensor, *others: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean squared difference of cosines and targets."""
    cosines = anchor @ (others[0] if others else anchor).T
    return (cosines - targets).square().mean()


def squared_parts(anchor: torch.Tensor, *others: torch.Tensor, targets: torch.Tensor) -> Parts:
    cosines = anchor @ (others[0] if others else anchor).T
    return Parts((cosines - targets).square() / targets.numel(), logits=cosines)


@pytest.fixture(params=[None, squared_parts], ids=["a-scalar-alone", "with-parts"])
def added(request: pytest.FixtureRequest) -> Iterator[Loss]:
    """A loss that somebody adds."""
    register = losses.register(
        "squared",
        inputs={"labelled": "classes"},
        learned_nothing="The mean of the targets' squares.",
        collapse="All cosines are 1.",
        parts=request.param,
    )
    register(squared)
    yield losses["squared"]
    losses.remove("squared")


def test_a_loss_that_somebody_adds_has_its_gradients_and_the_parts_that_it_gives(added: Loss) -> None:
    _form, motion, found = moved(added, THREE)
    difference = motion.cosines - np.array(THREE.targets)
    np.testing.assert_allclose(found.gradients, 2 * difference / 81, atol=1e-8)
    assert found.probabilities is None
    if added.parts is None:
        assert found.shares is None
        assert found.logits is None
    else:
        assert found.shares is not None
        np.testing.assert_allclose(found.shares, difference**2 / 81, atol=1e-12)
        np.testing.assert_allclose(found.shares.sum(axis=(1, 2)), motion.losses, atol=1e-12)
        assert found.logits is not None
        np.testing.assert_allclose(found.logits, motion.cosines, atol=1e-12)


def test_wrong_options_are_named() -> None:
    with pytest.raises(OptionError, match="temperature"):
        move(losses["cross_entropy"], THREE, {"temperature": 0})


def test_every_preset_fits_and_its_points_have_names_of_their_own() -> None:
    for batch in PRESETS.values():
        assert 2 <= len(batch.classes) <= limits().max_circle_texts <= len(LETTERS)
        assert len(set(names_of(batch.classes))) == len(batch.classes)
    assert names_of((0, 0, 1)) == ("A1", "A2", "B1")


def test_lines_are_labels_and_sentences() -> None:
    own = batch_from_lines(["food: Soup: hot", "天气：下雨了", "food\tBread", "no label here"])
    assert own.texts == ("Soup: hot", "下雨了", "Bread", "no label here")
    assert own.labels == ("food", "天气", "food", "")
    assert own.classes == (0, 1, 0, 2)
    assert own.has_matches
    assert not batch_from_lines(["one", "two"]).has_matches


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "0 sentences: the circle takes 2 to 12"),
        (["a: b"], "1 sentences: the circle takes 2 to 12"),
        (["a: b"] * 13, "13 sentences: the circle takes 2 to 12"),
        (["a: b", "c:  "], "Line 2 has the label 'c' and no sentence"),
        (["a: b", "x" * 30_000], "Text 2 has 30,000 characters"),
    ],
)
def test_lines_that_cannot_be_a_batch_are_refused_in_words(lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        batch_from_lines(lines)


def test_two_sentences_keep_their_cosine_and_directions_in_a_plane_keep_all() -> None:
    embeddings = np.array([[1, 0, 0], [0.6, 0.8, 0]], dtype=np.float32)
    fit = on_circle(batch_from_lines(["a: x", "b: y"]), embeddings)
    assert math.cos(fit.batch.angles[0] - fit.batch.angles[1]) == pytest.approx(0.6, abs=1e-3)
    assert fit.off < 1e-3
    angles = np.radians([10, 40, 130, 200, 290])
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    flat = np.pad(np.stack([np.cos(angles), np.sin(angles)], axis=1), ((0, 0), (0, 4))) @ rotation
    fit = on_circle(batch_from_lines([f"a: {word}" for word in "vwxyz"]), flat.astype(np.float32))
    assert fit.is_faithful
    points = fit.batch.points
    np.testing.assert_allclose(points @ points.T, np.cos(angles[:, None] - angles), atol=5e-3)


def test_three_unrelated_sentences_fit_on_no_circle_and_the_worst_pair_is_named() -> None:
    """At best the largest difference is 1/2, at 120 degrees or at 60, 60 and 120."""
    fit = on_circle(batch_from_lines(["a: x", "b: y", "c: z"]), np.eye(3, dtype=np.float32))
    assert not fit.is_faithful
    assert fit.off == pytest.approx(0.5, abs=0.01)
    row, column = fit.worst
    points = fit.batch.points
    assert abs(float(points[row] @ points[column])) == pytest.approx(fit.off)
    np.testing.assert_array_equal(fit.cosines, np.eye(3))


def test_equal_sentences_are_no_mismatch() -> None:
    own = batch_from_lines(["a: Hello.", "b: Hello.", "b: Bye."])
    fit = on_circle(own, np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32))
    assert fit.batch.targets == ((0, 0, -1), (0, 0, 1), (-1, 1, 0))


# ---- mistakes ----


@cache
def failure(name: str) -> Failure:
    return FAILURES[name]()


@pytest.mark.parametrize("name", list(FAILURES))
def test_every_mistake_stands_beside_the_right_way_from_the_same_start(name: str) -> None:
    panels = failure(name).panels
    assert [panel.wrong for panel in panels] == sorted((panel.wrong for panel in panels), reverse=True)
    assert {panel.wrong for panel in panels} == {True, False}
    for panel in panels:
        np.testing.assert_allclose(panel.motion.points[0], panels[0].motion.points[0], atol=1e-12)
        assert len(panel.motion.points) == len(panels[0].motion.points)
    assert all(math.isfinite(value) for value in failure(name).numbers.values())


def test_without_a_temperature_look_alikes_stay_together_and_the_loss_can_hardly_fall() -> None:
    numbers = failure("no_temperature").numbers
    # Six places 60 degrees apart, two texts each: beside a text there is its match and two at each other angle.
    best = math.log(math.e + 4 * math.exp(0.5) + 4 * math.exp(-0.5) + 2 * math.exp(-1)) - 1
    assert numbers["floor"] == pytest.approx(best, abs=0.001)
    assert numbers["floor"] > 0.95 * numbers["start"]
    assert numbers["weaker"] > 10
    assert numbers["wrong"] > 0.95 > 0.7 > numbers["right"]


def test_plus_minus_one_into_cross_entropy_likes_two_heaps_better_than_eight_places() -> None:
    numbers = failure("plus_minus_one").numbers
    heaps = -2 - 6 * math.log(4 * math.e + 4 / math.e)
    evenly = -2 - 6 * math.log(sum(math.exp(math.cos(math.pi * place / 4)) for place in range(8)))
    simplex = -2 - 6 * math.log(math.e + 7 * math.exp(-1 / 7))  # as far apart as seven dimensions allow
    assert (round(heaps, 1), round(simplex, 1)) == (-17.1, -15.0)
    assert numbers["clusters"] == pytest.approx(heaps, abs=0.01)
    assert numbers["separated"] == pytest.approx(evenly)
    assert heaps < evenly < simplex
    wrong, right = failure("plus_minus_one").panels
    assert wrong.motion.nearest[-1] > 0.999
    assert right.motion.nearest[-1] < 0.8  # 45 degrees apart is 0.71


def test_the_sigmoid_of_the_cosine_alone_cannot_fall_below_its_floor_nor_say_unrelated() -> None:
    wrong, right = failure("sigmoid_alone").panels
    softplus = math.log1p
    # A match costs at least log(1 + e^-1). All cosines of N points add up to 0 or more, so with M cells of matches
    # those of K mismatches have a mean of at least -(N + M) / K; their cost is convex, so it is least if all have it.
    count, matches, mismatches = 8, 8, 48
    mean_least = -(count + matches) / mismatches
    floor = (matches * softplus(math.exp(-1)) + mismatches * softplus(math.exp(mean_least))) / (matches + mismatches)
    assert failure("sigmoid_alone").numbers["floor"] == pytest.approx(0.3133, abs=1e-4)
    assert 0.3133 < floor < wrong.motion.losses.min()
    # On a circle four classes stand at right angles: two of the three others at a cosine of 0, one at -1.
    at_right_angles = (matches * math.log1p(math.exp(-1)) + 32 * math.log(2) + 16 * math.log1p(math.exp(-1))) / 56
    assert wrong.motion.losses[-1] == pytest.approx(at_right_angles, abs=1e-3)
    assert not wrong.motion.learned
    assert wrong.matrices is not None
    assert wrong.matrices.probabilities is not None
    said = wrong.matrices.probabilities[~np.isnan(wrong.matrices.probabilities)]
    assert 1 / (1 + math.e) - 1e-9 <= said.min() <= said.max() <= math.e / (1 + math.e) + 1e-9
    assert wrong.measured("nearest_probability")[-1] == pytest.approx(0.5, abs=0.01)
    assert right.measured("nearest_probability")[-1] < 0.05
    assert right.motion.losses[-1] < 0.02
    # The registered naive loss is the same function.
    alone = naive_losses["naive_bce"].function(
        torch.tensor(wrong.motion.points[7]), targets=torch.tensor(wrong.motion.truth)
    )
    assert float(alone) == pytest.approx(wrong.motion.losses[7], abs=1e-9)


def test_options_that_training_learns_stay_as_they_are_set_where_they_are_held() -> None:
    options: dict[str, object] = {"scale": 1.0, "bias": -0.5}
    held = move(losses["bce"], THREE, options, learns_options=False)
    learned = move(losses["bce"], THREE, options)
    assert not held.learned
    assert learned.learned["scale"][-1] > 2
    assert learned.losses[-1] < 0.2 < 0.313 < held.losses[-1]


def test_minus_one_into_bce_falls_without_end_while_look_alikes_stay_together() -> None:
    wrong, right = failure("minus_one_bce").panels
    falling = np.diff(wrong.motion.losses)
    assert (falling < 0).all()
    assert falling[-1] == pytest.approx(falling[len(falling) // 2], rel=0.2)  # it does not slow down
    assert wrong.motion.losses[-1] < -40
    assert wrong.motion.nearest[-1] > 0.97
    assert 0 < right.motion.losses[-1] < 0.05
    assert right.motion.nearest[-1] == pytest.approx(0.5, abs=0.01)  # six classes, 60 degrees apart


def test_padding_in_the_max_changes_a_text_and_makes_texts_alike() -> None:
    wrong, right = failure("padding").panels
    assert right.belonging is not None
    assert wrong.belonging is not None
    np.testing.assert_allclose(right.belonging, 1)
    assert wrong.belonging[-1] < 0.5
    assert wrong.motion.mismatches[-1] > 0.9 > 0 > right.motion.mismatches[-1]


def test_with_the_same_mask_twice_views_are_not_aligned_and_texts_only_spread() -> None:
    wrong, _right = failure("same_mask").panels
    numbers = failure("same_mask").numbers
    assert numbers["right"] > 0.95
    assert numbers["wrong"] < numbers["before"] + 0.1
    assert numbers["wrong_gradient"] < numbers["right_gradient"]
    assert wrong.motion.mismatches[-1] < wrong.motion.mismatches[0]
    # The cosine of a view with itself has no gradient.
    words = torch.randn(3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    view = without(words, torch.tensor([0, 1, 2]))
    torch.testing.assert_close(view[0], words[0, 1:].mean(dim=0))
    (gradient,) = torch.autograd.grad(torch.cosine_similarity(view, view).sum(), words)
    torch.testing.assert_close(gradient, torch.zeros_like(words))


def test_a_batch_of_one_pair_teaches_nothing() -> None:
    wrong, right = failure("small_batch").panels
    assert (wrong.motion.losses == 0).all()
    assert (wrong.motion.gradients == 0).all()
    np.testing.assert_allclose(wrong.motion.points[-1], wrong.motion.points[0], atol=1e-12)
    assert right.motion.nearest[-1] < right.motion.nearest[0] - 0.1
    pair = torch.tensor(wrong.motion.points[0][:2])  # A1 and A2 as a batch of their own
    assert float(cross_entropy(pair[:1], pair[1:], targets=torch.tensor([[1]]))) == 0


def test_negatives_of_the_same_class_tear_it() -> None:
    wrong, right = failure("same_class").panels
    assert wrong.motion.matches[-1] < wrong.motion.matches[0] - 0.1
    assert right.motion.matches[-1] > right.motion.matches[0] - 0.01


def test_all_one_class_collapses_or_teaches_nothing() -> None:
    panels = {panel.loss: panel for panel in failure("one_class").panels if panel.wrong}
    assert tuple(panels) == ONE_CLASS
    for name in ("supcon", "bce"):
        assert panels[name].motion.mismatches[-1] > 0.9
    assert (panels["triplet"].motion.losses == 0).all()
    np.testing.assert_allclose(panels["triplet"].motion.points[-1], panels["triplet"].motion.points[0], atol=1e-12)
    assert failure("one_class").panels[-1].motion.mismatches[-1] < 0.1
    alike = Batch(THREE.angles, (0,) * 9, targets_of((0,) * 9))
    assert move(losses["center"], alike, {"pull": 5.0}, steps=200).cosines[-1].min() > 0.9  # so does center


def test_naive_cross_entropy_is_asked_about_the_diagonal_too() -> None:
    form = Itself(identity_targets(9), diagonal=True)
    found = moved(naive_losses["naive_cross_entropy"], THREE, form=form)[2]
    assert found.shares is not None
    assert (found.shares[:, range(9), range(9)] > 0).all()
