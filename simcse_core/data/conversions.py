"""One kind of data as another: explicit, seeded, each with one line that says how a row comes about.

A conversion is one function under `@conversions.register("FROM->TO")`: data and a source of chance in, the rows of the
new kind out, each with the positions of the rows it comes from. It raises DataError when there would be none. The first
line of its docstring is shown to the user; keyword-only parameters are options, as for losses.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, chain
from typing import Annotated

from pydantic import Field

from simcse_core.data.kinds import (
    KINDS,
    Answers,
    Dataset,
    Labelled,
    Pairs,
    Scored,
    Triplets,
    kind_of,
    normalised,
    text_columns,
)
from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.evaluation import MATCH_FROM, closest_pairs
from simcse_core.registry import Registry

Made = tuple[tuple[str | int | float, ...], tuple[int, ...]]
"""A row of the new kind, and the positions of the rows it comes from."""

ANY = "any"
"""In a conversion's name: from every kind that has none of its own."""

conversions: Registry[Callable[..., Iterator[Made]]] = Registry("conversion")

MatchFrom = Annotated[
    float, Field(gt=0, le=1, description="Pairs from this share of the scale's maximum on become matches.")
]
MismatchTo = Annotated[
    float, Field(ge=0, lt=1, description="Pairs up to this share of the scale's maximum become mismatches.")
]
MostNegatives = Annotated[
    int, Field(ge=1, le=100, description="At most so many negatives for each positive; the seed decides which.")
]


@dataclass(frozen=True)
class Converted:
    """Data of another kind, and what became of the rows."""

    data: Dataset
    description: str
    """How a row comes about, in one English sentence."""
    rows_before: int
    rows_after: int
    left_out: int
    """Rows of before from which no row came."""


def convert(data: Dataset, to: str, *, seed: int = 0, options: Mapping[str, object] | None = None) -> Converted:
    """A data set as another kind.

    Args:
        data: of any kind.
        to: name of the kind, as in `KINDS`.
        seed: where a row is chosen among several; the same seed chooses the same.
        options: of the conversion, as its entry in `conversions` names them.

    Raises:
        DataError: there is no such conversion, or it would give no rows; says why.
        OptionError: an option does not exist or is out of range.
    """
    kind = kind_of(data)
    if to == kind:
        return Converted(data, "The data as it is.", len(data), len(data), 0)
    if to not in targets(kind):
        raise DataError(
            "{file} holds {kind}, which cannot become {given!r}. It can become: {choices}.",
            file=data.name,
            kind=kind,
            given=to,
            choices=", ".join(targets(kind)) or "nothing else",
        )
    entry = conversions[_conversion(kind, to)]
    made = entry.function(data, random.Random(seed), **entry.with_options(options or {}))
    rows, sources = zip(*made, strict=True)
    used = set(chain.from_iterable(sources))
    result = KINDS[to].of(data.name, list(zip(*rows, strict=True)))
    return Converted(result, entry.summary, len(data), len(result), len(data) - len(used))


def targets(kind: str) -> list[str]:
    """The kinds that a kind can become."""
    parts = [name.partition("->") for name in conversions.names()]
    return list(dict.fromkeys(to for start, _arrow, to in parts if start in (kind, ANY) and to != kind))


def _conversion(kind: str, to: str) -> str:
    """The name of the conversion, which every kind may share."""
    name = f"{kind}->{to}"
    return name if name in conversions.names() else f"{ANY}->{to}"


@conversions.register("labelled->triplets")
def labelled_triplets(data: Labelled, chance: random.Random) -> Iterator[Made]:
    """Each text with another one of its class as positive and one of another class as negative, both by chance."""
    classes = _Classes(data)
    for anchor, label in classes.with_a_match():
        positive, negative = classes.same(anchor, label, chance), classes.other(label, chance)
        yield (data.text[anchor], data.text[positive], data.text[negative]), (anchor,)


@conversions.register("labelled->pairs")
def labelled_pairs(data: Labelled, chance: random.Random) -> Iterator[Made]:
    """Each text once with another one of its class, a match, and once with one of another class; no pair twice."""
    classes = _Classes(data)
    seen: set[frozenset[int]] = set()

    def unseen(text: int, draw: Callable[[], int]) -> int | None:
        return next((other for other in (draw() for _try in range(20)) if frozenset((text, other)) not in seen), None)

    for text, label in classes.with_a_match():
        match = unseen(text, partial(classes.same, text, label, chance))
        mismatch = unseen(text, partial(classes.other, label, chance))
        if match is not None and mismatch is not None:
            seen |= {frozenset((text, match)), frozenset((text, mismatch))}
            yield (data.text[text], data.text[match], 1), (text, match)
            yield (data.text[text], data.text[mismatch], 0), (text,)


class _Classes:
    """The different texts of labelled data by class, to draw from. A text that stands in two classes is in none.

    Raises:
        DataError: no two texts match, or all do.
    """

    def __init__(self, data: Labelled) -> None:
        labels_of: dict[str, dict[str, int]] = defaultdict(dict)  # text -> label -> first position
        for position, (text, label) in enumerate(zip(data.text, data.label, strict=True)):
            labels_of[normalised(text)].setdefault(label, position)
        self._members: dict[str, list[int]] = {label: [] for label in data.label}
        for labels in labels_of.values():
            if len(labels) == 1:
                self._members[next(iter(labels))] += labels.values()
        self._all = list(chain.from_iterable(self._members.values()))
        sizes = [len(members) for members in self._members.values()]
        self._start = dict(zip(self._members, accumulate(sizes, initial=0), strict=False))
        if max(sizes) < 2 or sum(size > 0 for size in sizes) < 2:
            raise DataError(
                "{file} has no two different texts of one class beside a text of another class: nothing can be "
                "paired. Add texts, or classes.",
                file=data.name,
            )

    def with_a_match(self) -> Iterator[tuple[int, str]]:
        """Position and class of the texts that are not alone in their class, in the order of the data."""
        shared = [
            (position, label) for label, members in self._members.items() if len(members) > 1 for position in members
        ]
        yield from sorted(shared)

    def same(self, text: int, label: str, chance: random.Random) -> int:
        """Another text of the class."""
        members = self._members[label]
        while (other := chance.choice(members)) == text:
            pass
        return other

    def other(self, label: str, chance: random.Random) -> int:
        """A text of another class; each is as likely."""
        size = len(self._members[label])
        place = chance.randrange(len(self._all) - size)
        return self._all[place if place < self._start[label] else place + size]


