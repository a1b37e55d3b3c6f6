"""Which column of a file is which column of a data set: what a user says, and what the names suggest."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO

from simcse_core.data.kinds import KINDS
from simcse_core.errors import DataError, OptionError

SYNONYMS: dict[str, tuple[str, ...]] = {
    "text": ("sentence", "utterance", "message", "content", "review", "文本", "内容", "句子"),
    "label": ("intent", "category", "class", "sentiment", "match", "is_duplicate", "标签", "类别"),
    "sentence1": ("s1", "question1", "text1", "sent1", "sent_a", "sentence_a", "premise", "a", "句子1", "文本1"),
    "sentence2": ("s2", "question2", "text2", "sent2", "sent_b", "sentence_b", "hypothesis", "b", "句子2", "文本2"),
    "score": ("similarity", "sim", "rating", "得分", "分数", "相似度"),
    "anchor": ("query",),
    "positive": ("pos",),
    "negative": ("neg", "hard_negative"),
    "question": ("query", "问题"),
    "answer": ("passage", "response", "答案"),
}
"""Every column a data set can have, and what else files call it; in lower case."""


def parse_columns(given: str) -> dict[str, str]:
    """The mapping in `text=utterance, label=intent`: ours on the left, the file's on the right.

    A name with a comma is written as in a CSV file: `"text=what, in words",label=intent`.

    Raises:
        OptionError: it is written in another way.
    """
    parts = next(csv.reader([given], skipinitialspace=True), []) or [""]
    pairs = [part.partition("=") for part in parts]
    columns = {ours.strip(): theirs.strip() for ours, _sign, theirs in pairs}
    if len(columns) < len(pairs) or not all((*columns, *columns.values())):
        raise OptionError(
            "{given!r} does not say which column is which. Write for example text=utterance,label=intent: "
            "each column once, its name in the file on the right.",
            given=given,
        )
    return columns


def columns_text(columns: Mapping[str, str]) -> str:
    """The mapping as `parse_columns` reads it."""
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(f"{ours}={theirs}" for ours, theirs in columns.items())
    return text.getvalue()


def guess_columns(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the names of a file's columns suggest: a proposal to show, nothing to rely on.

    Args:
        names: of the file's columns, in any case.

    Returns:
        For each kind of data, which of its columns is which of the file's; columns that no name suggests are left out.
    """
    there = {name.strip().lower(): name for name in names}
    guesses: dict[str, dict[str, str]] = {name: {} for name in KINDS}
    for name, guess in guesses.items():
        for ours in KINDS[name].columns:
            for word in (ours, *SYNONYMS[ours]):
                if word in there and there[word] not in guess.values():
                    guess[ours] = there[word]
                    break
    return guesses


def proposal(names: Sequence[str]) -> str:
    """As for `parse_columns`: the first kind whose columns the names suggest, but for those that need no mapping."""
    for kind, guess in guess_columns(names).items():
        if len(guess) == len(KINDS[kind].columns):
            return ", ".join(f"{ours}={theirs}" for ours, theirs in guess.items() if ours != theirs)
    return ""


def renamed(names: Sequence[str], columns: Mapping[str, str], file: str) -> list[str]:
    """The names of a file's columns with a mapping applied; a column whose name went to another one has none.

    Args:
        names: of the file's columns, in lower case.
        columns: ours -> the file's, in any case.
        file: for messages.

    Raises:
        OptionError: no data has a column of this name.
        DataError: the file has no such column, or one is to be two of ours.
    """
    ours_of: dict[str, str] = {}
    for ours, theirs in ((ours.strip().lower(), theirs.strip().lower()) for ours, theirs in columns.items()):
        if ours not in SYNONYMS:
            raise OptionError(
                "No data has a column {given!r}. Say which column of the file is one of: {choices}.",
                given=ours,
                choices=", ".join(SYNONYMS),
            )
        if theirs not in names:
            raise DataError(
                "{file} has no column {given!r}: its columns are {columns}.",
                file=file,
                given=theirs,
                columns=", ".join(names)[:200],
            )
        if theirs in ours_of:
            raise DataError(
                "The column {given!r} of {file} cannot be {first} and {second}.",
                file=file,
                given=theirs,
                first=ours_of[theirs],
                second=ours,
            )
        ours_of[theirs] = ours
    taken = set(ours_of.values())
    return [ours_of.get(name, "" if name in taken else name) for name in names]
