"""Accuracy on intents from a few texts each: a frozen model with logistic regression, and models trained on the texts.

    python -m benchmarks.classes DATA [--texts 10] [--seeds 3]

DATA is a folder with `classify/banking77-train.csv` (columns text, label). Ten texts of each intent are measured on,
the same for all; the texts to learn from are drawn from the others, anew for each seed. All start from minilm; each
loss trains its top two layers. Vectors are read twice: by logistic regression, whose C is chosen by cross-validation on
the texts to learn from, and by the nearest centre of a class, the direction of the mean of its texts.
"""

import argparse
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from benchmarks.machine import machine
from benchmarks.sts import learn, over_seeds
from simcse_core import SimCSE
from simcse_core.data.kinds import Labelled, normalised
from simcse_core.data.readers import read_data
from simcse_core.learning.settings import TrainingSettings, training_settings

LOSSES = ("cross_entropy", "triplet", "center", "supcon")
DEV_TEXTS = 10
"""Of each class."""
FOLDS = 5
STRENGTHS = {"C": [1.0, 10.0, 100.0, 1_000.0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--texts", type=int, default=10, help="of each class to learn from, at least 2")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=1e-4, help="learning rate")
    parser.add_argument("--classes", type=int, help="only so many (default: all)")
    options = parser.parse_args()
    data = few_classes(options.data / "classify" / "banking77-train.csv", options.classes)
    draws = [draw(data, options.texts, seed) for seed in range(options.seeds)]
    train_data, dev = draws[0]
    print(f"{len(data.classes)} classes, {len(train_data)} texts to learn from, {len(dev)} to measure on")
    print(f"{options.epochs} epochs, learning rate {options.lr:g}, {options.seeds} seeds; {machine()}\n")
    print(f"{'accuracy in %, 95 % interval':30} {'logistic regression':>20} {'nearest centre':>20}")
    for loss in (None, *LOSSES):
        results = []
        for seed, (train_data, dev) in enumerate(draws):
            model = SimCSE.load("minilm")
            if loss is not None:
                learn(model, train_data, settings(loss, options.epochs, options.lr, seed))
            results.append(accuracies(model, train_data, dev, seed))
        regression, centre = (over_seeds([100 * value for value in values]) for values in zip(*results, strict=True))
        print(f"{loss or 'frozen':30} {regression:>20} {centre:>20}", flush=True)


def few_classes(path: Path, count: int | None) -> Labelled:
    """The texts of the first classes in alphabetical order."""
    data = read_data(path)
    assert isinstance(data, Labelled)
    classes = set(data.classes[:count])
    return data.take([index for index, label in enumerate(data.label) if label in classes])


def draw(data: Labelled, texts: int, seed: int) -> tuple[Labelled, Labelled]:
    """So many texts of each class to learn from, by the seed, and others to measure on, which no seed changes.

    Raises:
        ValueError: a class has too few texts.
    """
    first_with = {normalised(text): index for index, text in reversed(list(enumerate(data.text)))}
    members: dict[str, list[int]] = defaultdict(list)
    for index in sorted(first_with.values()):
        members[data.label[index]].append(index)
    train_rows: list[int] = []
    dev_rows: list[int] = []
    for label, own in members.items():
        if len(own) < DEV_TEXTS + texts:
            raise ValueError(f"{label} has {len(own)} different texts: {DEV_TEXTS} + {texts} are too many.")
        random.Random(0).shuffle(own)
        dev_rows += own[:DEV_TEXTS]
        train_rows += random.Random(seed).sample(own[DEV_TEXTS:], texts)
    return data.take(train_rows), data.take(dev_rows)


def settings(loss: str, epochs: int, rate: float, seed: int) -> TrainingSettings:
    return training_settings(
        {"loss": loss, "epochs": epochs, "batch_size": 64, "learning_rate": rate, "tune": "top:2", "seed": seed}
    )


def accuracies(model: SimCSE, train_data: Labelled, dev: Labelled, seed: int) -> tuple[float, float]:
    """Of logistic regression and of the nearest centre."""
    x, y = model.encode(train_data.text), np.array(train_data.label)
    dev_x, dev_y = model.encode(dev.text), np.array(dev.label)
    folds = StratifiedKFold(min(FOLDS, len(y) // len(train_data.classes)), shuffle=True, random_state=seed)
    search = GridSearchCV(LogisticRegression(max_iter=2_000), STRENGTHS, cv=folds).fit(x, y)
    classes = np.array(train_data.classes)
    centres = np.stack([x[y == label].mean(axis=0) for label in classes])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    nearest = classes[(dev_x @ centres.T).argmax(axis=1)]
    return float(search.score(dev_x, dev_y)), float((nearest == dev_y).mean())


if __name__ == "__main__":
    main()
