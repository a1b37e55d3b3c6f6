"""The training rows and the held-out rows, and sentences that describe them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from simcse_core.data.conversions import Converted
from simcse_core.data.kinds import Dataset, Scored, kind_of, normalised, texts_of
from simcse_core.data.kinds.cell_types import MATCH

SENTENCES = {
    "share": "{learned} of {rows} rows are learned from, {held} are held out to measure ({share:.0%}).",
    "fold": "Fold {fold} of {folds}: {learned} of {rows} rows are learned from, {held} are held out to measure.",
    "folds": "{rows} rows in {folds} folds: each fold is held out once, to measure a model that learns from the others "
    "(about {learned} rows).",
    "other": "{rows} rows are learned from; measured on {held} rows of {name}.",
    "nothing": "All {rows} rows are learned from; nothing is held out, so nothing is measured.",
    "texts": "All {rows} rows are learned from; texts without labels or scores have nothing to measure, so none are "
    "held out.",
    "per_class": "Of each class {learned} of {rows} texts are learned from.",
    "whole_classes": "{count} of {classes} classes have too few texts to hold any out: they are not measured.",
    "rare_classes": "{count} of {classes} classes have fewer than {folds} different texts: some folds hold out none of "
    "them.",
    "converted": "As {kind}, {rows} rows become {made}.",
    "converted_pairs": "As {kind}, {rows} rows become {made}, of which {matches} match.",
    "scored_pairs": "{matches} of {rows} rows are matches (score ≥ {score:g}), {mismatches} are mismatches.",
    "left_out": "{left_out} of them are left out: no row of that kind comes from them.",
}
"""By code, in English; a screen translates."""


@dataclass(frozen=True)
class Sentence:
    """Something to say: `template` with `values` for a screen in another language."""

    template: str
    values: dict[str, object]

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Sides:
    """Both sides of a training's data, and how they came about."""

    data: Dataset
    """All rows of the training data, as they were read."""
    learned_from: Dataset
    """Those that are not held out, before they become another kind."""
    dev: Dataset | None
    """Held-out rows, or other data; None when nothing is measured."""
    converted: Converted | None = None
    """The rows that are learned from, as another kind."""

    @property
    def train(self) -> Dataset:
        """What the loss learns from."""
        return self.learned_from if self.converted is None else self.converted.data

    @property
    def held(self) -> int:
        """How many rows of the training data are held out."""
        return len(self.data) - len(self.learned_from)


def in_words(sides: Sides, *, fold: int | None = None, folds: int | None = None) -> list[Sentence]:
    """What is learned from, what is held out, and what becomes of the rows, with all numbers.

    Args:
        sides: of one training.
        fold: which part is held out, counted from 1, where that is a fold ...
        folds: ... and of how many.

    Example:
        >>> from simcse_core.data.kinds import Labelled
        >>> data = Labelled("d", tuple("abcdef"), tuple("xxxyyy"))
        >>> [said.message for said in in_words(Sides(data, data, None))]
        ['All 6 rows are learned from; nothing is held out, so nothing is measured.']
    """
    return [*_of_sides(sides, fold, folds), *_of_conversion(sides)]


def folds_in_words(data: Dataset, folds: int) -> list[Sentence]:
    """What is held out when every one of so many folds is held out once."""
    said = [_sentence("folds", rows=len(data), folds=folds, learned=len(data) - round(len(data) / folds))]
    if data.text_classes is not None:
        rows = Counter(data.text_classes).values()
        learned = [count - part for count in rows for part in (count // folds, -(-count // folds))]
        said.append(_sentence("per_class", learned=_span(learned), rows=_span(rows)))
        sizes = _class_sizes(data)
        rare = [label for label, size in sizes.items() if size < folds]
        if rare:
            said.append(_sentence("rare_classes", count=len(rare), classes=len(sizes), folds=folds))
    return said


def _of_sides(sides: Sides, fold: int | None, folds: int | None) -> Iterator[Sentence]:
    rows, learned, held = len(sides.data), len(sides.learned_from), sides.held
    if sides.dev is None:
        yield _sentence("nothing" if sides.data.metrics else "texts", rows=rows)
    elif not held:
        yield _sentence("other", rows=rows, held=len(sides.dev), name=sides.dev.name)
    else:
        if fold is not None:
            yield _sentence("fold", fold=fold, folds=folds, learned=learned, rows=rows, held=held)
        else:
            yield _sentence("share", learned=learned, rows=rows, held=held, share=held / rows)
        yield from _of_classes(sides, measures_all=fold is not None)


def _of_classes(sides: Sides, *, measures_all: bool) -> Iterator[Sentence]:
    """How many texts of each class are learned from, and whether some classes are not measured at all."""
    if sides.data.text_classes is None or sides.learned_from.text_classes is None:
        return
    before, after = Counter(sides.data.text_classes), Counter(sides.learned_from.text_classes)
    learned = [after[label] for label in before]
    yield _sentence("per_class", learned=_span(learned), rows=_span(before.values()))
    whole = [label for label, count in before.items() if after[label] == count]
    if whole and not measures_all:
        yield _sentence("whole_classes", count=len(whole), classes=len(before))


def _of_conversion(sides: Sides) -> Iterator[Sentence]:
    done = sides.converted
    if done is None or kind_of(done.data) == kind_of(sides.learned_from):
        return
    counts = {"kind": kind_of(done.data), "rows": done.rows_before, "made": done.rows_after}
    if isinstance(sides.learned_from, Scored) and MATCH in done.data.cell_types.values():
        matches = len(done.data.positive_pairs())
        lowest = sorted(sides.learned_from.score)[-matches]  # nothing else has as high a score
        counts = {"rows": done.rows_before, "matches": matches, "mismatches": done.rows_after - matches}
        yield _sentence("scored_pairs", score=lowest, **counts)
    elif MATCH in done.data.cell_types.values():
        yield _sentence("converted_pairs", matches=len(done.data.positive_pairs()), **counts)
    else:
        yield _sentence("converted", **counts)
    if done.left_out:
        yield _sentence("left_out", left_out=done.left_out)


def _class_sizes(data: Dataset) -> dict[str, int]:
    """How many different texts each class has."""
    texts: dict[str, set[str]] = defaultdict(set)
    for text, label in zip(texts_of(data), data.text_classes or (), strict=True):
        texts[label].add(normalised(text))
    return {label: len(different) for label, different in texts.items()}


def _span(counts: Collection[int]) -> str:
    """One number when all are equal, else the least and the most."""
    least, most = min(counts), max(counts)
    return f"{least}" if least == most else f"{least}–{most}"


def _sentence(code: str, **values: object) -> Sentence:
    return Sentence(SENTENCES[code], values)
