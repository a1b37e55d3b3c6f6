"""How often intervals hold the truth: every metric, alone and as a paired difference, by simulation.

Populations are synthetic (known mixtures) or real embeddings of minilm, with layer 3 of it as the second model of a
pair. From each, samples of n items are drawn again and again; the truth is the metric's mean over many such samples,
because mean average precision depends on how many texts there are to rank.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Triplets
from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.intervals import difference, interval, value_of
from simcse_core.meaning.items import Items

SIZES = (20, 50, 100, 200)
DIMENSIONS = 16
"""Of synthetic embeddings."""

Sample = Callable[[np.random.Generator, int], tuple[Items, Items]]
"""(chance, n) -> the items of two models on the same n items."""


@dataclass(frozen=True)
class Population:
    """Where samples come from."""

    name: str
    sample: Sample
    size: float = math.inf
    """How many items there are; samples are at most half of them."""


@dataclass(frozen=True)
class Coverage:
    """In how many of the trials, in %, an interval held the truth."""

    population: str
    metric: str
    n: int
    single: float
    paired: float
    truth: float


def coverage(population: Population, n: int, trials: int, truths: int, seed: int = 0) -> Iterator[Coverage]:
    """The coverage of each metric of a population's items for samples of n."""
    if n > population.size / 2:
        return
    chance = np.random.default_rng(seed)
    many = [population.sample(chance, n) for _trial in range(truths)]
    for metric in many[0][0].metrics:
        both = np.array([[value_of(items, metric) for items in pair] for pair in many])
        truth = np.nanmean(both, axis=0)
        held: list[tuple[bool, bool]] = []
        for pair in many[:trials]:
            alone, gain = interval(pair[0], metric), difference(pair[0], pair[1], metric)
            if not np.isnan(alone.value) and not np.isnan(gain.value):
                held.append((alone.low <= truth[0] <= alone.high, gain.low <= truth[0] - truth[1] <= gain.high))
        single, paired = 100 * np.mean(held, axis=0)
        yield Coverage(population.name, metric, n, float(single), float(paired), float(truth[0]))


def synthetic() -> list[Population]:
    """Good and middling models of each kind: what a metric is near 1, and where it is not."""
    noises = {"good": 0.5, "middling": 1.2}
    return [
        Population(f"{kind}, {name}", _Synthetic(kind, noise)) for name, noise in noises.items() for kind in _SYNTHETIC
    ]


def real(data: Dataset, parts: list[list[Embeddings]], name: str) -> Population:
    """Samples of the rows of a data set; of answers those of whole questions.

    Args:
        data: any kind but texts.
        parts: for each of two models, for each text column (N, D) unit rows.
    """

    def sample(chance: np.random.Generator, n: int) -> tuple[Items, Items]:
        rows = _rows(data, chance, n)
        drawn = data.take(rows.tolist())
        first, second = (drawn.items([part[rows] for part in of_model]) for of_model in parts)
        return first, second

    return Population(name, sample, len(set(data.question)) if isinstance(data, Answers) else len(data))


def _rows(data: Dataset, chance: np.random.Generator, n: int) -> NDArray[np.int64]:
    if not isinstance(data, Answers):
        return chance.choice(len(data), n, replace=False)
    questions = np.array(data.question)
    chosen = chance.choice(np.unique(questions), n, replace=False)
    return np.flatnonzero(np.isin(questions, chosen))


@dataclass(frozen=True)
class _Synthetic:
    """Draws items of two models that share part of their noise; the second one is somewhat noisier."""

    kind: str
    noise: float

    def __call__(self, chance: np.random.Generator, n: int) -> tuple[Items, Items]:
        data, meanings = _SYNTHETIC[self.kind](chance, n)
        shared = [chance.normal(size=part.shape).astype(np.float32) for part in meanings]
        first, second = (
            data.items([_noisy(chance, *of_part, noise) for of_part in zip(meanings, shared, strict=True)])
            for noise in (self.noise, 1.15 * self.noise)
        )
        return first, second


def _noisy(chance: np.random.Generator, meaning: Embeddings, shared: Embeddings, noise: float) -> Embeddings:
    embeddings = meaning + noise * (shared + chance.normal(size=meaning.shape)) / 2**0.5
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), dtype=np.float32)


def _unit(chance: np.random.Generator, n: int) -> Embeddings:
    embeddings = chance.normal(size=(n, DIMENSIONS))
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) * 2.0, dtype=np.float32)


def _words(n: int) -> tuple[str, ...]:
    return tuple(map(str, range(n)))


def _labelled(chance: np.random.Generator, n: int) -> tuple[Dataset, list[Embeddings]]:
    classes = chance.integers(0, 5, n)
    centres = np.random.default_rng(5).normal(size=(5, DIMENSIONS)).astype(np.float32)
    return Labelled("s", _words(n), tuple(map(str, classes))), [centres[classes]]


def _paired(chance: np.random.Generator, n: int) -> tuple[Dataset, list[Embeddings]]:
    labels = (chance.random(n) < 0.3).astype(int)
    left, other = _unit(chance, n), _unit(chance, n)
    right = np.where(labels[:, None] == 1, left, other)
    return Pairs("s", _words(n), _words(n), tuple(labels.tolist())), [left, np.asarray(right)]


def _scored(chance: np.random.Generator, n: int) -> tuple[Dataset, list[Embeddings]]:
    share = chance.random(n).astype(np.float32)[:, None]
    left, other = _unit(chance, n), _unit(chance, n)
    scores = tuple(np.round(share[:, 0] * 5, 1).tolist())
    return Scored("s", _words(n), _words(n), scores), [left, share * left + (1 - share) * other]


def _triplets(chance: np.random.Generator, n: int) -> tuple[Dataset, list[Embeddings]]:
    anchor = _unit(chance, n)
    return Triplets("s", _words(n), _words(n), _words(n)), [anchor, anchor, _unit(chance, n)]


def _answers(chance: np.random.Generator, n: int) -> tuple[Dataset, list[Embeddings]]:
    """Five answers a question, of which one or two are right."""
    question = np.repeat(_unit(chance, n), 5, axis=0)
    labels = np.tile([1, 0, 0, 0, 0], n)
    labels[1::5] = chance.random(n) < 0.4
    answer = np.where(labels[:, None] == 1, question, _unit(chance, 5 * n))
    names = tuple(str(at // 5) for at in range(5 * n))
    return Answers("s", names, _words(5 * n), tuple(labels.tolist())), [question, np.asarray(answer)]


_SYNTHETIC: dict[str, Callable[[np.random.Generator, int], tuple[Dataset, list[Embeddings]]]] = {
    "labelled": _labelled,
    "pairs": _paired,
    "scored": _scored,
    "triplets": _triplets,
    "answers": _answers,
}
