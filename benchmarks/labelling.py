"""The labelling loop, simulated: how many labels it takes to 90 % accuracy, by uncertainty and by chance.

    python -m benchmarks.labelling DATA [--intents 5] [--seeds 5] [--accuracy 0.9] [--most 100]

DATA is a folder with `classify/banking77-train.csv` (columns text, label). For each seed some intents are drawn; 150 of
their texts are held out, and one text after the other of the rest gets its label. The number of labels is the first one
at which the classifier is right about 90 % of the held-out texts, there and after the two
labels that follow; where it never is, all labels count. "names":
the loop also knows the intents by their names.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from simcse_core import SimCSE
from simcse_core.data.kinds import Labelled
from simcse_core.data.readers import read_data
from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.intervals import over_seeds
from simcse_core.uses.classification.labelling import LabellingState, Pool, Strategy, estimate, probabilities, propose

HELD_OUT = 150
IN_A_ROW = 3
WAYS: Mapping[str, tuple[Strategy, bool]] = {
    "uncertain": ("uncertain", False),
    "random": ("random", False),
    "uncertain, names": ("uncertain", True),
    "random, names": ("random", True),
}
"""Strategy, and whether the names of the intents are known."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--intents", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--accuracy", type=float, default=0.9)
    parser.add_argument("--most", type=int, default=100, help="labels")
    options = parser.parse_args()
    data = read_data(options.data / "classify" / "banking77-train.csv")
    assert isinstance(data, Labelled)
    model = SimCSE.load("minilm")
    print(f"minilm, {options.intents} intents of Banking77, {options.seeds} seeds; {machine()}\n")
    needed: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(options.seeds):
        chance = np.random.default_rng([seed, 77])
        intents = sorted(chance.choice(data.classes, options.intents, replace=False).tolist())
        rows = [row for row, label in enumerate(data.label) if label in intents]
        rows = chance.permutation(rows).tolist()
        encoded = model.encode([data.text[row] for row in rows], precision="auto")
        names = model.encode([name.replace("_", " ") for name in intents])
        labels = [data.label[row] for row in rows]
        for way, (strategy, is_named) in WAYS.items():
            named = dict(zip(intents, names, strict=True)) if is_named else {}
            pool = Pool(encoded[HELD_OUT:], named, seed)
            accuracies, said = simulated(pool, labels[HELD_OUT:], intents, strategy, options.most,
                                         (encoded[:HELD_OUT], labels[:HELD_OUT]))  # fmt: skip
            needed[way].append(labels_needed(accuracies, options.accuracy))
            at_last = f"after {options.most}: {accuracies[-1]:.3f}, the loop itself says {said}"
            print(f"seed {seed}  {way:18} {needed[way][-1]:5.0f} labels; {at_last}", flush=True)
    print()
    for way, counts in needed.items():
        print(f"{way:18} {in_words(counts)} labels to {options.accuracy:.0%}")
    for kind in ("", ", names"):
        saved = np.array(needed[f"random{kind}"]) - np.array(needed[f"uncertain{kind}"])
        over = over_seeds(saved.tolist())
        noise = over is None or over.low <= 0 <= over.high
        print(f"saved by uncertainty{kind}: {in_words(saved.tolist())}{' (inside the noise)' if noise else ''}")


def simulated(
    pool: Pool,
    labels: Sequence[str],
    classes: Sequence[str],
    strategy: Strategy,
    most: int,
    held: tuple[Embeddings, Sequence[str]],
) -> tuple[NDArray[np.float64], str]:
    """The accuracy on held-out texts after each label, and what the loop says of itself at last."""
    state, accuracies = LabellingState(tuple(classes)), []
    test = Pool(np.concatenate([held[0], pool.embeddings]), pool.named)
    for _label in range(min(most, len(pool))):
        (row,) = propose(pool, state, strategy=strategy).rows
        state = state.labelled(row, labels[row])
        shifted = LabellingState(state.classes, {row + len(held[1]): label for row, label in state.labels.items()})
        best = probabilities(test, shifted)[: len(held[1])].argmax(axis=1)
        accuracies.append(np.mean([classes[place] == label for place, label in zip(best, held[1], strict=True)]))
    found = estimate(pool, state)
    said = f"{found.accuracy.value:.3f} ({found.accuracy.low:.3f} to {found.accuracy.high:.3f}) on {found.measured}"
    return np.array(accuracies), said


def labels_needed(accuracies: NDArray[np.float64], wanted: float) -> float:
    """The first number from which on it is reached three times in a row; all labels for never, which is too few."""
    reached = accuracies >= wanted
    runs = [place + 1 for place in range(len(reached) - IN_A_ROW + 1) if reached[place : place + IN_A_ROW].all()]
    return float(runs[0] if runs else len(reached))


def in_words(counts: Sequence[float]) -> str:
    over = over_seeds(counts)
    each = ", ".join(f"{count:.0f}" for count in counts)
    return f"{np.mean(counts):.1f} ({each})" if over is None else (
        f"{over.value:.1f} (95%: {over.low:.1f} to {over.high:.1f}; {each})"
    )  # fmt: skip


if __name__ == "__main__":
    main()
