"""A loop for texts without labels: which text to label next, and how good the labels make a classifier so far.

    pool = Pool.of(texts, encoder)            the texts with their embeddings
    state = LabellingState(classes)           what somebody has labelled: a small value that JSON can hold
    proposal = propose(pool, state)           the next texts
    state = state.labelled(row, label)        and again
    estimate(pool, state)                     accuracy, measured on texts drawn by lot
    export(texts, state)                      labelled data

Two of three proposals are texts of which a classifier is least sure, unlike each other. Texts that are chosen so are
harder than others, so nothing may be measured on them alone. Therefore every third proposal is drawn by lot from all
texts: `Pool.lots` is a fixed random order, and after every third decision one place more of it counts. A lot that was
chosen and labelled before counts as well, because leaving the hard ones out would be too kind. So the lots are a random
sample of all texts, whatever else is labelled, and the classifier that is asked about each of them has not learned from
it (cross-validation).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Labelled
from simcse_core.encoding.classifier import LinearClassifier, Probabilities, softmax
from simcse_core.encoding.texts import Embeddings, checked
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.classifiers import linear_classifier
from simcse_core.meaning.intervals import Interval
from simcse_core.uses.classification.results import share_of

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encodes

Strategy = Literal["uncertain", "random"]
STRATEGIES: tuple[Strategy, ...] = ("uncertain", "random")
EVERY = 3
"""One proposal of so many is drawn by lot."""
FOLDS = 5
FEWEST_MEASURED = 4
"""With fewer lots nothing is said of the accuracy."""
STRENGTH = 10.0
"""C of the logistic regressions."""
NAMES_UNTIL = 3
"""A class is also known by its name until it has so many labelled texts."""
ZERO_SHOT_TEMPERATURE = 0.05
"""Divides the cosines of texts and names of classes while nothing is labelled."""
LEAST_UNSURE = 10
"""Among so many of the least sure texts the one is taken that is least like what is labelled or proposed already."""


@dataclass(frozen=True)
class LabellingState:
    """What somebody has decided so far. Every change makes a new state."""

    classes: tuple[str, ...]
    labels: Mapping[int, str] = field(default_factory=dict)
    """By row, in the order in which they were given."""
    skipped: tuple[int, ...] = ()
    """Rows that nobody could label."""

    def labelled(self, row: int, label: str) -> "LabellingState":
        """With one more label, or another one for a row; a class that is new is added."""
        classes = self.classes if label in self.classes else (*self.classes, label)
        skipped = tuple(other for other in self.skipped if other != row)
        return LabellingState(classes, {**self.labels, row: label}, skipped)

    def skip(self, row: int) -> "LabellingState":
        """With a row that is not asked for again."""
        return replace(self.without(row), skipped=(*self.skipped, row))

    def without(self, row: int) -> "LabellingState":
        """As if nobody had decided on this row."""
        labels = {other: label for other, label in self.labels.items() if other != row}
        return replace(self, labels=labels, skipped=tuple(other for other in self.skipped if other != row))

    @property
    def done(self) -> set[int]:
        """Rows that are labelled or skipped."""
        return {*self.labels, *self.skipped}

    def to_json(self) -> str:
        """As `from_json` reads it."""
        return json.dumps({"classes": self.classes, "labels": list(self.labels.items()), "skipped": self.skipped})

    @classmethod
    def from_json(cls, text: str) -> "LabellingState":
        """What `to_json` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            content = json.loads(text)
            labels = {int(row): str(label) for row, label in content["labels"]}
            return cls(tuple(map(str, content["classes"])), labels, tuple(map(int, content["skipped"])))
        except (ValueError, KeyError, TypeError):
            raise DataError("This is no saved labelling: it has to hold classes, labels and skipped rows.") from None


