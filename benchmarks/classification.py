"""Classifiers of texts beside TF-IDF: accuracy, calibration, how many labels are enough, and labels that are wrong.

    python -m benchmarks.classification DATA [--model minilm] [--sets banking77,sms-spam] [--precision auto]

DATA is a folder with `classify/banking77-train.csv` and `classify/sms-spam-train.csv` (columns text, label). A fifth of
each class is held out, the same for all; what is chosen and calibrated is so by cross-validation of the rest. Then the
learning curve on the rest; and last 5 % of the labels of the first set are changed to another class by chance, and one
looks how many of these are among the first 5 % of the suspects.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from simcse_core import SimCSE
from simcse_core.data.kinds import Labelled
from simcse_core.data.readers import read_data
from simcse_core.data.splits import split_labelled
from simcse_core.meaning.intervals import Interval
from simcse_core.uses.classification import (
    METHODS,
    TFIDF,
    Examples,
    cross_validate,
    evaluate,
    learning_curve,
    suspect_labels,
)

FLIPPED = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--sets", default="banking77,sms-spam")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--repeats", type=int, default=3, help="draws of the learning curve")
    options = parser.parse_args()
    model = SimCSE.load(options.model)
    print(f"{options.model}; {machine()}")
    for name in options.sets.split(","):
        data = read_data(options.data / "classify" / f"{name}-train.csv")
        assert isinstance(data, Labelled)
        encoded = Examples.of(data.text, data.label, model.encode(data.text, precision=options.precision))
        learned, tested = split(data, encoded)
        print(f"\n{name}: {len(learned.classes)} classes, {len(learned)} texts to learn from, {len(tested)} held out")
        compare(learned, tested)
        curve(learned, options.repeats)
        suspects(learned)


def split(data: Labelled, encoded: Examples) -> tuple[Examples, Examples]:
    """A fifth of each class held out; equal texts stay on one side."""
    _learned, dev = split_labelled(data, dev_share=0.2, seed=0)
    held = set(dev.text)
    tested = [row for row, text in enumerate(data.text) if text in held]
    others = [row for row, text in enumerate(data.text) if text not in held]
    return encoded.take(others), encoded.take(tested)


def compare(learned: Examples, tested: Examples) -> None:
    """A line for each classifier, on the held-out texts."""
    print(f"{'':10} {'accuracy':>26} {'macro F1':>9} {'calibration error':>18} {'over TF-IDF':>30} {'seconds':>8}")
    baseline = None
    for method in (TFIDF, *METHODS):
        started = time.perf_counter()
        results = evaluate(learned, tested, method)
        seconds = time.perf_counter() - started
        report = results.report()
        over = "" if baseline is None else in_words(results.over(baseline), signed=True)
        baseline = baseline or results
        print(
            f"{method:10} {in_words(report.accuracy):>26} {report.macro_f1:9.4f} {results.calibration_error():18.4f} "
            f"{over:>30} {seconds:8.1f}",
            flush=True,
        )
        at = results.at(0.8)
        print(f"{'':10} from 0.8 on: {at.coverage.value:.1%} are answered, {at.accuracy.value:.1%} of them right")


def curve(learned: Examples, repeats: int) -> None:
    """Accuracy over the number of labelled texts."""
    found = learning_curve(learned, repeats=repeats)
    print(f"learning curve, {found.tested} texts held out, {repeats} draws:")
    for points in zip(*found.points.values(), strict=True):
        named = zip(found.points, points, strict=True)
        print(f"{points[0].size:10}  " + "   ".join(f"{method} {in_words(one.accuracy)}" for method, one in named))


def suspects(examples: Examples) -> None:
    """How many of the labels that are changed by chance come first."""
    chance = np.random.default_rng(0)
    count = round(FLIPPED * len(examples))
    wrong = set(chance.choice(len(examples), count, replace=False).tolist())
    labels = [changed(str(label), examples.classes, chance) if row in wrong else label
              for row, label in enumerate(examples.labels)]  # fmt: skip
    for method in METHODS:
        validation = cross_validate(Examples.of(examples.texts, labels, examples.embeddings), method)
        ranked = suspect_labels(validation)
        first = sum(one.row in wrong for one in ranked[:count])
        counted = [one for one in ranked if one.is_issue]
        caught = sum(one.row in wrong for one in counted)
        print(
            f"{count} of {len(labels)} labels changed; {method}: {first} of them ({first / count:.1%}) are among the "
            f"first {count} suspects; {len(counted)} are called likely wrong, {caught} of these were changed",
            flush=True,
        )


def changed(label: str, classes: Sequence[str], chance: np.random.Generator) -> str:
    """Another class."""
    return str(chance.choice([name for name in classes if name != label]))


def in_words(interval: Interval, *, signed: bool = False) -> str:
    """A share and its range."""
    value = f"{interval.value:+.4f}" if signed else f"{interval.value:.4f}"
    return f"{value} ({interval.low:.4f} to {interval.high:.4f})"


if __name__ == "__main__":
    main()
