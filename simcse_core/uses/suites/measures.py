"""What a model does on one task, item by item, so that models can be compared on the same items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, text_columns
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError
from simcse_core.meaning.evaluation import evaluate_pairs
from simcse_core.meaning.intervals import pseudo_values, value_of
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.suites.sources import Source

Encode = Callable[[Sequence[str]], Embeddings]
Values = NDArray[np.float64]
CLASSIFIERS = ("logistic", "centre")


@dataclass(frozen=True)
class Column:
    """One number of a task, such as the mean over the subsets of STS12."""

    task: str
    part: str
    """"all", "mean" or "wmean" of a task with subsets; the name of a classifier; else ""."""
    metric: str

    @property
    def title(self) -> str:
        """In one line."""
        return " · ".join(word for word in (self.task, self.part, self.metric.replace("_", " ")) if word)


Columns = dict[Column, Items]


def measure(encode: Encode, source: Source) -> Columns:
    """What a model does on one task.

    - scored: Spearman of all pairs together ("all"); where the file names subsets also the mean of each subset's own
      ("mean"), and the same weighted by their pairs ("wmean"). SimCSE's tables hold "all".
    - pairs: average precision, and the best F1, whose threshold is chosen on the same pairs.
    - labelled: accuracy and macro-F1 of a logistic regression and of the nearest centre on frozen embeddings.
    - answers: MAP, MRR and precision at 1 over the questions that have a right and a wrong answer.

    Args:
        encode: (N, D) unit rows for N texts.
        source: the task with its data.

    Raises:
        ModelError: embeddings are no numbers, as after a training that diverged.
    """
    data, name = source.data, source.task.name
    if isinstance(data, Labelled):
        assert source.train is not None
        return _classified(encode, source.train, data, name)
    columns = _encoded(encode, data)
    if isinstance(data, Scored):
        return _scored(columns, data, source.subsets, name)
    if isinstance(data, Pairs):
        return _matched(columns, data, name)
    assert isinstance(data, Answers)
    items = data.items(columns)
    return {Column(name, "", metric): items for metric in ("map", "mrr", "precision_at_1")}


def _encoded(encode: Encode, data: Dataset) -> list[Embeddings]:
    columns = text_columns(data)
    return np.split(_numbers(encode([text for column in columns for text in column])), len(columns))


def _numbers(embeddings: Embeddings) -> Embeddings:
    if not np.isfinite(embeddings).all():
        raise ModelError("The model gives embeddings that are not numbers: its weights are ruined.")
    return embeddings


def _scored(columns: list[Embeddings], data: Scored, subsets: Sequence[str] | None, name: str) -> Columns:
    items = data.items(columns)
    if subsets is None:
        return {Column(name, "", "spearman"): items}
    names = list(dict.fromkeys(subsets))
    rows = [np.flatnonzero(np.array(subsets) == subset) for subset in names]
    parts = [data.take(of.tolist()).items([column[of] for column in columns]) for of in rows]
    sizes = np.array([len(of) for of in rows], dtype=np.float64)
    return {
        Column(name, "all", "spearman"): items,
        Column(name, "mean", "spearman"): weighted(parts, np.full(len(parts), 1 / len(parts))),
        Column(name, "wmean", "spearman"): weighted(parts, sizes / sizes.sum()),
    }


def weighted(parts: Sequence[Items], weights: Values, metric: str = "spearman") -> Items:
    """A weighted mean of a metric over independent parts, as items whose mean is it.

    The pseudo-values of each part count as often as makes their spread that of the weighted mean.

    Args:
        parts: items of each.
        weights: (P,) of each; they sum up to 1.
        metric: that all parts have.
    """
    pseudo = [pseudo_values(part, metric) for part in parts]
    values = np.array([value_of(part, metric) for part in parts])
    total, count = float(weights @ values), sum(map(len, pseudo))
    spread = [
        total + count / len(of_part) * weight * (of_part - of_part.mean())
        for of_part, weight in zip(pseudo, weights, strict=True)
    ]
    return Items({metric: as_floats(np.concatenate(spread))})


def _matched(columns: list[Embeddings], data: Pairs, name: str) -> Columns:
    items = data.items(columns)
    threshold = evaluate_pairs(columns[0], columns[1], data.label).threshold
    said = (columns[0] * columns[1]).sum(axis=1) >= threshold
    best_f1 = f1_items(np.array(data.label) == 1, said) if not np.isnan(threshold) else _undefined(len(data))
    return {
        Column(name, "", "average_precision"): items,
        Column(name, "", "best_f1"): Items({"best_f1": as_floats(best_f1)}),
    }


def f1_items(right: NDArray[np.bool_], said: NDArray[np.bool_]) -> Values:
    """(N,) the jackknife's pseudo-values of F1, moved so that their mean is it.

    Args:
        right: (N,) what should be said yes to.
        said: (N,) what was. A threshold that was chosen on these rows counts as fixed.
    """
    return _jackknifed_f1(np.where(right, 1, 0), np.where(said, 1, 0), classes=(1,))


def macro_f1_items(codes: NDArray[np.int64], predicted: NDArray[np.int64]) -> Values:
    """The same of macro-F1, the mean of each class's F1.

    Args:
        codes: (N,) the class of each text, as a number.
        predicted: (N,) the class that was said.
    """
    return _jackknifed_f1(codes, predicted, classes=tuple(np.unique(np.concatenate([codes, predicted])).tolist()))


def _jackknifed_f1(gold: NDArray[np.int64], said: NDArray[np.int64], classes: Sequence[int]) -> Values:
    place = {one: number for number, one in enumerate(classes)}
    hits, of_gold, of_said = (np.zeros(len(classes)) for _count in range(3))
    for truth, guess in zip(gold.tolist(), said.tolist(), strict=True):
        if truth in place:
            of_gold[place[truth]] += 1
            hits[place[truth]] += truth == guess
        if guess in place:
            of_said[place[guess]] += 1
    f1 = _f1(hits, of_gold + of_said)
    value, total, without = float(np.mean(f1)), float(np.sum(f1)), np.empty(len(gold))
    for row, (truth, guess) in enumerate(zip(gold.tolist(), said.tolist(), strict=True)):
        touched = {place[one] for one in (truth, guess) if one in place}
        change = 0.0
        for one in touched:
            less = (classes[one] == truth) + (classes[one] == guess)
            hit = hits[one] - (truth == guess)
            change += float(_f1(np.array([hit]), np.array([of_gold[one] + of_said[one] - less]))[0]) - f1[one]
        without[row] = (total + change) / len(classes)
    pseudo = value + (len(gold) - 1) * (without.mean() - without)
    return np.asarray(pseudo - pseudo.mean() + value)


def _f1(hits: Values, both: Values) -> Values:
    return np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)


def _undefined(count: int) -> Values:
    return np.full(count, np.nan)


def _classified(encode: Encode, train: Labelled, test: Labelled, name: str) -> Columns:
    from simcse_core.uses.classification import Examples, class_names
    from simcse_core.uses.classification.methods import fit_scorer

    embeddings = _numbers(encode([*train.text, *test.text]))
    learned = Examples.of(train.text, train.label, embeddings[: len(train)])
    of_test = class_names(test.label)  # 1 and 1.0 are one class, as for `Examples`
    names = {label: code for code, label in enumerate(dict.fromkeys((*learned.classes, *of_test)))}
    gold = np.array([names[label] for label in of_test])
    measured: Columns = {}
    for method in CLASSIFIERS:
        scorer = fit_scorer(learned, method)
        scores = scorer.scores(test.text, embeddings[len(train) :])
        said = np.array([names[scorer.classes[place]] for place in scores.argmax(axis=1)])
        accuracy = Items({"accuracy": as_floats(said == gold)})
        measured[Column(name, method, "accuracy")] = accuracy
        measured[Column(name, method, "macro_f1")] = Items({"macro_f1": as_floats(macro_f1_items(gold, said))})
    return measured