@dataclass(frozen=True, eq=False)
class Pool:
    """N texts without labels, as their embeddings."""

    embeddings: Embeddings
    """(N, D) unit rows."""
    named: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """By class, the (D,) embedding of its name, read as a text: a start without any label."""
    seed: int = 0
    """Of the lots."""

    @classmethod
    def of(
        cls,
        texts: Iterable[str],
        embeddings: "Embeddings | Encodes",
        classes: Sequence[str] = (),
        *,
        seed: int = 0,
    ) -> "Pool":
        """The pool of texts, with the names of classes where an encoder can read them.

        Args:
            texts: N texts.
            embeddings: (N, D) unit rows of the texts, or the encoder that makes them.
            classes: names that say something, such as "lost card"; underscores and hyphens are read as blanks.
            seed: of the lots.

        Raises:
            InputError: `texts` is no list of texts.
            DataError: there are none.
        """
        listed = checked(texts)
        if not listed:
            raise DataError("There are no texts to label.")
        if isinstance(embeddings, np.ndarray):
            return cls(embeddings, seed=seed)
        read = [name.replace("_", " ").replace("-", " ") for name in classes]
        rows = embeddings.encode([*listed, *read])
        return cls(rows[: len(listed)], dict(zip(classes, rows[len(listed) :], strict=True)), seed)

    def __len__(self) -> int:
        return len(self.embeddings)

    @cached_property
    def lots(self) -> NDArray[np.int64]:
        """(N,) all rows in the order in which they are drawn by lot."""
        return np.random.default_rng(self.seed).permutation(len(self.embeddings))


@dataclass(frozen=True)
class Proposal:
    """What to label next."""

    rows: tuple[int, ...]
    """The first one first; none when all are done."""
    by_lot: frozenset[int]
    """Those of them that are drawn by lot, on which the accuracy is measured."""


@dataclass(frozen=True)
class Estimate:
    """How good a classifier is that has learned from the labels so far."""

    accuracy: Interval
    """On texts drawn by lot that it has not seen, with the 95 % interval over them; NaN before there are four."""
    measured: int
    """On how many texts."""


