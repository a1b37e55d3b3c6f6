"""How good embeddings are, measured against labels, pairs or graded scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.similarity import ROUNDING, exact_cosines, pair_cosines, without_rounding

Values = NDArray[np.float64]

SAMPLE_OF_RANKINGS = 1_000

MATCH_FROM = 0.8
"""Share of the best score from which on two sentences count as a match."""


@dataclass(frozen=True)
class Metrics:
    """What a model reaches on data of one kind, which has a class of its own. Undefined numbers are NaN."""


@dataclass(frozen=True)
class ScoredMetrics(Metrics):
    """Against graded scores. Undefined numbers are NaN."""

    n: int
    spearman: float
    """In [-1, 1]; 1 when the cosines rank the pairs exactly as the scores do."""
    pearson: float
    alignment: float
    uniformity: float


@dataclass(frozen=True)
class PairMetrics(Metrics):
    """Against matches (1) and non-matches (0). Undefined numbers are NaN."""

    n: int
    average_precision: float
    auc: float
    best_f1: float
    threshold: float
    """Call it a match when the cosine is at least this: gives `best_f1`."""


@dataclass(frozen=True)
class LabelledMetrics(Metrics):
    """Against classes. Undefined numbers are NaN."""

    n: int
    leave_one_out_accuracy: float
    """Share of texts that are nearest to the centre of their own class. The centres are those of these very texts, each
    text left out of its own: how well the classes lie apart, not what a classifier does on new texts."""
    mean_average_precision: float
    """Each text ranks all others by cosine: are those of its class on top? Texts alone in their class are left out."""


@dataclass(frozen=True)
class TripletMetrics(Metrics):
    """Against triplets. Undefined numbers are NaN."""

    n: int
    accuracy: float
    """Share of anchors that are closer to their positive than to their negative."""
    mean_margin: float
    """By how much, in cosine: mean of cos(anchor, positive) − cos(anchor, negative)."""


@dataclass(frozen=True)
class AnswerMetrics(Metrics):
    """Questions that rank their answers by cosine. Undefined numbers are NaN."""

    questions: int
    """How many were measured: those with a right and a wrong answer."""
    dropped: int
    """How many were not: all their answers are right, or all are wrong."""
    mrr: float
    """Mean of 1 / rank of the first right answer."""
    map: float
    """Mean average precision."""
    precision_at_1: float
    """Share of questions whose closest answer is right."""


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Rank correlation; NaN when one side is constant or there are fewer than two values.

    Cosines come from `pair_cosines`, so that rounding is not ranked.
    """
    from scipy.stats import rankdata

    return pearson(rankdata(np.asarray(x)), rankdata(np.asarray(y)))


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Linear correlation; NaN when one side is constant or there are fewer than two values."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def alignment(first: Embeddings, second: Embeddings) -> float:
    """Mean squared distance of matching pairs; lower is better, 0 at best. NaN without pairs.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.

    Source: Wang & Isola 2020, arXiv 2005.10242.
    """
    return float(np.square(first - second).sum(axis=1, dtype=np.float64).mean()) if len(first) else float("nan")


def uniformity(embeddings: Embeddings, t: float = 2.0) -> float:
    """log of the mean of e^(-t‖x-y‖²) over all pairs of different rows; lower is better, 0 is total collapse.

    Args:
        embeddings: (N, D) unit rows. NaN for fewer than two.
        t: how fast the influence of a pair falls with its distance.

    Source: Wang & Isola 2020, arXiv 2005.10242.
    """
    n = len(embeddings)
    if n < 2:
        return float("nan")
    total = 0.0
    for start in range(0, n, 1_000):  # a thousand rows at once: 10,000 embeddings never need 400 MB
        squared = np.clip(2.0 - 2.0 * (embeddings[start : start + 1_000] @ embeddings.T), 0.0, None)
        total += float(np.exp(-t * squared.astype(np.float64)).sum())
    return float(np.log((total - n) / (n * (n - 1))))


def evaluate_scored(
    first: Embeddings, second: Embeddings, scores: ArrayLike, *, unique: Embeddings, scale_max: float | None = None
) -> ScoredMetrics:
    """Compare cosines of pairs with graded scores.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.
        scores: (N,) higher is closer.
        unique: embeddings of the distinct texts, for uniformity.
        scale_max: the best possible score; the data's highest when None. Pairs from 0.8 of it count for alignment.
    """
    gold = np.asarray(scores, dtype=np.float64)
    cosines = pair_cosines(first, second)
    top = closest_pairs(gold, scale_max)
    return ScoredMetrics(
        n=len(gold),
        spearman=spearman(cosines, gold),
        pearson=pearson(cosines, gold),
        alignment=alignment(first[top], second[top]),
        uniformity=uniformity(unique),
    )


