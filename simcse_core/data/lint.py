"""Problems of data, reported before a training starts."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from simcse_core.data.cells import has_several_lines
from simcse_core.data.kinds import Dataset, Fact, normalised, text_columns, texts_of
from simcse_core.data.kinds.cell_types import CLASS
from simcse_core.data.splits import groups_of_shared_texts
from simcse_core.encoding.texts import TextCheck

Severity = Literal["error", "warning", "info"]

FINDINGS: dict[str, tuple[Severity, str]] = {
    "one_class": (
        "error",
        "All texts are of the class {value!r}: without a second one there is nothing to tell apart. "
        "Add texts of another.",
    ),
    "one_label": (
        "warning",
        "All rows have the {column} {value}: nothing can be measured, and losses that compare matches with mismatches "
        "learn nothing. Add rows with another.",
    ),
    "contradictions": (
        "warning",
        "Rows that contradict each other: {count}. The same texts have different labels or scores; decide for one.",
    ),
    "duplicates": (
        "warning",
        "Rows that repeat an earlier one, case, blanks and invisible characters aside: {count}. They count twice; "
        "remove them.",
    ),
    "leakage": (
        "warning",
        "Held-out rows with a text that is in the training data too: {count}. They make results look better than they "
        "are; remove them from one side.",
    ),
    "alone": (
        "warning",
        "Classes of a single text: {count} ({classes}). It has no match to learn from; add texts or leave it out.",
    ),
    "alike_classes": (
        "warning",
        "Classes whose names differ in case, blanks or invisible characters alone: {classes}. They count as different "
        "ones; give each one name.",
    ),
    "unreadable": (
        "warning",
        "Rows with a text the model cannot read: {count}. More than a tenth of its tokens is unknown; choose a model "
        "for this language.",
    ),
    "truncated": (
        "warning",
        "Rows with a text longer than the model reads: {count}. Only the beginning counts; shorten or split it.",
    ),
    "identical": (
        "info",
        "Matches of a text with itself, case, blanks and invisible characters aside: {count}. They teach nothing.",
    ),
    "line_breaks": (
        "warning",
        "Rows with a text of several lines: {count}. If that is not meant, a quotation mark in the file opens a text "
        "and closes it lines later; write such a mark twice.",
    ),
    "imbalance": (
        "info",
        "{largest!r} stands in {most} rows, {smallest!r} in {fewest}: what is rare is hardly learned. Add rows of it.",
    ),
    "same_class_negatives": (
        "info",
        "In a batch of {batch_size} random texts {share:.0%} of the texts meet another one of their class. A loss that "
        "takes every other text for a negative pushes them apart; one that knows the classes does not.",
    ),
    "known_matches": (
        "info",
        "Matches that share a sentence with another match, directly or through others: {count} ({share:.0%}). In a "
        "batch of {batch_size} random matches about {expected:.2f} meet such a one, and a loss that takes it for a "
        "negative pushes apart what belongs together.",
    ),
}
"""Severity and message of each finding by its code, the gravest first."""

SHOWN_ROWS = 20
_STRONG_IMBALANCE = 10


@dataclass(frozen=True)
class Finding:
    """One thing that may be wrong, translatable: the template is one of `FINDINGS`."""

    code: str
    severity: Severity
    count: int
    """How many rows (for "alone": classes) it is about."""
    template: str
    values: dict[str, object]
    rows: tuple[int, ...]
    """The first 20 positions, from 0; of the held-out data for "leakage"."""

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


def lint(
    data: Dataset, *, dev: Dataset | None = None, batch_size: int = 32, check: TextCheck | None = None
) -> list[Finding]:
    """Everything that may be wrong with training data.

    Args:
        data: to train on; at least one row.
        dev: held-out data, of any kind.
        batch_size: rows in a batch, for what is expected of in-batch negatives.
        check: what the model says of `texts_of(data)`.

    Returns:
        The gravest first; empty when the data is clean.
    """
    findings = [
        *_labels(data),
        *_line_breaks(data),
        *_repetitions(data, data.facts()),
        *_in_batch(data, batch_size),
        *(_leakage(data, dev) if dev is not None else ()),
        *(_of_the_model(data, check) if check is not None else ()),
    ]
    return sorted(findings, key=lambda finding: list(FINDINGS).index(finding.code))


def meeting_chance(groups: Iterable[Hashable], batch_size: int) -> float:
    """How likely an item of a random batch has another one of its group beside it.

    Args:
        groups: the group of each of N items.
        batch_size: items drawn without replacement; all N when there are fewer.

    Returns:
        Mean over the items of 1 − C(N−k, B−1) / C(N−1, B−1), where k is the size of the item's group; 0 for no items.
    """
    sizes = Counter(groups)
    count = sizes.total()
    draws = range(min(batch_size, count) - 1)
    met = 0.0
    for size, times in Counter(sizes.values()).items():
        met += times * size * (1 - math.prod(max(count - size - drawn, 0) / (count - 1 - drawn) for drawn in draws))
    return met / count if count else 0.0


def _finding(code: str, rows: Iterable[int] = (), *, count: int | None = None, **values: object) -> Iterator[Finding]:
    """A finding unless it is about nothing."""
    places = sorted(set(rows))
    count = len(places) if count is None else count
    severity, template = FINDINGS[code]
    if count:
        yield Finding(code, severity, count, template, {"count": count, **values}, tuple(places[:SHOWN_ROWS]))


def _repetitions(data: Dataset, facts: Sequence[tuple[Fact, ...]]) -> Iterator[Finding]:
    """Duplicates, contradictions and matches of a text with itself."""
    seen: set[tuple[Fact, ...]] = set()
    repeated, identical = [], []
    said: dict[tuple[str, ...], set[object]] = defaultdict(set)
    for row, of_row in enumerate(facts):
        if of_row in seen:
            repeated.append(row)
        seen.add(of_row)
        for texts, value in of_row:
            said[texts].add(value)
            if data.judges_matches and texts[0] == texts[1]:
                said[texts].add(1)  # a text matches itself, whatever the rows say
                identical += [row] * (value == 1)
    yield from _finding("duplicates", repeated)
    yield from _finding("identical", identical)
    yield from _finding(
        "contradictions", (row for row, of_row in enumerate(facts) for texts, _value in of_row if len(said[texts]) > 1)
    )


def _labels(data: Dataset) -> Iterator[Finding]:
    """Too few labels, classes of one text, uneven classes."""
    column = data.target()
    if column is None:
        return
    labels, has_classes = getattr(data, column), data.cell_types[column] is CLASS
    sizes = Counter(labels)
    if len(sizes) == 1:
        code = "one_class" if has_classes else "one_label"
        yield from _finding(code, count=len(data), column=column, value=next(iter(sizes)))
    elif has_classes or data.judges_matches:
        (largest, most), (smallest, fewest) = sizes.most_common()[0], sizes.most_common()[-1]
        if most > _STRONG_IMBALANCE * fewest:
            rows = (row for row, label in enumerate(labels) if label == smallest)
            yield from _finding("imbalance", rows, largest=largest, most=most, smallest=smallest, fewest=fewest)
    if data.text_classes is not None:
        yield from _classes(texts_of(data), data.text_classes)


def _classes(texts: Sequence[str], classes: Sequence[str]) -> Iterator[Finding]:
    """Classes of a single text, and classes whose names look alike."""
    texts_in: dict[str, set[str]] = defaultdict(set)
    for text, label in zip(texts, classes, strict=True):
        texts_in[label].add(normalised(text))
    alone = [label for label, members in texts_in.items() if len(members) == 1]
    rows = (row for row, label in enumerate(classes) if len(texts_in[label]) == 1)
    yield from _finding("alone", rows, count=len(alone), classes=", ".join(alone)[:200])
    names: dict[str, list[str]] = defaultdict(list)
    for label in texts_in:
        names[normalised(label)].append(label)
    alike = [label for labels in names.values() if len(labels) > 1 for label in labels]
    yield from _finding("alike_classes", count=len(alike), classes=", ".join(map(repr, alike))[:200])


def _line_breaks(data: Dataset) -> Iterator[Finding]:
    texts = texts_of(data)
    yield from _finding(
        "line_breaks", (position % len(data) for position, text in enumerate(texts) if has_several_lines(text))
    )


def _in_batch(data: Dataset, batch_size: int) -> Iterator[Finding]:
    """What a loss with in-batch negatives would take for a negative although it is none."""
    classes = data.text_classes
    if classes is not None:
        sizes = Counter(classes)
        rows: Iterable[int] = (row for row, label in enumerate(classes) if sizes[label] > 1)
        share = meeting_chance(classes, batch_size)
        yield from _finding("same_class_negatives", rows, batch_size=batch_size, share=share)
    elif matches := (data.positive_pairs()[:, 0] % len(data)).tolist():
        columns = text_columns(data)[:2]  # of triplets: the negative is no match
        groups = groups_of_shared_texts([[column[row] for row in matches] for column in columns]).tolist()
        sizes_of_groups = Counter(groups)
        rows = [row for row, group in zip(matches, groups, strict=True) if sizes_of_groups[group] > 1]
        expected = min(batch_size, len(matches)) * meeting_chance(groups, batch_size)
        share = len(rows) / len(matches)
        yield from _finding("known_matches", rows, batch_size=batch_size, share=share, expected=expected)


def _leakage(data: Dataset, dev: Dataset) -> Iterator[Finding]:
    trained = {normalised(text) for text in texts_of(data)}
    yield from _finding(
        "leakage",
        (row % len(dev) for row, text in enumerate(texts_of(dev)) if normalised(text) in trained),
    )


def _of_the_model(data: Dataset, check: TextCheck) -> Iterator[Finding]:
    yield from _finding("truncated", (position % len(data) for position in check.truncated))
    yield from _finding("unreadable", (position % len(data) for position in check.unreadable))
