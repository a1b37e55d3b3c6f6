import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import SupConLoss, TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from sentence_transformers.util import cos_sim
from torch import Tensor

from simcse_core.errors import OptionError, ShapeError
from simcse_core.learning.losses import learned_options, losses, targets_from_labels
from simcse_core.registry import Entry

Loss = Entry[Callable[..., Tensor]]

bce = losses["bce"].function
cross_entropy = losses["cross_entropy"].function
triplet = losses["triplet"].function

LABELS = list("aabbbcdaac")


def embeddings(n: int = len(LABELS), seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 6, generator=generator, dtype=dtype) * 3


def pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n) for j in range(n) if i != j)


@pytest.fixture(params=losses.entries(), ids=lambda entry: entry.name)
def loss(request: pytest.FixtureRequest) -> Loss:
    entry: Loss = request.param
    return entry


def test_every_loss_is_a_finite_scalar_and_moves_every_text_that_has_a_match(loss: Loss) -> None:
    x = embeddings().requires_grad_()
    value = loss.function(x, targets=targets_from_labels(LABELS))
    value.backward()  # type: ignore[no-untyped-call]
    assert value.ndim == 0
    assert torch.isfinite(value)
    assert x.grad is not None
    assert (x.grad.abs().sum(dim=1) > 0).all()


def test_every_loss_ignores_the_length_of_the_vectors(loss: Loss) -> None:
    x, targets = embeddings(), targets_from_labels(LABELS)
    lengths = torch.linspace(0.1, 9, len(x)).unsqueeze(1)
    torch.testing.assert_close(loss.function(x, targets=targets), loss.function(x * lengths, targets=targets))


def test_every_loss_falls_when_classes_separate(loss: Loss) -> None:
    targets = targets_from_labels(LABELS)
    apart = torch.eye(4)[[ord(label) - ord("a") for label in LABELS]]
    assert loss.function(apart, targets=targets) < loss.function(embeddings(), targets=targets)


def test_every_gradient_is_right(loss: Loss) -> None:
    """Against numerical differences, in float64."""
    x = embeddings(6, dtype=torch.float64).requires_grad_()
    targets = targets_from_labels(LABELS[:6])
    assert torch.autograd.gradcheck(lambda given: loss.function(given, targets=targets), (x,))


@pytest.mark.parametrize("labels", [["a"], ["a", "a"], ["a", "b"], ["a"] * 5])
def test_every_loss_survives_degenerate_batches(loss: Loss, labels: list[str]) -> None:
    for x in (embeddings(len(labels)), torch.ones(len(labels), 4), torch.zeros(len(labels), 4)):
        given = x.clone().requires_grad_()
        value = loss.function(given, targets=targets_from_labels(labels))
        value.backward()  # type: ignore[no-untyped-call]
        assert torch.isfinite(value)
        assert given.grad is not None
        assert given.grad.isfinite().all()


def test_every_loss_computes_half_precision_in_float32(loss: Loss) -> None:
    x, targets = embeddings().bfloat16(), targets_from_labels(LABELS)
    torch.testing.assert_close(loss.function(x, targets=targets), loss.function(x.float(), targets=targets))


def test_every_loss_compares_two_sets(loss: Loss) -> None:
    anchor, other = embeddings(4), embeddings(4, seed=1)
    targets = 2 * torch.eye(4, dtype=torch.int64) - 1
    assert torch.isfinite(loss.function(anchor, other, targets=targets))


def test_every_loss_refuses_shapes_that_do_not_fit(loss: Loss) -> None:
    with pytest.raises(ShapeError, match=r"targets must be \(3, 3\)"):
        loss.function(embeddings(3), targets=torch.ones(3, 4))
    with pytest.raises(ShapeError, match="Embeddings must be"):
        loss.function(embeddings(3), torch.ones(3, 2), targets=torch.ones(3, 3))


def test_bce_is_the_mean_of_log_losses_over_the_pairs() -> None:
    x, targets = embeddings(), targets_from_labels(LABELS)
    cosines = cos_sim(x, x)
    terms = [-F.logsigmoid(targets[i, j] * (7 * cosines[i, j] - 2)) for i, j in pairs(len(x))]
    torch.testing.assert_close(bce(x, targets=targets, scale=7.0, bias=-2.0), torch.stack(terms).mean())


def test_bce_of_logits_of_zero_is_log_2() -> None:
    torch.testing.assert_close(
        bce(embeddings(), targets=targets_from_labels(LABELS), scale=0.0, bias=0.0), torch.tensor(math.log(2))
    )


def test_bce_equals_torchs_on_zero_and_one() -> None:
    anchor, other = embeddings(4), embeddings(4, seed=1)
    targets = torch.tensor([[1, -1, -1, 1], [-1, 1, -1, -1], [-1, -1, 1, -1], [-1, 1, -1, 1]])
    expected = F.binary_cross_entropy_with_logits(10 * cos_sim(anchor, other) - 5, (targets == 1).float())
    torch.testing.assert_close(bce(anchor, other, targets=targets), expected)