def closest_pairs(scores: ArrayLike, scale_max: float | None = None, *, share: float = MATCH_FROM) -> NDArray[np.bool_]:
    """(N,) which pairs have at least this share of the best possible score: the data's highest when it is None."""
    gold = np.asarray(scores, dtype=np.float64)
    best = scale_max if scale_max is not None else gold.max(initial=0.0)
    return gold >= share * best - 1e-9 * abs(best)  # 0.8 * 3 is a little more than 2.4


def evaluate_pairs(first: Embeddings, second: Embeddings, labels: ArrayLike) -> PairMetrics:
    """Compare cosines of pairs with labels, 1 for a match and 0 for none.

    Args:
        first, second: (N, D) unit rows; row i of both is a pair.
        labels: (N,) of 0 and 1. With one kind only, or where all pairs are equally close, all but `n` is NaN.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    gold, cosines = np.asarray(labels, dtype=np.int64), pair_cosines(first, second)
    if len(np.unique(gold)) < 2 or np.ptp(cosines) == 0:
        return PairMetrics(len(gold), *[float("nan")] * 4)
    precision, recall, thresholds = precision_recall_curve(gold, cosines)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(np.argmax(f1[:-1]))  # the last point has no threshold
    return PairMetrics(
        n=len(gold),
        average_precision=float(average_precision_score(gold, cosines)),
        auc=float(roc_auc_score(gold, cosines)),
        best_f1=float(f1[best]),
        threshold=float((first * second).sum(axis=1)[cosines >= thresholds[best]].min()),
    )


def evaluate_labelled(embeddings: Embeddings, labels: Sequence[str]) -> LabelledMetrics:
    """Are texts of one class close to each other?

    Args:
        embeddings: (N, D) unit rows.
        labels: N class names; with one class only, all but `n` is NaN.
    """
    if len(set(labels)) < 2:
        return LabelledMetrics(len(embeddings), float("nan"), float("nan"))
    precisions = average_precisions(embeddings, labels)
    ranked = precisions[~np.isnan(precisions)]
    return LabelledMetrics(
        n=len(embeddings),
        leave_one_out_accuracy=float(nearest_class_hits(embeddings, labels).mean()),
        mean_average_precision=float(ranked.mean()) if len(ranked) else float("nan"),
    )


def average_precisions(embeddings: Embeddings, labels: Sequence[str], *, seed: int = 0) -> Values:
    """How well each text finds the others of its class when it ranks all other texts by cosine.

    Cosines that are equal up to rounding share a rank, as in scikit-learn, so the order of the texts does not matter.

    Args:
        embeddings: (N, D) unit rows.
        labels: N class names.
        seed: for the sample of 1,000 texts that do the ranking when there are more.

    Returns:
        (N,) average precision in (0, 1]; NaN for a text that is alone in its class or not in the sample.
    """
    return jackknifed_average_precisions(embeddings, labels, seed=seed)[0]


def jackknifed_average_precisions(
    embeddings: Embeddings, labels: Sequence[str], *, seed: int = 0
) -> tuple[Values, Values]:
    """Average precisions, and what their mean loses without each text: it is asker and gallery of all others at once.

    Args:
        As for `average_precisions`.

    Returns:
        (N,) as `average_precisions`, and (N,) the jackknife's pseudo-values of their mean: N times it, less N - 1 times
        what it is without the text, moved so that their mean is the metric.
    """
    n, codes = len(embeddings), _codes(labels)
    asking = np.arange(n)
    if n > SAMPLE_OF_RANKINGS:
        asking = np.random.default_rng(seed).choice(n, SAMPLE_OF_RANKINGS, replace=False)
    precisions, exact = np.full(n, np.nan), embeddings.astype(np.float64)
    lost, silent = np.zeros(n), np.zeros(n)  # without text i: how much less the sum is, how many can no longer ask
    for asker in asking:
        others = np.delete(np.arange(n), asker)
        same = codes[others] == codes[asker]
        if not same.any():
            continue
        cosines = without_rounding(exact @ exact[asker])
        precisions[asker], without = _average_precision_without_each(cosines[others], same)
        lost[others] += precisions[asker] - np.nan_to_num(without)
        silent[others] += np.isnan(without)
    askers = ~np.isnan(precisions)
    if not askers.any():
        return precisions, np.full(n, np.nan)
    total, mean = float(precisions[askers].sum()), float(precisions[askers].mean())
    counts = askers.sum() - askers - silent
    left = np.divide(total - np.nan_to_num(precisions) - lost, counts, out=np.full(n, mean), where=counts > 0)
    return precisions, mean + (n - 1) * (left.mean() - left)


def _average_precision_without_each(cosines: Values, same: NDArray[np.bool_]) -> tuple[float, Values]:
    """Of one ranking: the average precision, and (N,) the same without each text; NaN without the only one to find.

    A text of the class at rank r, the m-th of its class, has the precision m / r. Without a text that ranks no lower it
    has m / (r - 1), or (m - 1) / (r - 1) where that text is of the class; so sums over the lower end of the ranking do.
    """
    wanted, everything = np.sort(cosines[same]), np.sort(cosines)  # ascending
    count = len(wanted)
    rank = len(everything) - np.searchsorted(everything, wanted, side="left")
    nth = count - np.searchsorted(wanted, wanted, side="left")
    precision = nth / rank
    below = np.maximum(rank - 1, 1)  # where the rank is 1 nothing else ranks as high
    sums, without_other, without_same = (
        np.concatenate([[0.0], np.cumsum(values)]) for values in (precision, nth / below, (nth - 1) / below)
    )
    # So many texts of the class rank no higher than each text.
    no_higher = np.searchsorted(wanted, cosines, side="right")
    above = sums[-1] - sums[no_higher]
    without = (above + without_other[no_higher]) / count
    if count == 1:
        without[same] = np.nan
    else:
        position = np.searchsorted(wanted, cosines[same], side="left")
        itself = (nth[position] - 1) / below[position]
        without[same] = (above[same] + without_same[no_higher[same]] - itself) / (count - 1)
    return float(precision.mean()), without


def nearest_class_hits(embeddings: Embeddings | Values, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts are nearest to the centre of their own class.

    The centre is the direction of the class's summed embeddings. A text is left out of its own centre: it cannot
    vote for itself; the only text of its class is never right.

    Args:
        embeddings: (N, D) unit rows.
        labels: N class names.

    Returns:
        (N,) True where the own centre is nearer than all others, by more than rounding.
    """
    own, other, _nearest = _centre_cosines(embeddings, labels)
    return own > other + ROUNDING


