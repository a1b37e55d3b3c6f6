"""The center loss, whose classes have a point to gather at."""

import math
from typing import TYPE_CHECKING

from simcse_core.errors import ShapeError
from simcse_core.learning.losses.compare import check_shape, products, unit
from simcse_core.learning.losses.registry import CenterMargin, Pull, Push, Temperature, losses

if TYPE_CHECKING:
    from torch import Tensor


def centers_and_classifier(embeddings: "Tensor", classes: "Tensor", count: int) -> "dict[str, Tensor]":
    """Where `center` starts: centres and classifier, (count, D) each, at the classes' means. Arguments as there."""
    means = class_means(embeddings, classes, count)
    return {"centers": means, "classifier": means.clone()}


def class_means(embeddings: "Tensor", classes: "Tensor", count: int) -> "Tensor":
    """(count, D): the mean direction of each class, of length 1. A class without texts gets that of all texts."""
    x = unit(embeddings.detach())
    sums = x.new_zeros(count, x.shape[1]).index_add(0, classes, x)
    without_texts = classes.bincount(minlength=count) == 0
    return unit(sums.where(~without_texts.unsqueeze(1), x.sum(dim=0)))


@losses.register(
    "center",
    inputs={"labelled": "class_codes"},
    learned_nothing="The log of the number of classes plus push times margin: texts and centres are all alike.",
    collapse="Texts and centres all meet in one point: the pull is at 0, and what remains is the log of the number of "
    "classes plus push times margin.",
    parameters=centers_and_classifier,
)
def center(
    anchor: "Tensor",
    *,
    classes: "Tensor",
    centers: "Tensor",
    classifier: "Tensor",
    pull: Pull = 1.0,
    push: Push = 0.5,
    margin: CenterMargin = 0.4,
    temperature: Temperature = 0.1,
) -> "Tensor":
    """Each text gathers at its class's centre and keeps off the others; a classifier parts the classes (center loss).

    Between texts and centres of length 1 a squared distance is 2 - 2·cosine: the margin of 0.4 is one of 0.2 in cosine.
    With push at half of pull, the own and the nearest other centre weigh the same.

    Args:
        anchor: (N, D) embeddings, any norm.
        classes: (N,) the class of each, from 0 to C - 1.
        centers: (C, D); learned, as they are.
        classifier: (C, D), a direction for each class; learned, only its directions count.
        pull: weight of half the mean squared distance to the own centre.
        push: weight of the mean of max(0, margin + own squared distance - that to the nearest other centre).
        margin: in squared distance.
        temperature: divides the cosines between texts and classifier.

    Returns:
        Scalar: cross-entropy of the classifier in nats + pull + push. A single class has no other centre and no push.

    Raises:
        ShapeError: the shapes do not fit.

    Source: DOI 10.1007/978-3-319-46478-7_31 (pull and classifier); the push is arXiv 1803.06189; a classifier of
        directions is arXiv 1811.12649.
    """
    import torch.nn.functional as F

    x = unit(anchor)
    check_shape("classifier", classifier, tuple(centers.shape))
    own, nearest_other = squared_distances(x, classes, centers)
    logits = products(x, unit(classifier).to(x.dtype)) / temperature  # (N, C)
    pushed = (margin + own - nearest_other).relu()
    return F.cross_entropy(logits, classes) + pull / 2 * own.mean() + push * pushed.mean()


def squared_distances(x: "Tensor", classes: "Tensor", centers: "Tensor") -> "tuple[Tensor, Tensor]":
    """(N,) squared distance of each text to its own centre, and (N,) to the nearest other one, inf if there is none.

    Raises:
        ShapeError: the shapes do not fit.
    """
    import torch.nn.functional as F

    if x.ndim != 2 or centers.ndim != 2 or x.shape[1] != centers.shape[1]:
        raise ShapeError(
            "Embeddings must be (N, D) and centers (C, D): got {a} and {b}.", a=tuple(x.shape), b=tuple(centers.shape)
        )
    check_shape("classes", classes, (len(x),))
    centers = centers.to(x.dtype)
    squares = x.square().sum(dim=1, keepdim=True) + centers.square().sum(dim=1) - 2 * products(x, centers)  # (N, C)
    is_own = F.one_hot(classes, len(centers)).bool()
    nearest_other = squares.masked_fill(is_own, math.inf).amin(dim=1)
    return (x - centers[classes]).square().sum(dim=1), nearest_other
