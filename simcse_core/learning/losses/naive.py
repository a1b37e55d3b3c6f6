"""Losses as one might first write them. Each shows one mistake; none of them can be chosen for training."""

from typing import TYPE_CHECKING

from simcse_core.learning.losses.centers import class_means, distances
from simcse_core.learning.losses.compare import check_shape, compare, cosines, mean, unit
from simcse_core.learning.losses.pairwise import JudgedPairs, judged_by_sign
from simcse_core.learning.losses.parts import Parts
from simcse_core.learning.losses.registry import Bias, Pull, Scale, Temperature, naive_losses

if TYPE_CHECKING:
    from torch import Tensor


def naive_bce_parts(anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor") -> Parts:
    """What each pair costs. Arguments as for `naive_bce`."""
    return judged_by_sign(*compare(anchor, positive, targets)).parts()


@naive_losses.register(
    "naive_bce",
    inputs={"labelled": "classes", "pairs": "marked_pairs", "scored": "marked_pairs"},
    learned_nothing="No single value: 0.69 a pair where all cosines are 0, and still 0.31 a match where all are right.",
    collapse="All cosines are 1: 0.31 for each match, 1.31 for each mismatch.",
    parts=naive_bce_parts,
)
def naive_bce(anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor") -> "Tensor":
    """The sigmoid of the cosine without scale and bias.

    A cosine is at most 1 and the sigmoid of 1 is 0.73: a perfect match costs log(1 + e^-1) = 0.313, and the loss cannot
    fall below. An unrelated pair at cosine 0 costs log 2 = 0.693; to get it cheaper, unrelated texts are made
    opposites. It learns, but it cannot say "surely not". `bce` scales and shifts the cosines first.

    Args:
        anchor, positive, targets: as for `bce`.

    Returns:
        Scalar in nats, from 0.313 to 1.313.

    Source: arXiv 2303.15343 without its two learned numbers.
    """
    return judged_by_sign(*compare(anchor, positive, targets)).loss()


def _judged_minus_one(
    anchor: "Tensor", positive: "Tensor | None", targets: "Tensor", scale: float, bias: float
) -> JudgedPairs:
    import torch.nn.functional as F

    cosines, targets = compare(anchor, positive, targets)
    logits = cosines * scale + bias
    costs = F.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), reduction="none")
    return JudgedPairs(logits, costs, targets != 0)


def bce_minus_one_parts(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", scale: float, bias: float
) -> Parts:
    """What each pair costs. Arguments as for `bce_minus_one`."""
    return _judged_minus_one(anchor, positive, targets, scale, bias).parts()


@naive_losses.register(
    "bce_minus_one",
    inputs={"labelled": "classes", "pairs": "marked_pairs", "scored": "marked_pairs"},
    learned_nothing="None: the bias alone takes the loss below any value, with embeddings that never moved.",
    collapse="The loss falls and falls while the cosines stay as they are.",
    parts=bce_minus_one_parts,
)
def bce_minus_one(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", scale: Scale = 10.0, bias: Bias = -5.0
) -> "Tensor":
    """Binary cross-entropy that is given targets of -1 where it expects 0.

    At logit z a mismatch then costs log(1 + e^z) + z, which has no lower end: -4.99 at z = -5, -1000 at z = -1000. With
    eight texts and their eight matches a bias of -1000 gives -750, whatever the texts are. Torch's `BCELoss` raises on
    such targets, `binary_cross_entropy_with_logits` takes them. `bce` uses -1 only as a sign.

    Args:
        anchor, positive, targets, scale, bias: as for `bce`.

    Returns:
        Scalar without a lower bound.

    Source: torch.nn.functional.binary_cross_entropy_with_logits, which does not check its targets.
    """
    return _judged_minus_one(anchor, positive, targets, scale, bias).loss()


def _naive_logits(anchor: "Tensor", positive: "Tensor | None", targets: "Tensor", temperature: float) -> "Tensor":
    """(N, M)."""
    logits = cosines(anchor, positive) / temperature
    check_shape("targets", targets, tuple(logits.shape))
    return logits


def naive_cross_entropy_parts(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", temperature: float
) -> Parts:
    """What each pair costs. Arguments as for `naive_cross_entropy`."""
    logits = _naive_logits(anchor, positive, targets, temperature)
    return Parts(-(targets * logits.log_softmax(dim=1)) / max(len(targets), 1), logits, logits.softmax(dim=1))


@naive_losses.register(
    "naive_cross_entropy",
    inputs={"texts": "views", "labelled": "class_pairs", "pairs": "matches", "scored": "matches"},
    learned_nothing="None to rely on: arrangements that mix up the texts can have a lower loss than the right one.",
    collapse="Texts gather in two opposite clusters, at a lower loss than where each text has a place of its own.",
    parts=naive_cross_entropy_parts,
)
def naive_cross_entropy(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 1.0
) -> "Tensor":
    """Softmax cross-entropy straight on the matrix of 1 and -1.

    A target of -1 rewards a low log-probability instead of a low probability. A mismatch that already holds more than
    its share of the softmax, 1 / (mismatches - matches), is pulled closer. With eight texts that each match themselves
    and a temperature of 1, two opposite clusters of four cost -17.1, eight texts as far apart as they can be -15.0.
    `cross_entropy` has targets that sum to 1.

    Args:
        anchor, positive, targets, temperature: as for `cross_entropy`; the diagonal is used as it is.

    Returns:
        Scalar: the mean over the rows of -sum of target · log softmax. Without a lower bound as the temperature falls.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1807.03748, with targets that are no distribution.
    """
    log_probabilities = _naive_logits(anchor, positive, targets, temperature).log_softmax(dim=1)  # (N, M)
    return mean(-(targets * log_probabilities).sum(dim=1))


def only_centers(embeddings: "Tensor", classes: "Tensor", count: int) -> "dict[str, Tensor]":
    """Where `center_alone` starts: at the classes' means."""
    return {"centers": class_means(embeddings, classes, count)}


@naive_losses.register(
    "center_alone",
    inputs={"labelled": "class_codes"},
    learned_nothing="None to rely on: 0 is reached when each class is one point, also when it is the same for all.",
    collapse="The loss goes to 0 and so does the distance between the classes.",
    parameters=only_centers,
)
def center_alone(anchor: "Tensor", *, classes: "Tensor", centers: "Tensor", pull: Pull = 1.0) -> "Tensor":
    """The center loss that only pulls, without a classifier.

    Nothing holds the classes apart, and the cheapest place for all is the same point. Two classes of 64 points whose
    mean cosine is 0.23 across classes, through one linear layer that learns: after 300 steps the loss is under 0.0001
    and that cosine 1.00. Even 32 points a class that move freely go from 0.35 to 0.93, because what a class shares with
    the others is what is left of it. On the same points `center` ends at 0.38 and 0.03.

    Args:
        anchor, classes, centers, pull: as for `center`.

    Returns:
        Scalar, pull / 2 · the mean squared distance of a text to the centre of its class.

    Raises:
        ShapeError: the shapes do not fit.

    Source: DOI 10.1007/978-3-319-46478-7_31, which warns of using it alone.
    """
    return pull / 2 * distances(unit(anchor), classes, centers).to_own.mean()
