"""A list of frequently asked questions: entries of a question and its answer, and what people type to find one.

It is no kind of data (`kinds.Answers` has right and wrong answers to learn from): each entry answers its own question.
What people ask, with the entry that answers it or none, says how well a model finds answers, and from which similarity
on it should give one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from simcse_core.data.bundled import FOLDER, ending
from simcse_core.data.cells import cell_text
from simcse_core.data.columns import SYNONYMS, Sample, columns_text, renamed
from simcse_core.data.files import File
from simcse_core.data.kinds import Answers, normalised
from simcse_core.data.piped import is_piped, local
from simcse_core.data.readers import content_of, data_from_table
from simcse_core.data.tables import Table
from simcse_core.errors import DataError
from simcse_core.limits import limits

QUESTION, ANSWER, LABEL = "question", "answer", "label"


@dataclass(frozen=True)
class Entry:
    """One question with the answer to it."""

    question: str
    answer: str


@dataclass(frozen=True)
class Asked:
    """What somebody typed, and which entry answers it."""

    question: str
    entry: int | None
    """Its position, from 0; None where no entry does. Others with the same answer answer it too (`same_answer`)."""
    is_near: bool = True
    """Of a question without an answer: whether it is about what the entries are about."""


@dataclass(frozen=True)
class Faq:
    """Entries, and questions that people asked.

    Raises:
        DataError: there are no entries, or something asked names one that does not exist.
    """

    name: str
    """Of the file or the bundled list, for messages."""
    entries: tuple[Entry, ...]
    asked: tuple[Asked, ...] = ()
    title: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        if not self.entries:
            raise DataError("{file} has no questions with answers. Write at least one.", file=self.name)
        for one in self.asked:
            if one.entry is not None and not 0 <= one.entry < len(self.entries):
                raise DataError(
                    "{file}: the question {given!r} names entry {entry}, but there are {count} (0 to {last}).",
                    file=self.name,
                    given=one.question[:60],
                    entry=one.entry,
                    count=len(self.entries),
                    last=len(self.entries) - 1,
                )

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def questions(self) -> tuple[str, ...]:
        """Of the entries, in their order."""
        return tuple(entry.question for entry in self.entries)

    @property
    def answers(self) -> tuple[str, ...]:
        """Of the entries, in their order."""
        return tuple(entry.answer for entry in self.entries)

    @property
    def same_answer(self) -> tuple[int, ...]:
        """Of each entry, the position of the first one with the same answer: a question gets it from any of them."""
        first: dict[str, int] = {}
        answers = map(normalised, self.answers)
        return tuple(first.setdefault(answer, position) for position, answer in enumerate(answers))

    def right_entries(self, entry: int | None) -> frozenset[int]:
        """The positions of all that have the answer of this one; none for None."""
        same = self.same_answer
        return frozenset(
            position for position in range(len(self)) if entry is not None and same[position] == same[entry]
        )


def bundled_names() -> list[str]:
    """The names of the bundled lists."""
    return sorted(path.stem for path in FOLDER.glob("faq-*.json"))


@cache
def bundled_faq(language: str = "en") -> Faq:
    """The bundled list in a language ("en", "zh_CN"); in English where there is none in it."""
    name = f"faq-{ending(language)}"
    name = name if name in bundled_names() else "faq-en"
    stored = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    entries = stored["entries"]
    answered = [Asked(text, position) for position, entry in enumerate(entries) for text in entry["asked"]]
    unanswered = [
        Asked(text, None, is_near=how == "near") for how in ("near", "far") for text in stored["unanswered"][how]
    ]
    return Faq(
        name,
        tuple(Entry(entry["question"], entry["answer"]) for entry in entries),
        (*answered, *unanswered),
        stored["title"],
        stored["about"],
    )


def open_faq(source: Any, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = "") -> Faq:
    """A list of questions and answers from whatever holds one.

    Args:
        source: the name of a bundled list (`bundled_names`), a file, a table with the columns question and answer (a
            DataFrame, or a mapping of names to columns), pairs of question and answer, or `kinds.Answers`.
        columns: of a file or a table, ours -> its own names: {"question": "Q"}.
        encoding: of a file, as for `read_data`.
        sheet: of a workbook, as for `read_data`.

    Raises:
        DataError: it is none of them, is empty, or a cell is no text.
    """
    if isinstance(source, Faq):
        return source
    if isinstance(source, Answers):
        return _of_labelled(source.name, zip(source.question, source.answer, source.label, strict=True))
    if isinstance(source, str) and source in bundled_names():
        return bundled_faq(source.removeprefix("faq-"))
    if isinstance(source, str | Path):
        return read_faq(source, columns, encoding=encoding, sheet=sheet)
    return faq_from_table(_table_of(source), "the list", columns)


def read_faq(path: Path | str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = "") -> Faq:
    """A list from a table with the columns question and answer. Arguments and errors as for `readers.read_data`.

    With a column label (1 right, 0 wrong) only right answers are entries, and questions that have none are kept as
    asked without an answer.
    """
    if not Path(path).suffix and not is_piped(path) and not Path(path).exists():
        raise DataError(
            "There is no file {file}, and no bundled list of that name ({choices}).",
            file=path,
            choices=", ".join(bundled_names()),
        )
    file = local(path, (QUESTION, ANSWER, *(columns or {}).values()))
    return faq_from_bytes(content_of(file), file.name, columns, encoding=encoding, sheet=sheet)


def faq_from_bytes(
    content: bytes, name: str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = ""
) -> Faq:
    """As `read_faq`, for the content of an uploaded file."""
    file = File(name, content, encoding, sheet)
    if not file.is_table:
        raise DataError(
            "{file} is a text file. A list of questions and answers is a table with the columns question and answer, "
            "such as a .csv file.",
            file=name,
        )
    if file.holds_texts():
        raise DataError(
            "{file} holds texts without answers. Write objects with a question and an answer each.", file=name
        )
    return faq_from_table(file.table(), file.called, columns)


def faq_from_table(table: Table, name: str, columns: Mapping[str, str] | None = None) -> Faq:
    """As `read_faq`, for a table that is open; `name` is what messages call it."""
    rows = _rows(table, name)
    named = Table(renamed(table.columns, columns or {}, name), rows)
    _check_columns(named, name)
    places = [named.place(column, name) for column in (QUESTION, ANSWER)]
    texts = [
        tuple(
            cell_text(cells[place], row, column, name) for place, column in zip(places, (QUESTION, ANSWER), strict=True)
        )
        for row, cells in rows
    ]
    if not named.has(LABEL):
        return Faq(name, tuple(Entry(question, answer) for question, answer in texts))
    labels = _labels(named, name)
    return _of_labelled(
        name, ((question, answer, label) for (question, answer), label in zip(texts, labels, strict=True))
    )


def asked_from_table(table: Table, faq: Faq, name: str, columns: Mapping[str, str] | None = None) -> tuple[Asked, ...]:
    """Questions that people asked, from a table with the columns question and answer.

    Args:
        table: an answer is that of an entry, or its question; an empty cell says that no entry answers.
        faq: with the entries.
        name: what messages call the table.
        columns: ours -> its own names.

    Raises:
        DataError: the table has no rows or lacks a column, or an answer is none of the entries'.
    """
    rows = _rows(table, name)
    named = Table(renamed(table.columns, columns or {}, name), rows)
    _check_columns(named, name)
    question, answer = (named.place(column, name) for column in (QUESTION, ANSWER))
    positions: dict[str, int] = {}
    for texts in (faq.answers, faq.questions):  # a question says more exactly which entry is meant
        positions.update({normalised(text): position for position, text in reversed(list(enumerate(texts)))})
    return tuple(
        Asked(cell_text(cells[question], row, QUESTION, name), _entry(cells[answer], row, positions, faq, name))
        for row, cells in rows
    )


def asked_from_source(source: Any, faq: Faq) -> tuple[Asked, ...]:
    """Questions that people asked, from whatever holds them.

    Args:
        source: `Asked`, pairs of a question and the position of its entry (None where none answers), a file, or a table
            with the columns question and answer.
        faq: with the entries.

    Raises:
        DataError: it is none of them, or names an entry that does not exist.
    """
    if isinstance(source, str | Path):
        return read_asked(source, faq)
    if isinstance(source, Mapping) or hasattr(source, "columns"):
        return asked_from_table(_table_of(source), faq, "the table")
    asked = tuple(one if isinstance(one, Asked) else _asked(one, number) for number, one in enumerate(source, 1))
    return Faq(faq.name, faq.entries, asked).asked


def _asked(pair: Any, number: int) -> Asked:
    question, entry = _pair(pair, number)
    is_place = entry is None or (isinstance(entry, int) and not isinstance(entry, bool))
    if not isinstance(question, str) or not is_place:
        raise DataError(
            "Question {number} is {given}: a text and the position of an entry (or None) belong there.",
            number=number,
            given=repr(pair)[:60],
        )
    return Asked(question, entry)


def read_asked(
    path: Path | str, faq: Faq, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = ""
) -> tuple[Asked, ...]:
    """As `asked_from_table`, from a file."""
    read = local(path, (QUESTION, ANSWER, *(columns or {}).values()))
    file = File(read.name, content_of(read), encoding, sheet)
    if not file.is_table:
        raise DataError(
            "{file} is a text file. What people asked is a table with the columns question and answer; an empty "
            "answer says that there is none.",
            file=file.name,
        )
    return asked_from_table(file.table(), faq, file.called, columns)


def _entry(cell: object, row: int, positions: Mapping[str, int], faq: Faq, name: str) -> int | None:
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return None
    text = cell_text(cell, row, ANSWER, name)
    if (position := positions.get(normalised(text))) is None:
        raise DataError(
            "{file}, row {row}: the answer {given!r} is none of {faq}. Copy an answer or a question of it, or leave "
            "the cell empty where nothing answers.",
            file=name,
            row=row,
            given=text[:60],
            faq=faq.name,
        )
    return position


def _rows(table: Table, name: str) -> list[tuple[int, list[Any]]]:
    most = limits().max_table_rows
    rows = []
    for row in table.rows:
        rows.append(row)
        if len(rows) > most:
            raise DataError(
                "{file} has more than {most:,} rows, which is the limit (SIMCSE_MAX_TABLE_ROWS). Take a part of them.",
                file=name,
                most=most,
            )
    if not rows:
        raise DataError("{file} has no rows: write at least one question with its answer.", file=name)
    return rows


def _check_columns(table: Table, name: str) -> None:
    if all(table.has(column) for column in (QUESTION, ANSWER)):
        return
    names = {normalised(column): column for column in table.columns}
    guess = {
        ours: names[word]
        for ours in (QUESTION, ANSWER)
        for word in reversed((ours, *SYNONYMS[ours], *_MORE_NAMES[ours]))
        if word in names
    }
    values = {"file": name, "given": ", ".join(table.columns)[:200]}
    if len(guess) == 2 and guess[QUESTION] != guess[ANSWER]:
        mapping = columns_text({ours: theirs for ours, theirs in guess.items() if ours != normalised(theirs)})
        raise DataError(
            "{file} has the columns {given}. Name two of them question and answer, or map them: {mapping}.",
            mapping=mapping,
            **values,
        )
    sample = Sample.of(table.columns, table.rows)
    raise DataError(
        "{file} has the columns {given}. A list of questions and answers has the columns question and answer: name "
        "them so in the first row. Its first rows: {rows}",
        rows=sample.in_words(),
        **values,
    )


_MORE_NAMES = {QUESTION: ("q", "title", "标题"), ANSWER: ("a", "text", "content", "回答", "内容")}


def _labels(table: Table, name: str) -> list[int]:
    labelled = data_from_table(table, name)  # which checks them as those of data are checked
    if not isinstance(labelled, Answers):
        raise DataError("{file}: the column label has to hold 1 (right) or 0 (wrong).", file=name)
    return list(labelled.label)


def _of_labelled(name: str, rows: Iterable[tuple[str, str, int]]) -> Faq:
    rows = list(rows)
    entries = tuple(dict.fromkeys(Entry(question, answer) for question, answer, label in rows if label == 1))
    if not entries:
        raise DataError("{file} has no right answer: each row has the label 0.", file=name)
    answered = {normalised(entry.question) for entry in entries}
    without = dict.fromkeys(question for question, _answer, _label in rows if normalised(question) not in answered)
    return Faq(name, entries, tuple(Asked(question, None) for question in without))


def _table_of(source: Any) -> Table:
    """A DataFrame, a mapping of columns, or pairs, as a table."""
    if hasattr(source, "columns") and hasattr(source, "itertuples"):
        rows = source.itertuples(index=False, name=None)
        return Table([str(column) for column in source.columns], [(n, list(row)) for n, row in enumerate(rows, 1)])
    if isinstance(source, Mapping):
        columns = [list(column) for column in source.values()]
        if len({len(column) for column in columns}) > 1:
            raise DataError("The columns of the list differ in length: every question needs an answer.")
        return Table(list(map(str, source)), [(n, list(row)) for n, row in enumerate(zip(*columns, strict=True), 1)])
    if isinstance(source, str | bytes) or not isinstance(source, Sequence):
        raise DataError(
            "{given} is no list of questions and answers. Give a file, a table with the columns question and answer, "
            "or pairs of texts.",
            given=type(source).__name__,
        )
    pairs = [_pair(pair, number) for number, pair in enumerate(source, 1)]
    return Table([QUESTION, ANSWER], [(number, pair) for number, pair in enumerate(pairs, 1)])


def _pair(pair: Any, number: int) -> list[Any]:
    if isinstance(pair, Entry):
        return [pair.question, pair.answer]
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise DataError(
            "Entry {number} is {given}: a question and its answer belong there, as a pair of texts.",
            number=number,
            given=repr(pair)[:60],
        )
    return list(pair)
