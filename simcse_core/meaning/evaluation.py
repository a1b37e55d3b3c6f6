"""How good vectors are, measured against labels, pairs or graded scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.encoding.texts import Vectors
from simcse_core.meaning.similarity import cosine_similarity

Values = NDArray[np.float64]

SAMPLE_OF_RANKINGS = 2_000


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
    best = scale_max if scale_max is not None else gold.max(initial=0.0)
    top = gold >= 0.8 * best - 1e-9 * abs(best)  # 0.8 * 3 is a little more than 2.4
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


def average_precisions(vectors: Vectors, labels: Sequence[str], *, seed: int = 0) -> Values:
    """How well each text finds the others of its class when it ranks all other texts by cosine.

    Equal cosines share a rank, as in scikit-learn, so the order of the texts does not matter.

    Args:
        vectors: (N, D) unit rows.
        labels: N class names.
        seed: for the sample of 2,000 texts that do the ranking when there are more.

    Returns:
        (N,) average precision in (0, 1]; NaN for a text that is alone in its class or not in the sample.
    """
    n = len(vectors)
    codes = _codes(labels)
    asking = np.arange(n)
    if n > SAMPLE_OF_RANKINGS:
        asking = np.random.default_rng(seed).choice(n, SAMPLE_OF_RANKINGS, replace=False)
    found = np.full(n, np.nan)
    for text in asking:
        others = np.delete(vectors @ vectors[text], text)
        relevant = np.sort(others[np.delete(codes, text) == codes[text]])
        if len(relevant):
            # How many texts, and how many of the own class, are at least as close as each text of the class?
            all_above = n - 1 - np.searchsorted(np.sort(others), relevant, side="left")
            own_above = len(relevant) - np.searchsorted(relevant, relevant, side="left")
            found[text] = (own_above / all_above).mean()
    return found


def nearest_class_hits(vectors: Vectors, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts are nearest to the centre of their own class.

    The centre is the direction of the class's summed vectors. A text is left out of its own centre, so that it cannot
    vote for itself; the only text of its class is never right.

    Args:
        vectors: (N, D) unit rows.
        labels: N class names.

    Returns:
        (N,) True where the own centre is nearer than all others.
    """
    codes = _codes(labels)
    sums = np.zeros((codes.max(initial=-1) + 1, vectors.shape[1]), dtype=np.float32)  # (C, D)
    np.add.at(sums, codes, vectors)
    hits = np.zeros(len(codes), dtype=bool)
    for start in range(0, len(codes), 1_000):  # a thousand texts at once: many classes need no huge matrix
        part = slice(start, start + 1_000)
        own = codes[part]
        others = cosine_similarity(vectors[part], sums)  # (n, C)
        others[np.arange(len(own)), own] = -np.inf
        hits[part] = cosine_similarity_rows(vectors[part], sums[own] - vectors[part]) > others.max(axis=1)
    alone = np.bincount(codes, minlength=len(sums))[codes] == 1
    return hits & ~alone


def _codes(labels: Sequence[str]) -> NDArray[np.int64]:
    """A number for each class name."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([numbers[label] for label in labels], dtype=np.int64)


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
