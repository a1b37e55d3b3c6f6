"""The center loss, whose classes have a point to gather at."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.encoding.classifier import Carried, LinearClassifier
from simcse_core.errors import ShapeError
from simcse_core.learning.losses.compare import check_shape, products, unit
from simcse_core.learning.losses.parts import Parts
from simcse_core.learning.losses.registry import CenterMargin, Pull, Push, Temperature, Values, losses

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


@dataclass(frozen=True)
class Distances:
    """Squared distances of texts to the centres of their classes and of others."""

    to_own: "Tensor"
    """(N,)."""
    to_others: "Tensor"
    """(N, C); inf at the text's own class."""
    is_own: "Tensor"
    """(N, C) bool."""

    def violations(self, margin: float) -> "Tensor":
        """(N,): by how much the nearest other centre is too close. 0 where there is none."""
        return (margin + self.to_own - self.to_others.amin(dim=1)).relu()


def distances(x: "Tensor", classes: "Tensor", centers: "Tensor") -> Distances:
    """Squared distances of texts x (N, D) to centres (C, D).

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
    return Distances((x - centers[classes]).square().sum(dim=1), squares.masked_fill(is_own, math.inf), is_own)


def center_parts(
    anchor: "Tensor",
    *,
    classes: "Tensor",
    centers: "Tensor",
    classifier: "Tensor",
    pull: float,
    push: float,
    margin: float,
    temperature: float,
) -> Parts:
    """The columns are classes: classifier and pull stand at a text's own class, half of the push at the nearest other.

    Arguments as for `center`.
    """
    import torch.nn.functional as F

    x = unit(anchor)
    apart = distances(x, classes, centers)
    logits = class_logits(x, classifier, temperature)
    nearest_other = F.one_hot(apart.to_others.argmin(dim=1), len(centers)).bool() & ~apart.is_own
    cross_entropy = -logits.log_softmax(dim=1)
    shares = (cross_entropy + pull / 2 * apart.to_own.unsqueeze(1)).masked_fill(~apart.is_own, 0.0)
    pushed = push * apart.violations(margin).unsqueeze(1) / 2
    shares = shares + pushed.expand_as(shares).masked_fill(~(apart.is_own | nearest_other), 0.0)
    return Parts(shares / len(x), logits, logits.softmax(dim=1))


def class_logits(x: "Tensor", classifier: "Tensor", temperature: float) -> "Tensor":
    """(N, C): cosines of texts and the classifier's directions, divided by the temperature."""
    return products(x, unit(classifier).to(x.dtype)) / temperature


def classifier_of(learned: Mapping[str, Values], options: Mapping[str, Any], classes: Sequence[str]) -> Carried:
    """What `center` leaves with the model: its classifier, with the temperature that it was trained at."""
    rows = learned["classifier"]
    directions = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)  # as `unit` has it
    return Carried(LinearClassifier(tuple(classes), directions, np.zeros(len(rows)), float(options["temperature"])))


@losses.register(
    "center",
    inputs={"labelled": "class_codes"},
    learned_nothing="The log of the number of classes plus push times margin: texts and centres are all alike.",
    collapse="Texts and centres all meet in one point: the pull is at 0, and what remains is the log of the number of "
    "classes plus push times margin.",
    parameters=centers_and_classifier,
    carries=classifier_of,
    parts=center_parts,
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
    """Each text gathers at the centre of its class, away from the others; a classifier parts the classes (center loss).

    Between texts and centres of length 1 a squared distance is 2 - 2·cosine: the margin of 0.4 is one of 0.2 in cosine.
    With push at half of pull, a text's own and the nearest other centre weigh the same.

    Args:
        anchor: (N, D) embeddings, any norm.
        classes: (N,) the class of each, from 0 to C - 1.
        centers: (C, D); learned, as they are.
        classifier: (C, D), a direction for each class; learned, only its directions count.
        pull: weight of half the mean squared distance to the centre of a text's class.
        push: weight of the mean of max(0, margin + that squared distance - the one to the nearest other centre).
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
    apart = distances(x, classes, centers)
    logits = class_logits(x, classifier, temperature)  # (N, C)
    pulled, pushed = apart.to_own.mean(), apart.violations(margin).mean()
    return F.cross_entropy(logits, classes) + pull / 2 * pulled + push * pushed
