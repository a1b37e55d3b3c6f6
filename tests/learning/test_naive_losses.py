"""What goes wrong with the naive losses, each on a batch on which it shows, beside the loss that gets it right."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.errors import OptionError, ShapeError
from simcse_core.learning.losses import (
    Loss,
    bce,
    bce_minus_one,
    center_alone,
    cross_entropy,
    losses,
    naive_bce,
    naive_cross_entropy,
    naive_losses,
)

IDENTITY = 2 * torch.eye(8) - 1
"""Eight texts that each match themselves only."""


def simplex(n: int) -> Tensor:
    """n unit vectors as far apart as they can be: every cosine is -1 / (n - 1)."""
    return F.normalize(torch.eye(n) - 1 / n, dim=1)


def descend(loss: Any, *moving: Tensor, steps: int, rate: float) -> float:
    """The loss after gradient descent; the tensors move in place."""
    optimizer = torch.optim.Adam([tensor.requires_grad_() for tensor in moving], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
    return float(loss().detach())


def two_classes(n: int, gap: float) -> tuple[Tensor, Tensor]:
    """2n points of two classes that share a direction, as the texts of an untuned BERT do, and differ by `gap`."""
    points = F.normalize(torch.randn(2 * n, 16, generator=torch.Generator().manual_seed(0)), dim=1) * 0.8
    classes = torch.arange(2 * n) % 2
    points[:, 0] += 0.6
    points[:, 1] += gap * (2 * classes - 1)
    return points, classes


def cosine_across(points: Tensor, classes: Tensor) -> float:
    """The mean cosine of texts of different classes."""
    unit = F.normalize(points.detach(), dim=1)
    return float((unit @ unit.T)[classes.unsqueeze(0) != classes.unsqueeze(1)].mean())


@pytest.mark.parametrize("name", naive_losses.names())
def test_naive_losses_cannot_be_chosen_for_training(name: str) -> None:
    with pytest.raises(OptionError, match=f"Unknown loss '{name}'. Choose one of: bce, center"):
        losses[name]


def test_naive_bce_cannot_fall_below_0_313_and_an_unrelated_pair_costs_log_2() -> None:
    perfect = torch.tensor([[1.0, 0.0]])
    opposite, unrelated = -perfect, torch.tensor([[0.0, 1.0]])
    match, mismatch = torch.tensor([[1]]), torch.tensor([[-1]])
    floor = math.log(1 + math.exp(-1))
    assert floor == pytest.approx(0.313, abs=5e-4)
    assert float(naive_bce(perfect, perfect, targets=match)) == pytest.approx(floor)
    assert float(naive_bce(perfect, opposite, targets=mismatch)) == pytest.approx(floor)
    assert float(naive_bce(perfect, unrelated, targets=mismatch)) == pytest.approx(math.log(2))
    assert float(naive_bce(perfect, perfect, targets=mismatch)) == pytest.approx(1 + floor)
    for loss in (bce(perfect, perfect, targets=match), bce(perfect, unrelated, targets=mismatch)):
        assert float(loss) < 0.01


def test_naive_bce_is_torchs_on_the_cosines_as_they_are() -> None:
    anchor, positive = torch.randn(2, 8, 5, generator=torch.Generator().manual_seed(0))
    cosines = F.normalize(anchor, dim=1) @ F.normalize(positive, dim=1).T
    expected = F.binary_cross_entropy(cosines.sigmoid(), (IDENTITY == 1).float())
    torch.testing.assert_close(naive_bce(anchor, positive, targets=IDENTITY), expected)


def test_bce_minus_one_falls_without_end_while_the_texts_stay_where_they_are() -> None:
    alike = torch.ones(8, 4)
    for bias in (-1e3, -1e6):
        wrong = bce_minus_one(alike, alike, targets=IDENTITY, bias=bias)
        assert float(wrong) == pytest.approx(0.75 * bias, rel=0.02)
        assert float(bce(alike, alike, targets=IDENTITY, bias=bias)) > 0
    one = torch.ones(1, 1)
    assert float(bce_minus_one(one, one, targets=-one, scale=0.0, bias=-5.0)) == pytest.approx(-4.99, abs=0.005)


def test_bce_minus_one_learns_a_bias_and_nothing_else() -> None:
    points = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    bias: Any = torch.tensor(-5.0)
    first = float(bce_minus_one(points, points, targets=IDENTITY, bias=-5.0))
    last = descend(lambda: bce_minus_one(points, points, targets=IDENTITY, bias=bias), bias, steps=100, rate=1.0)
    assert last < first - 70
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([-1.0]))


def test_naive_cross_entropy_prefers_two_opposite_clusters_to_separation() -> None:
    """By hand: a row is -(log p_own) + sum of log p_other, log p = cosine - log of the row's sum of e^cosine."""
    clusters = torch.tensor([[1.0], [1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0], [-1.0]])
    two = -1 + 3 * 1 + 4 * -1 - 6 * math.log(4 * math.e + 4 / math.e)
    apart = -1 + 7 * -1 / 7 - 6 * math.log(math.e + 7 * math.exp(-1 / 7))
    assert (round(two, 1), round(apart, 1)) == (-17.1, -15.0)
    assert float(naive_cross_entropy(clusters, clusters, targets=IDENTITY)) == pytest.approx(two, rel=1e-5)
    assert float(naive_cross_entropy(simplex(8), simplex(8), targets=IDENTITY)) == pytest.approx(apart, rel=1e-5)
    mended = [cross_entropy(x, x, targets=IDENTITY, temperature=1.0) for x in (clusters, simplex(8))]
    assert mended[0] > mended[1]