def propose(pool: Pool, state: LabellingState, count: int = 1, *, strategy: Strategy = "uncertain") -> Proposal:
    """The next texts to label.

    Args:
        pool: all texts.
        state: what is labelled so far.
        count: how many, so that nobody who labels fast has to wait.
        strategy: "uncertain" as this module says; "random" draws all by lot.

    Raises:
        OptionError: there is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise OptionError(
            "Unknown strategy {given!r}. Choose one of: {choices}.", given=strategy, choices=", ".join(STRATEGIES)
        )
    done = state.done
    lots = [int(row) for row in pool.lots if int(row) not in done]
    if strategy == "random":
        rows = tuple(lots[:count])
        return Proposal(rows, frozenset(rows))
    drawn = _lots_due(pool, done, count)
    unsure = iter(_unsure(pool, state, count, set(drawn.values())))
    chosen = [drawn[place] if place in drawn else next(unsure, None) for place in range(count)]
    return Proposal(tuple(row for row in chosen if row is not None), frozenset(drawn.values()))


def _lots_due(pool: Pool, done: set[int], count: int) -> dict[int, int]:
    """Which of the next proposals, counted from 0, are drawn by lot, and the rows."""
    drawn: dict[int, int] = {}
    for place in range(count):
        due = pool.lots[: (len(done) + place + 1) // EVERY]
        row = next((int(row) for row in due if int(row) not in done and int(row) not in drawn.values()), None)
        if row is not None:
            drawn[place] = row
    return drawn


def probabilities(pool: Pool, state: LabellingState) -> Probabilities:
    """(N, C) what a classifier makes of all texts that has learned from the labels, and from the names of classes that
    have few: columns in the order of `state.classes`. All alike where there is nothing to learn from."""
    return _probabilities(pool, state, pool.embeddings)


def estimate(pool: Pool, state: LabellingState) -> Estimate:
    """The accuracy so far, on the lots that have had their turn; each is held out once in up to five folds.

    They count up to the first on which nobody has decided: where labels came with the texts, those among the lots that
    happen to have one would be no random sample.
    """
    due, done = [int(row) for row in pool.lots[: len(state.done) // EVERY]], state.done
    waiting = next((place for place, row in enumerate(due) if row not in done), len(due))
    drawn = [row for row in due[:waiting] if row in state.labels]
    if _all_by_lot(pool, state):
        drawn = [row for row in state.labels if row in state.done]
    hits = np.zeros(len(drawn), dtype=bool)
    if len(drawn) < FEWEST_MEASURED:
        return Estimate(share_of(hits[:0]), len(drawn))
    folds = min(FOLDS, len(drawn))
    for fold in range(folds):
        places = range(fold, len(drawn), folds)
        held = {drawn[place] for place in places}
        others = replace(state, labels={row: label for row, label in state.labels.items() if row not in held})
        best = _probabilities(pool, others, pool.embeddings[[drawn[place] for place in places]]).argmax(axis=1)
        for place, predicted in zip(places, best, strict=True):
            hits[place] = state.classes[predicted] == state.labels[drawn[place]]
    return Estimate(share_of(hits), len(drawn))


def _all_by_lot(pool: Pool, state: LabellingState) -> bool:
    """Whether all that is labelled was drawn by lot, so that all of it measures."""
    return state.done == {int(row) for row in pool.lots[: len(state.done)]}


def export(texts: Sequence[str], state: LabellingState, name: str = "labelled texts") -> Labelled:
    """The texts that have a label, as data to train and to classify with.

    Raises:
        DataError: none has one.
    """
    return Labelled(name, tuple(texts[row] for row in state.labels), tuple(state.labels.values()))


def _probabilities(pool: Pool, state: LabellingState, embeddings: Embeddings) -> Probabilities:
    classes = state.classes
    if not state.labels and all(name in pool.named for name in classes) and classes:
        names = np.stack([pool.named[name] for name in classes])
        return softmax((embeddings @ names.T).astype(np.float64) / ZERO_SHOT_TEMPERATURE)
    linear = _fitted(pool, state)
    if linear is None:
        only = set(state.labels.values())
        row = [1.0 if name in only or not only else 0.0 for name in classes]
        return np.tile(np.array(row) / max(sum(row), 1.0), (len(embeddings), 1))
    found = np.zeros((len(embeddings), len(classes)))
    found[:, [classes.index(name) for name in linear.classes]] = linear.probabilities(embeddings)
    return found


def _fitted(pool: Pool, state: LabellingState) -> LinearClassifier | None:
    """None where fewer than two classes have anything to learn from."""
    rows, labels = list(state.labels), list(state.labels.values())
    named = [name for name in state.classes if name in pool.named and labels.count(name) < NAMES_UNTIL]
    if len({*labels, *named}) < 2:
        return None
    embeddings = np.concatenate([pool.embeddings[rows], *(pool.named[name][None] for name in named)])
    return linear_classifier(embeddings, [*labels, *named], STRENGTH)


def _unsure(pool: Pool, state: LabellingState, count: int, taken: set[int]) -> list[int]:
    """Rows that nobody has decided on: of the least sure the one that is least like the others, again and again."""
    done = np.array(sorted(state.done | taken), dtype=np.int64)
    left = np.setdiff1d(np.arange(len(pool)), done)
    if not len(left):
        return []
    embeddings = pool.embeddings[left]
    ordered = np.sort(_probabilities(pool, state, embeddings), axis=1)
    margin = ordered[:, -1] - (ordered[:, -2] if ordered.shape[1] > 1 else 0.0)
    least_sure = np.argsort(margin, kind="stable")[: max(LEAST_UNSURE, 2 * count)]
    if not state.labels and not pool.named:
        least_sure = np.arange(len(left))  # nothing is known: all count
    closeness = _closeness(pool, state, embeddings[least_sure])
    rows: list[int] = []
    for _turn in range(min(count, len(least_sure))):
        place = int(np.argmin(closeness))
        rows.append(int(left[least_sure[place]]))
        closeness = np.maximum(closeness, embeddings[least_sure] @ embeddings[least_sure[place]])
        closeness[place] = np.inf
    return rows


def _closeness(pool: Pool, state: LabellingState, embeddings: Embeddings) -> NDArray[np.float64]:
    """(n,) the cosine with the nearest labelled text; before there is one, how untypical a text is."""
    if not state.labels:
        middle = pool.embeddings.mean(axis=0)
        return -(embeddings @ middle).astype(np.float64)
    return (embeddings @ pool.embeddings[list(state.labels)].T).max(axis=1).astype(np.float64)