def nearest_classes(embeddings: Embeddings | Values, labels: Sequence[str]) -> tuple[list[str], Values]:
    """The class whose centre is nearest to each text, as `nearest_class_hits` looks, and (N,) the cosine with it."""
    own, other, nearest = _centre_cosines(embeddings, labels)
    names = list(dict.fromkeys(labels))
    hits = own > other + ROUNDING
    predicted = [label if hit else names[code] for label, hit, code in zip(labels, hits, nearest, strict=True)]
    return predicted, np.where(hits, own, other)


def _centre_cosines(embeddings: Embeddings | Values, labels: Sequence[str]) -> tuple[Values, Values, NDArray[np.int64]]:
    """(N,) cosines with the own centre, without the text (-inf where it is alone), and with the nearest other one.

    With two classes or more; the last are (N,) the codes of the nearest other classes.
    """
    codes = _codes(labels)
    embeddings = embeddings.astype(np.float64)
    sums = np.zeros((codes.max(initial=-1) + 1, embeddings.shape[1]))  # (C, D)
    np.add.at(sums, codes, embeddings)
    own, other, nearest = np.zeros(len(codes)), np.zeros(len(codes)), np.zeros(len(codes), dtype=np.int64)
    for start in range(0, len(codes), 1_000):  # a thousand texts at once: many classes need no huge matrix
        part = slice(start, start + 1_000)
        class_of = codes[part]
        others = exact_cosines(embeddings[part], sums)  # (n, C)
        others[np.arange(len(class_of)), class_of] = -np.inf
        nearest[part], other[part] = others.argmax(axis=1), others.max(axis=1)
        own[part] = cosine_similarity_rows(embeddings[part], sums[class_of] - embeddings[part])
    own[np.bincount(codes, minlength=len(sums))[codes] == 1] = -np.inf
    return own, other, nearest


def evaluate_triplets(anchor: Embeddings, positive: Embeddings, negative: Embeddings) -> TripletMetrics:
    """Are anchors closer to their positive than to their negative?

    Args:
        anchor, positive, negative: (N, D) unit rows; row i of all three is a triplet.
    """
    margins = triplet_margins(anchor, positive, negative)
    if not len(margins):
        return TripletMetrics(0, float("nan"), float("nan"))
    return TripletMetrics(len(margins), float((margins > ROUNDING).mean()), float(margins.mean()))


def triplet_margins(anchor: Embeddings, positive: Embeddings, negative: Embeddings) -> Values:
    """(N,) cos(anchor, positive) − cos(anchor, negative) of each triplet of unit rows (N, D)."""
    return ((anchor * positive).sum(axis=1) - (anchor * negative).sum(axis=1)).astype(np.float64)


def triplet_hits(anchor: Embeddings, positive: Embeddings, negative: Embeddings) -> NDArray[np.bool_]:
    """(N,) which anchors are closer to their positive than to their negative; being as close (`ROUNDING`) is no hit."""
    return triplet_margins(anchor, positive, negative) > ROUNDING