def test_naive_cross_entropy_pulls_a_mismatch_that_holds_more_than_its_share_of_the_softmax_closer() -> None:
    """With one match and seven mismatches the share is a sixth."""
    for near, closer in ((0.9, True), (-0.9, False)):
        cosines = torch.full((8,), -0.5)
        cosines[0], cosines[1] = 1.0, near
        others = torch.stack([cosines, (1 - cosines**2).sqrt()], dim=1).requires_grad_()  # at these cosines to (1, 0)
        targets = IDENTITY[:1]
        share = float(cosines.softmax(dim=0)[1])
        (gradient,) = torch.autograd.grad(
            naive_cross_entropy(torch.tensor([[1.0, 0.0]]), others, targets=targets), others
        )
        assert (share > 1 / 6) is closer
        assert bool(gradient[1, 0] < 0) is closer  # descent raises the first coordinate, the cosine


def test_naive_cross_entropy_has_no_lower_bound_as_the_temperature_falls() -> None:
    x = simplex(8)
    values = [float(naive_cross_entropy(x, x, targets=IDENTITY, temperature=t)) for t in (1.0, 0.1, 0.01)]
    assert values[0] > values[1] > values[2]
    assert values[2] < -700


def test_naive_cross_entropy_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="targets must have the shape"):
        naive_cross_entropy(simplex(8), targets=IDENTITY[:3])


@pytest.mark.parametrize(("loss", "across"), [(naive_losses["center_alone"], 1.0), (losses["center"], 0.38)])
def test_center_alone_draws_all_classes_through_one_layer_into_one_point(loss: Loss, across: float) -> None:
    texts, classes = two_classes(64, gap=0.3)
    layer = torch.eye(16)
    assert cosine_across(texts, classes) == pytest.approx(0.23, abs=0.005)
    assert loss.parameters is not None
    learned = loss.parameters(texts, classes, 2)
    ended = descend(
        lambda: loss.function(texts @ layer, classes=classes, **learned), layer, *learned.values(), steps=300, rate=0.01
    )
    assert cosine_across(texts @ layer, classes) == pytest.approx(across, abs=0.05)
    if loss.name == "center_alone":
        assert ended < 1e-4


@pytest.mark.parametrize(("loss", "across"), [(naive_losses["center_alone"], 0.93), (losses["center"], 0.03)])
def test_center_alone_brings_the_classes_of_free_points_together(loss: Loss, across: float) -> None:
    points, classes = two_classes(32, gap=0.0)
    assert cosine_across(points, classes) == pytest.approx(0.35, abs=0.005)
    assert loss.parameters is not None
    learned = loss.parameters(points, classes, 2)
    ended = descend(
        lambda: loss.function(points, classes=classes, **learned), points, *learned.values(), steps=300, rate=0.02
    )
    assert ended < 1e-3
    assert cosine_across(points, classes) == pytest.approx(across, abs=0.05)


def test_center_alone_is_0_for_any_arrangement_of_points_at_their_centres_even_one() -> None:
    classes = torch.tensor([0, 0, 1, 1])
    for centers in (torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])):
        assert float(center_alone(centers[classes], classes=classes, centers=centers)) == 0.0
    halfway = center_alone(torch.eye(2)[[0]], classes=torch.tensor([1]), centers=torch.eye(2), pull=3.0)
    assert float(halfway) == pytest.approx(3.0)  # half of 3 times the squared distance of 2