def test_cross_entropy_with_labels_equals_the_supervised_contrastive_loss() -> None:
    """Where each row has a match, both are the mean over the matches of -log softmax without the diagonal."""
    x, labels = embeddings(8), [0, 0, 1, 1, 1, 2, 2, 0]
    oracle = SupConLoss(temperature=0.1)(x, torch.tensor(labels))
    targets = targets_from_labels([str(label) for label in labels])
    torch.testing.assert_close(cross_entropy(x, targets=targets, temperature=0.1), oracle)


def test_cross_entropy_of_pairs_equals_torchs() -> None:
    """As sentence-transformers' MultipleNegativesRankingLoss defines it: scaled cosines, the diagonal is right."""
    anchor, positive = embeddings(5), embeddings(5, seed=1)
    expected = F.cross_entropy(cos_sim(anchor, positive) * 20, torch.arange(5))
    targets = 2 * torch.eye(5, dtype=torch.int64) - 1
    torch.testing.assert_close(cross_entropy(anchor, positive, targets=targets, temperature=0.05), expected)


def test_cross_entropy_of_indistinguishable_texts_is_log_of_the_candidates() -> None:
    same = torch.ones(4, 8)
    pair_targets = 2 * torch.eye(4, dtype=torch.int64) - 1
    torch.testing.assert_close(cross_entropy(same, same, targets=pair_targets), torch.tensor(math.log(4)))
    labelled = cross_entropy(same, targets=targets_from_labels(list("aabb")))
    torch.testing.assert_close(labelled, torch.tensor(math.log(3)))  # the text itself is no candidate


def test_cross_entropy_skips_rows_without_a_match_and_pairs_that_are_left_out() -> None:
    x, targets = embeddings(4), targets_from_labels(list("aabc"))
    assert cross_entropy(x, targets=targets) > 0
    targets[:, 2:] = 0  # then the match is the only candidate, and nothing is left to tell apart
    torch.testing.assert_close(cross_entropy(x, targets=targets), torch.tensor(0.0))


def test_triplet_hard_equals_that_of_pytorch_metric_learning() -> None:
    x, labels = embeddings(9, seed=2), torch.tensor([0, 0, 1, 1, 1, 2, 2, 0, 2])
    distance = CosineSimilarity()
    mined = BatchHardMiner(distance=distance)(x, labels)
    terms = TripletMarginLoss(margin=0.3, distance=distance)
    oracle = terms(x, labels, mined) * 1.0
    ours = triplet(x, targets=targets_from_labels([str(int(label)) for label in labels]), margin=0.3, mining="hard")
    unreduced = torch.stack(
        [(0.3 - (cos_sim(x[a], x[p]) - cos_sim(x[a], x[n])))[0, 0].relu() for a, p, n in zip(*mined, strict=True)]
    )
    torch.testing.assert_close(ours, unreduced.mean())
    torch.testing.assert_close(oracle, unreduced[unreduced > 0].mean())  # the library averages what is above 0


def test_triplet_all_equals_that_of_pytorch_metric_learning() -> None:
    x, labels = embeddings(9, seed=2), torch.tensor([0, 0, 1, 1, 1, 2, 2, 0, 2])
    oracle = TripletMarginLoss(margin=0.3, distance=CosineSimilarity(), triplets_per_anchor="all")(x, labels)
    targets = targets_from_labels([str(int(label)) for label in labels])
    torch.testing.assert_close(triplet(x, targets=targets, margin=0.3, mining="all"), oracle)


@pytest.mark.parametrize("mining", ["hard", "all"])
def test_triplet_of_equal_texts_is_the_margin_and_of_separate_classes_zero(mining: str) -> None:
    targets = targets_from_labels(list("aabb"))
    torch.testing.assert_close(triplet(torch.ones(4, 3), targets=targets, mining=mining), torch.tensor(0.2))
    apart = torch.eye(2)[[0, 0, 1, 1]]
    torch.testing.assert_close(triplet(apart, targets=targets, mining=mining), torch.tensor(0.0))


def test_targets_from_labels_by_hand() -> None:
    assert targets_from_labels(["x", "y", "x"]).tolist() == [[0, -1, 1], [-1, 0, -1], [1, -1, 0]]


def test_every_loss_and_option_explains_itself(loss: Loss) -> None:
    assert len(loss.summary) > 20
    assert "Source:" in (loss.function.__doc__ or "")
    for name, field in loss.options.model_fields.items():
        assert field.description, f"{loss.name} does not explain {name}"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("triplet", {"margin": -1}, "margin is -1"),
        ("triplet", {"margin": "wide"}, "margin is 'wide'"),
        ("triplet", {"mining": "soft"}, "mining is 'soft'"),
        ("cross_entropy", {"temperature": 0}, "temperature is 0"),
        ("cross_entropy", {"temp": 1}, "no option 'temp'"),
        ("infonce", {}, "Unknown loss 'infonce'. Choose one of: bce, cross_entropy, triplet"),
    ],
)
def test_wrong_options_are_refused_in_words(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        losses[name].with_options(given)


def test_only_bce_learns_parameters_of_its_own() -> None:
    assert {name: learned_options(name) for name in losses.names()} == {
        "bce": ["scale", "bias"],
        "cross_entropy": [],
        "triplet": [],
    }
