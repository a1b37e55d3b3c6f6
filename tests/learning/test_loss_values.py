"""Losses against theory, hand calculation and other libraries."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import NormalizedSoftmaxLoss, NTXentLoss, SupConLoss, TripletMarginLoss
from sentence_transformers.sentence_transformer.losses import (
    BatchAllTripletLoss,
    BatchHardTripletLoss,
    BatchHardTripletLossDistanceFunction,
    BatchSemiHardTripletLoss,
    CoSENTLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import cos_sim
from torch import Tensor

from simcse_core.learning.losses import (
    bce,
    center,
    cosent,
    cross_entropy,
    losses,
    simcse,
    supcon,
    targets_from_labels,
    triplet,
)
from tests.learning.loss_batches import CODES, LABELS, embeddings, matching

NO_MODEL: Any = None
MININGS = ("all", "hard", "semi-hard")


def pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n) for j in range(n) if i != j)


@pytest.mark.parametrize(("matches", "pairs", "nats"), [(1, 2, 0.69), (1, 20, 0.20)])
def test_bce_that_has_learned_nothing_is_the_entropy_of_the_share_of_matches(
    matches: int, pairs: int, nats: float
) -> None:
    """One answer for all pairs: the best one has the bias log(p / (1 - p))."""
    targets = torch.full((1, pairs), -1)
    targets[0, :matches] = 1
    p = matches / pairs
    bias = torch.tensor(math.log(p / (1 - p)), requires_grad=True)
    value = bce(torch.ones(1, 4), torch.ones(pairs, 4), targets=targets, scale=0.0, bias=bias)  # type: ignore[arg-type]
    assert float(value.detach()) == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p), abs=1e-6)
    assert float(value.detach()) == pytest.approx(nats, abs=0.005)
    assert float(torch.autograd.grad(value, bias)[0]) == pytest.approx(0, abs=1e-6)


def test_bce_is_the_mean_of_log_losses_over_the_pairs() -> None:
    x, targets = embeddings(), targets_from_labels(LABELS)
    cosines = cos_sim(x, x)
    terms = [-F.logsigmoid(targets[i, j] * (7 * cosines[i, j] - 2)) for i, j in pairs(len(x))]
    torch.testing.assert_close(bce(x, targets=targets, scale=7.0, bias=-2.0), torch.stack(terms).mean())


def test_bce_of_logits_of_zero_is_log_2() -> None:
    torch.testing.assert_close(
        bce(embeddings(), targets=targets_from_labels(LABELS), scale=0.0, bias=0.0), torch.tensor(math.log(2))
    )


@pytest.mark.parametrize(
    ("targets", "odds"),
    [
        ([[1, 0], [0, -1]], 1),  # rows alone: one match, one mismatch
        ([[1, -1], [-1, -1]], 2 / 4),  # and the other row's
        ([[1, 0], [0, 1]], 3),  # no mismatch
    ],
)
def test_bce_starts_where_a_pair_of_the_mean_cosine_gets_the_odds_of_a_match(
    targets: list[list[int]], odds: float
) -> None:
    """Each side counts one more than it has."""
    anchor, positive = embeddings(2), embeddings(2, seed=1)
    start = losses["bce"].start
    assert start is not None
    options = losses["bce"].with_options({"scale": 4.0})
    bias = start(anchor, positive, targets=torch.tensor(targets), **options)["bias"]
    counted = torch.tensor(targets) != 0
    logit = 4 * float(cos_sim(anchor, positive)[counted].mean()) + bias
    assert logit == pytest.approx(math.log(odds), abs=1e-5)


def test_bce_starts_within_the_range_of_its_bias() -> None:
    same, start = torch.ones(2, 4), losses["bce"].start
    assert start is not None
    options = losses["bce"].with_options({"scale": 100})
    assert start(same, same, targets=torch.tensor([[1, 0], [0, -1]]), **options) == {"bias": -50.0}


def test_bce_equals_torchs_on_zero_and_one() -> None:
    anchor, positive = embeddings(4), embeddings(4, seed=1)
    targets = torch.tensor([[1, -1, -1, 1], [-1, 1, -1, -1], [-1, -1, 1, -1], [-1, 1, -1, 1]])
    expected = F.binary_cross_entropy_with_logits(10 * cos_sim(anchor, positive) - 5, (targets == 1).float())
    torch.testing.assert_close(bce(anchor, positive, targets=targets), expected)


def test_cosent_compares_every_row_with_every_row_of_a_lower_score() -> None:
    anchor, positive, scores = embeddings(6), embeddings(6, seed=1), torch.tensor([3.0, 1.0, 3.0, 0.0, 5.0, 1.0])
    cosines = cos_sim(anchor, positive).diagonal()
    total = torch.tensor(1.0)
    for i, j in pairs(6):
        if scores[i] > scores[j]:
            total = total + ((cosines[j] - cosines[i]) / 0.5).exp()
    torch.testing.assert_close(cosent(anchor, positive, scores=scores, temperature=0.5), total.log())
    oracle = CoSENTLoss(NO_MODEL, scale=2).compute_loss_from_embeddings([anchor, positive], scores)
    torch.testing.assert_close(cosent(anchor, positive, scores=scores, temperature=0.5), oracle)
    oracle = CoSENTLoss(NO_MODEL).compute_loss_from_embeddings([anchor, positive], scores)
    torch.testing.assert_close(cosent(anchor, positive, scores=scores), oracle)  # the default is the paper's 20


def test_cosent_of_equal_scores_is_0_and_moves_nothing() -> None:
    anchor = embeddings(4).requires_grad_()
    value = cosent(anchor, embeddings(4, seed=1), scores=torch.ones(4))
    (gradient,) = torch.autograd.grad(value, anchor)
    assert (float(value.detach()), float(gradient.abs().max())) == (0.0, 0.0)


def test_the_softmax_losses_are_the_mean_over_the_matches_of_minus_log_softmax() -> None:
    anchor, positive = embeddings(3), embeddings(5, seed=1)
    targets = torch.tensor([[1, -1, 0, -1, 1], [-1, -1, -1, -1, 0], [0, 1, -1, 0, -1]])
    exponentials = (cos_sim(anchor, positive) / 0.3).exp()
    rows = []
    for i in (0, 2):  # row 1 has no match
        total = sum(exponentials[i, j] for j in range(5) if targets[i, j] != 0)
        terms = [-(exponentials[i, j] / total).log() for j in range(5) if targets[i, j] == 1]
        rows.append(torch.stack(terms).mean())
    for loss in (cross_entropy, simcse, supcon):
        torch.testing.assert_close(loss(anchor, positive, targets=targets, temperature=0.3), torch.stack(rows).mean())


def test_supcon_equals_that_of_pytorch_metric_learning() -> None:
    x = embeddings()
    torch.testing.assert_close(supcon(x, targets=targets_from_labels(LABELS)), SupConLoss(temperature=0.1)(x, CODES))


def test_pairs_give_the_loss_of_sentence_transformers_and_of_pytorch_metric_learning() -> None:
    anchor, positive = embeddings(5), embeddings(5, seed=1)
    ranking = MultipleNegativesRankingLoss(NO_MODEL, scale=20).compute_loss_from_embeddings(
        [anchor, positive], NO_MODEL
    )
    contrastive = NTXentLoss(temperature=0.05)(anchor, torch.arange(5), ref_emb=positive, ref_labels=torch.arange(5))
    for loss in (cross_entropy, simcse):
        value = loss(anchor, positive, targets=matching(5), temperature=0.05)
        torch.testing.assert_close(value, ranking)
        torch.testing.assert_close(value, contrastive)


def test_triplets_add_their_hard_negatives_to_the_candidates_as_in_sentence_transformers() -> None:
    anchor, positive, negative = embeddings(5), embeddings(5, seed=1), embeddings(5, seed=2)
    texts = [anchor, positive, negative]
    ranking = MultipleNegativesRankingLoss(NO_MODEL, scale=20).compute_loss_from_embeddings(texts, NO_MODEL)
    targets = torch.cat([matching(5), torch.full((5, 5), -1)], dim=1)
    for loss in (cross_entropy, simcse):
        torch.testing.assert_close(loss(anchor, torch.cat([positive, negative]), targets=targets), ranking)


def test_the_own_hard_negative_of_simcse_counts_as_often_as_its_weight_says() -> None:
    anchor, positive, negative = embeddings(4), embeddings(4, seed=1), embeddings(4, seed=2)
    near, hard = (cos_sim(anchor, positive) / 0.5).exp(), (cos_sim(anchor, negative) / 0.5).exp()
    rows = [-(near[i, i] / (near[i].sum() + hard[i].sum() + 2 * hard[i, i])).log() for i in range(4)]  # 1 + 2 times
    targets = torch.cat([matching(4), torch.full((4, 4), -1)], dim=1)
    both = torch.cat([positive, negative])
    value = simcse(anchor, both, targets=targets, temperature=0.5, hard_negative_weight=3.0)
    torch.testing.assert_close(value, torch.stack(rows).mean())
    targets[2, 6] = 0  # an own negative that is left out stays left out
    rows[2] = -(near[2, 2] / (near[2].sum() + hard[2].sum() - hard[2, 2])).log()
    value = simcse(anchor, both, targets=targets, temperature=0.5, hard_negative_weight=3.0)
    torch.testing.assert_close(value, torch.stack(rows).mean())


def test_rows_without_a_match_and_pairs_that_are_left_out_do_not_count() -> None:
    x, targets = embeddings(4), targets_from_labels(list("aabc"))
    assert cross_entropy(x, targets=targets) > 0
    targets[:, 2:] = 0  # then the match is the only candidate, and nothing is left to tell apart
    torch.testing.assert_close(cross_entropy(x, targets=targets), torch.tensor(0.0))


def triplet_by_hand(cosines: Tensor, targets: Tensor, margin: float, mining: str) -> tuple[Tensor, float]:
    """The loss and the share of active triplets, one triplet at a time."""
    terms = []
    for i in range(len(targets)):
        matches = [cosines[i, j] for j in range(targets.shape[1]) if targets[i, j] == 1]
        mismatches = [cosines[i, j] for j in range(targets.shape[1]) if targets[i, j] == -1]
        if not matches or not mismatches:
            continue
        if mining == "hard":
            terms.append(margin + max(mismatches) - min(matches))
        for match in matches:
            if mining == "semi-hard":
                terms.append(margin + max([m for m in mismatches if m < match], default=min(mismatches)) - match)
            elif mining == "all":
                terms.extend(margin + mismatch - match for mismatch in mismatches)
    active = [term for term in terms if term > 0]
    return torch.stack(active).sum() / (len(active) if mining == "all" else len(terms)), len(active) / len(terms)


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("margin", [0.05, 0.3, 2.0])
def test_triplet_equals_one_triplet_at_a_time_and_counts_the_active_ones(mining: Any, margin: float) -> None:
    anchor, positive = embeddings(7), embeddings(9, seed=1)
    targets = torch.randint(-1, 2, (7, 9), generator=torch.Generator().manual_seed(0))
    targets[1], targets[2] = targets[1].clamp(max=0), targets[2].clamp(min=0)  # no match, no mismatch
    value, active = triplet_by_hand(cos_sim(anchor, positive), targets, margin, mining)
    torch.testing.assert_close(triplet(anchor, positive, targets=targets, margin=margin, mining=mining), value)
    observe = losses["triplet"].observe
    assert observe is not None
    observed = observe(anchor, positive, targets=targets, margin=margin, mining=mining)
    assert observed == {"active_triplets": pytest.approx(active)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("mining", "oracle", "method"),
    [
        ("all", BatchAllTripletLoss, "batch_all_triplet_loss"),
        ("hard", BatchHardTripletLoss, "batch_hard_triplet_loss"),
        ("semi-hard", BatchSemiHardTripletLoss, "batch_semi_hard_triplet_loss"),
    ],
)
def test_triplet_equals_that_of_sentence_transformers(mining: Any, oracle: Any, method: str, seed: int) -> None:
    x = embeddings(seed=seed)
    distance = BatchHardTripletLossDistanceFunction.cosine_distance
    expected = getattr(oracle(NO_MODEL, distance_metric=distance, margin=0.3), method)(CODES, x)
    torch.testing.assert_close(triplet(x, targets=targets_from_labels(LABELS), margin=0.3, mining=mining), expected)


def test_triplet_all_equals_that_of_pytorch_metric_learning() -> None:
    x = embeddings(seed=2)
    oracle = TripletMarginLoss(margin=0.3, distance=CosineSimilarity(), triplets_per_anchor="all")(x, CODES)
    torch.testing.assert_close(triplet(x, targets=targets_from_labels(LABELS), margin=0.3, mining="all"), oracle)


def test_triplets_of_one_match_and_one_mismatch_leave_nothing_to_choose() -> None:
    anchor, positive, negative = embeddings(5), embeddings(5, seed=1), embeddings(5, seed=2)
    targets = torch.cat([torch.eye(5), -torch.eye(5)], dim=1)
    terms = (0.2 + F.cosine_similarity(anchor, negative) - F.cosine_similarity(anchor, positive)).relu()
    both = torch.cat([positive, negative])
    assert 0 < (terms > 0).sum() < 5
    for mining in ("hard", "semi-hard"):
        torch.testing.assert_close(triplet(anchor, both, targets=targets, mining=mining), terms.mean())
    torch.testing.assert_close(triplet(anchor, both, targets=targets, mining="all"), terms[terms > 0].mean())


def test_a_mismatch_as_close_as_the_match_is_not_semi_hard() -> None:
    anchor = torch.tensor([[1.0, 0.0]])
    match, as_close, farther = [0.8, 0.6], [0.8, 0.6], [0.7, math.sqrt(0.51)]
    value = triplet(
        anchor, torch.tensor([match, as_close, farther]), targets=torch.tensor([[1, -1, -1]]), mining="semi-hard"
    )
    torch.testing.assert_close(value, torch.tensor(0.2 + 0.7 - 0.8))


@pytest.mark.parametrize("mining", MININGS)
def test_triplet_of_separate_classes_is_0_and_no_triplet_is_active(mining: Any) -> None:
    targets = targets_from_labels(list("aabb"))
    apart = torch.eye(2)[[0, 0, 1, 1]]
    torch.testing.assert_close(triplet(apart, targets=targets, mining=mining), torch.tensor(0.0))
    observe = losses["triplet"].observe
    assert observe is not None
    assert observe(apart, targets=targets, mining=mining) == {"active_triplets": 0.0}
    assert observe(torch.ones(4, 3), targets=targets, mining=mining) == {"active_triplets": 1.0}


def test_center_is_its_classifier_the_pull_to_the_own_centre_and_the_push_from_the_nearest_other() -> None:
    x, centers, classifier = embeddings(), embeddings(3, seed=1) / 6, embeddings(3, seed=2)
    unit, directions = F.normalize(x, dim=1), F.normalize(classifier, dim=1)
    rows = []
    for i, own in enumerate(CODES.tolist()):
        distances = [float(((unit[i] - c) ** 2).sum()) for c in centers]
        exponentials = [math.exp(float(unit[i] @ d) / 0.2) for d in directions]
        nearest_other = min(distances[k] for k in range(3) if k != own)
        pushed = max(0.0, 0.7 + distances[own] - nearest_other)
        rows.append(-math.log(exponentials[own] / sum(exponentials)) + 1.5 / 2 * distances[own] + 0.8 * pushed)
    value = center(
        x, classes=CODES, centers=centers, classifier=classifier, pull=1.5, push=0.8, margin=0.7, temperature=0.2
    )
    assert float(value) == pytest.approx(sum(rows) / len(rows), rel=1e-5)


def test_center_without_pull_and_push_is_the_normalised_softmax_of_pytorch_metric_learning() -> None:
    x, classifier = embeddings(), embeddings(3, seed=2)
    oracle = NormalizedSoftmaxLoss(num_classes=3, embedding_size=6, temperature=0.1)
    oracle.W.data = classifier.T.clone()
    value = center(x, classes=CODES, centers=torch.zeros(3, 6), classifier=classifier, pull=0.0, push=0.0)
    torch.testing.assert_close(value, oracle(x, CODES))


def test_centers_start_at_the_mean_directions_and_without_texts_at_that_of_all() -> None:
    x = torch.tensor([[2.0, 0.0], [0.0, 5.0], [0.0, 1.0]])
    assert losses["center"].parameters is not None
    start = losses["center"].parameters(x, torch.tensor([0, 0, 2]), 3)
    half = math.sqrt(0.5)
    expected = torch.tensor([[half, half], [1 / math.sqrt(5), 2 / math.sqrt(5)], [0.0, 1.0]])
    assert list(start) == ["centers", "classifier"]
    for tensor in start.values():
        torch.testing.assert_close(tensor, expected)
    assert start["centers"].data_ptr() != start["classifier"].data_ptr()


def test_a_single_class_has_nothing_to_be_pushed_from() -> None:
    x = embeddings(4)
    value = center(x, classes=torch.zeros(4).long(), centers=torch.zeros(1, 6), classifier=torch.ones(1, 6))
    torch.testing.assert_close(value, torch.tensor(0.5))  # half the squared distance of a unit vector to 0


def test_targets_from_labels_by_hand() -> None:
    assert targets_from_labels(["x", "y", "x"]).tolist() == [[0, -1, 1], [-1, 0, -1], [1, -1, 0]]