def evaluate_answers(
    question_embeddings: Embeddings, answer_embeddings: Embeddings, questions: Sequence[str], labels: ArrayLike
) -> AnswerMetrics:
    """Are right answers closer to their question than wrong ones?

    Args:
        question_embeddings, answer_embeddings: (N, D) unit rows; row i of both is a question with one of its answers.
        questions: N questions; equal ones are one question.
        labels: (N,) 1 for a right answer, 0 for a wrong one.
    """
    ranks = ranks_of_right_answers(question_embeddings, answer_embeddings, questions, labels)
    return answer_metrics(ranks, len(set(questions)) - len(ranks))


def answer_metrics(ranks: Sequence[NDArray[np.int64]], dropped: int) -> AnswerMetrics:
    """The metrics of questions with right and wrong answers.

    Args:
        ranks: as `ranks_of_right_answers` gives them.
        dropped: how many questions have not both.
    """
    if not ranks:
        return AnswerMetrics(0, dropped, *[float("nan")] * 3)
    first = reciprocal_ranks(ranks)
    return AnswerMetrics(
        questions=len(ranks),
        dropped=dropped,
        mrr=float(first.mean()),
        map=float(answer_average_precisions(ranks).mean()),
        precision_at_1=float((first == 1).mean()),
    )


def ranks_of_right_answers(
    question_embeddings: Embeddings, answer_embeddings: Embeddings, questions: Sequence[str], labels: ArrayLike
) -> list[NDArray[np.int64]]:
    """Where the right answers of each question stand among its answers, the closest first.

    A right answer stands behind every wrong one that is as close, up to rounding, so that a model to which all is equal
    gains nothing.

    Args:
        As for `evaluate_answers`.

    Returns:
        For each question with right and wrong answers, in order of appearance: ranks from 1, ascending.
    """
    return ranks_of_right(pair_cosines(question_embeddings, answer_embeddings), questions, labels)


def ranks_of_right(scores: ArrayLike, questions: Sequence[str], labels: ArrayLike) -> list[NDArray[np.int64]]:
    """As `ranks_of_right_answers`, of answers with any scores (N,): the higher, the better."""
    values, gold = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    codes = _codes(questions)
    order = np.argsort(codes, kind="stable")
    ranks = []
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        right, wrong = np.sort(values[rows[gold[rows] == 1]])[::-1], np.sort(values[rows[gold[rows] != 1]])
        if len(right) and len(wrong):
            wrong_before = len(wrong) - np.searchsorted(wrong, right, side="left")
            ranks.append(np.arange(1, len(right) + 1) + wrong_before)
    return ranks


def reciprocal_ranks(ranks: Sequence[NDArray[np.int64]]) -> Values:
    """(Q,) 1 / rank of each question's first right answer; ranks as `ranks_of_right_answers` gives them."""
    return np.array([1 / of_question[0] for of_question in ranks], dtype=np.float64)


def answer_average_precisions(ranks: Sequence[NDArray[np.int64]]) -> Values:
    """(Q,) each question's average precision; ranks as `ranks_of_right_answers` gives them."""
    return np.array(
        [(np.arange(1, len(of_question) + 1) / of_question).mean() for of_question in ranks], dtype=np.float64
    )


def mean_cosine(embeddings: Embeddings) -> float:
    """Mean cosine of all pairs of different rows; near 1 when all embeddings point one way. NaN for fewer than two.

    Args:
        embeddings: (N, D) unit rows.
    """
    n = len(embeddings)
    total = np.square(
        embeddings.sum(axis=0, dtype=np.float64)
    ).sum()  # the sum of all cosines, N of them of a row with itself
    return float((total - np.square(embeddings, dtype=np.float64).sum()) / (n * (n - 1))) if n > 1 else float("nan")


def effective_rank(embeddings: Embeddings) -> float:
    """How many directions the embeddings really use: 1 when all lie on one line, min(N, D) when all count alike.

    e to the entropy of the singular values' shares. The mean is not taken off, so that a common direction counts.

    Args:
        embeddings: (N, D). NaN without any, or when all are zero.

    Source: Roy & Vetterli 2007.
    """
    sizes = np.linalg.svd(embeddings, compute_uv=False).astype(np.float64)
    if not sizes.sum() > 0:
        return float("nan")
    shares = sizes[sizes > 0] / sizes.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _codes(labels: Sequence[str]) -> NDArray[np.int64]:
    """A number for each class name."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([numbers[label] for label in labels], dtype=np.int64)


def cosine_similarity_rows(a: Values, b: Values) -> Values:
    """(N,) the cosine of each row of `a` with the same row of `b`; 0 for a zero row."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.divide((a * b).sum(axis=1), norms, out=np.zeros_like(norms), where=norms > 0))