@conversions.register("scored->pairs")
def scored_pairs(
    data: Scored, chance: random.Random, *, match_from: MatchFrom = MATCH_FROM, mismatch_to: MismatchTo = 0.4
) -> Iterator[Made]:
    """By default pairs from 80 % of the best score on are matches, up to 40 % mismatches; others are left out."""
    if mismatch_to >= match_from:
        raise OptionError(
            "Mismatches up to {low} and matches from {high} overlap: mismatch_to has to be below match_from.",
            low=mismatch_to,
            high=match_from,
        )
    best = max(data.score)
    if best <= 0:
        raise DataError("The highest score of {file} is {given}: it has to be above 0.", file=data.name, given=best)
    is_match = closest_pairs(data.score, share=match_from).tolist()
    for row, score in enumerate(data.score):
        if is_match[row] or score <= mismatch_to * best + 1e-9 * best:
            yield (data.sentence1[row], data.sentence2[row], int(is_match[row])), (row,)


@conversions.register("pairs->scored")
def pair_scores(data: Pairs, chance: random.Random) -> Iterator[Made]:
    """A match has the score 1, a mismatch 0."""
    for position, label in enumerate(data.label):
        yield (data.sentence1[position], data.sentence2[position], float(label)), (position,)


@conversions.register("pairs->triplets")
def pair_triplets(data: Pairs, chance: random.Random, *, most_negatives: MostNegatives = 4) -> Iterator[Made]:
    """A sentence that has a match and a mismatch, on either side, with both of them; other sentences are left out."""
    sides = (data.sentence1, data.sentence2, data.label)
    both_ways = chain(zip(*sides, strict=True), zip(sides[1], sides[0], sides[2], strict=True))
    return _around(data, both_ways, most_negatives, chance)


@conversions.register("answers->triplets")
def answer_triplets(data: Answers, chance: random.Random, *, most_negatives: MostNegatives = 4) -> Iterator[Made]:
    """Each right answer with wrong answers of its question; questions without both are left out."""
    return _around(data, zip(data.question, data.answer, data.label, strict=True), most_negatives, chance)


def _around(
    data: Dataset, sides: Iterable[tuple[str, str, int]], most_negatives: int, chance: random.Random
) -> Iterator[Made]:
    """Triplets around each text that has matches and mismatches.

    A text that is said to be both, or is the anchor itself, is neither.

    Args:
        data: what `sides` come from; side i is of row i % N.
        sides: anchor, other text, label.
    """
    labels: dict[str, tuple[dict[str, int], dict[str, int]]] = defaultdict(lambda: ({}, {}))
    texts: dict[str, str] = {}
    for number, (anchor, other, label) in enumerate(sides):
        texts.setdefault(normalised(anchor), anchor)
        texts.setdefault(normalised(other), other)
        labels[normalised(anchor)][label].setdefault(normalised(other), number % len(data))
    is_empty = True
    for anchor, (wrong, right) in labels.items():
        negatives = [text for text in wrong if text not in right and text != anchor]
        positives = [text for text in right if text not in wrong and text != anchor]
        for positive in positives if negatives else ():
            is_empty = False
            for negative in chance.sample(negatives, min(most_negatives, len(negatives))):
                yield (texts[anchor], texts[positive], texts[negative]), (right[positive], wrong[negative])
    if is_empty:
        raise DataError(
            "No text of {file} stands in a row of label 1 and in another of label 0: there are no triplets in it. "
            "Add such rows.",
            file=data.name,
        )


@conversions.register("answers->pairs")
def answer_pairs(data: Answers, chance: random.Random) -> Iterator[Made]:
    """A question matches its right answers and none of the wrong ones."""
    for position, row in enumerate(zip(data.question, data.answer, data.label, strict=True)):
        yield row, (position,)


@conversions.register("triplets->pairs")
def triplet_pairs(data: Triplets, chance: random.Random) -> Iterator[Made]:
    """The anchor matches the positive and not the negative; a pair that comes again or is both is left out."""
    said: dict[tuple[str, str], dict[int, Made]] = {}
    for position, (anchor, positive, negative) in enumerate(
        zip(data.anchor, data.positive, data.negative, strict=True)
    ):
        for second, label in ((positive, 1), (negative, 0)):
            of_pair = said.setdefault((normalised(anchor), normalised(second)), {})
            of_pair.setdefault(label, ((anchor, second, label), (position,)))
    made = [row for of_pair in said.values() if len(of_pair) == 1 for row in of_pair.values()]
    if not made:
        raise DataError(
            "Every pair of {file} is said to be both close and not close: there are no pairs in it.", file=data.name
        )
    yield from made


@conversions.register(f"{ANY}->texts")
def different_texts(data: Dataset, chance: random.Random) -> Iterator[Made]:
    """Every text once, without what is known about it."""
    seen = set()
    for position, row in enumerate(zip(*text_columns(data), strict=True)):
        for text in row:
            if normalised(text) not in seen:
                seen.add(normalised(text))
                yield (text,), (position,)
