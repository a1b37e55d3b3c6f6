"""How good vectors are, measured against labels, pairs or graded scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.encoding.texts import Vectors
from simcse_core.meaning.similarity import cosine_similarity

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredMetrics:
    """Against graded scores. Undefined numbers are NaN."""

    n: int
    spearman: float
    """In [-1, 1]; 1 when the cosines rank the pairs exactly as the scores do."""
    pearson: float
    alignment: float
    uniformity: float


@dataclass(frozen=True)
class PairMetrics:
    """Against matches (1) and non-matches (0). Undefined numbers are NaN."""

    n: int
    average_precision: float
    auc: float
    best_f1: float
    threshold: float
    """Call it a match when the cosine is at least this: gives `best_f1`."""


@dataclass(frozen=True)
class LabelledMetrics:
    """Against classes. Undefined numbers are NaN."""

    n: int
    accuracy: float
    """Share of texts that are nearest to the centre of their own class, each text left out of its centre."""
    mean_average_precision: float
    """Each text ranks all others by cosine: are those of its class on top? Texts alone in their class are left out."""


Metrics = ScoredMetrics | PairMetrics | LabelledMetrics


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Rank correlation; NaN when one side is constant or there are fewer than two values."""
    from scipy.stats import rankdata

    return pearson(rankdata(np.asarray(x)), rankdata(np.asarray(y)))


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Linear correlation; NaN when one side is constant or there are fewer than two values."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def alignment(first: Vectors, second: Vectors) -> float:
    """Mean squared distance of matching pairs; lower is better, 0 at best. NaN without pairs.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.

    Source: Wang & Isola 2020, arXiv 2005.10242.
    """
    return float(np.square(first - second).sum(axis=1, dtype=np.float64).mean()) if len(first) else float("nan")


def uniformity(vectors: Vectors, t: float = 2.0) -> float:
    """log of the mean of e^(-t‖x-y‖²) over all pairs of different rows; lower is better, 0 is total collapse.

    Args:
        vectors: (N, D) unit rows. NaN for fewer than two.
        t: how fast the influence of a pair falls with its distance.

    Source: Wang & Isola 2020, arXiv 2005.10242.
    """
    n = len(vectors)
    if n < 2:
        return float("nan")
    total = 0.0
    for start in range(0, n, 1_000):  # a thousand rows at once: 10,000 vectors never need 400 MB
        squared = np.clip(2.0 - 2.0 * (vectors[start : start + 1_000] @ vectors.T), 0.0, None)
        total += float(np.exp(-t * squared.astype(np.float64)).sum())
    return float(np.log((total - n) / (n * (n - 1))))


def evaluate_scored(
    first: Vectors, second: Vectors, scores: ArrayLike, *, unique: Vectors, scale_max: float | None = None
) -> ScoredMetrics:
    """Compare cosines of pairs with graded scores.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.
        scores: (N,) higher is closer.
        unique: vectors of the distinct texts, for uniformity.
        scale_max: the best possible score; the data's highest when None. Pairs from 0.8 of it count for alignment.
    """
    gold = np.asarray(scores, dtype=np.float64)
    cosines = (first * second).sum(axis=1)
    top = gold >= 0.8 * (scale_max if scale_max is not None else gold.max(initial=0.0))
    return ScoredMetrics(
        n=len(gold),
        spearman=spearman(cosines, gold),
        pearson=pearson(cosines, gold),
        alignment=alignment(first[top], second[top]),
        uniformity=uniformity(unique),
    )


def evaluate_pairs(first: Vectors, second: Vectors, labels: ArrayLike) -> PairMetrics:
    """Compare cosines of pairs with labels, 1 for a match and 0 for none.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.
        labels: (N,) of 0 and 1. With one kind only, all but `n` is NaN.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    gold = np.asarray(labels, dtype=np.int64)
    if len(np.unique(gold)) < 2:
        return PairMetrics(len(gold), *[float("nan")] * 4)
    cosines = (first * second).sum(axis=1)
    precision, recall, thresholds = precision_recall_curve(gold, cosines)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(np.argmax(f1[:-1]))  # the last point has no threshold
    return PairMetrics(
        n=len(gold),
        average_precision=float(average_precision_score(gold, cosines)),
        auc=float(roc_auc_score(gold, cosines)),
        best_f1=float(f1[best]),
        threshold=float(thresholds[best]),
    )


def evaluate_labelled(vectors: Vectors, labels: Sequence[str]) -> LabelledMetrics:
    """Do texts of one class lie together?

    Args:
        vectors: (N, D) unit rows.
        labels: N class names; with one class only, all but `n` is NaN.
    """
    if len(set(labels)) < 2:
        return LabelledMetrics(len(vectors), float("nan"), float("nan"))
    precisions = average_precisions(vectors, labels)
    ranked = precisions[~np.isnan(precisions)]
    return LabelledMetrics(
        n=len(vectors),
        accuracy=float(nearest_class_hits(vectors, labels).mean()),
        mean_average_precision=float(ranked.mean()) if len(ranked) else float("nan"),
    )


def average_precisions(vectors: Vectors, labels: Sequence[str]) -> Values:
    """How well each text finds the others of its class when it ranks all other texts by cosine.

    Args:
        vectors: (N, D) unit rows.
        labels: N class names.

    Returns:
        (N,) average precision in (0, 1]; NaN for a text that is alone in its class.
    """
    _, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    cosines = cosine_similarity(vectors)
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :-1]  # the text itself comes last
    hits = codes[order] == codes[:, None]  # (N, N - 1)
    precision = hits.cumsum(axis=1) / np.arange(1, len(codes))
    found = hits.sum(axis=1)
    return np.divide((precision * hits).sum(axis=1), found, out=np.full(len(codes), np.nan), where=found > 0)


def nearest_class_hits(vectors: Vectors, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts are nearest to the centre of their own class.

    The centre is the direction of the class's summed vectors. A text is left out of its own centre, so that it cannot
    vote for itself; the only text of its class is never right.

    Args:
        vectors: (N, D) unit rows.
        labels: N class names.

    Returns:
        (N,) True where the nearest centre is the own one.
    """
    _, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    members = np.eye(codes.max(initial=-1) + 1, dtype=np.float32)[codes]  # (N, C) one-hot
    sums = members.T @ vectors  # (C, D)
    to_centres = cosine_similarity(vectors, sums)  # (N, C)
    own = cosine_similarity_rows(vectors, sums[codes] - vectors)
    alone = members.sum(axis=0)[codes] == 1
    to_centres[np.arange(len(codes)), codes] = np.where(alone, -np.inf, own)
    return np.asarray(to_centres.argmax(axis=1) == codes)


def cosine_similarity_rows(a: Vectors, b: Vectors) -> Vectors:
    """(N,) the cosine of each row of `a` with the same row of `b`; 0 for a zero row."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.divide((a * b).sum(axis=1), norms, out=np.zeros_like(norms), where=norms > 0))


@dataclass(frozen=True)
class Interval:
    """A mean and the range that holds 95 % of its resampled values."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def bootstrap_mean(items: ArrayLike, *, seed: int = 0, resamples: int = 2_000) -> Interval:
    """The mean of per-item results and its 95 % percentile bootstrap interval over the items.

    For a paired comparison give the differences, item by item.

    Args:
        items: (N,) one result per item. No items give NaN.

    Source: Efron 1979; paired over items as in Koehn 2004.
    """
    values = np.asarray(items, dtype=np.float64)
    if not len(values):
        return Interval(*[float("nan")] * 3)
    picks = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
