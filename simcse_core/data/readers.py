"""Files to texts and data sets. Every complaint names the file, the row and what would be right."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any, TypeVar

from simcse_core.data.cells import (
    MATCH_WORDS,
    AmbiguousNumberError,
    MixedNumberError,
    cell_text,
    cell_texts,
    is_blank,
    match_or_none,
    matches,
    numbers,
)
from simcse_core.data.columns import MATCHING_TEXTS, SAID_OTHERWISE, Sample, renamed
from simcse_core.data.files import TEXT as TEXT_NAME
from simcse_core.data.files import File, check_file
from simcse_core.data.guessing import proposal
from simcse_core.data.kinds import KINDS, Dataset, Pairs, Texts
from simcse_core.data.kinds.cell_types import CLASS, MATCH, SCORE, TEXT, CellType
from simcse_core.data.piped import Local, local
from simcse_core.data.tables import Table
from simcse_core.errors import DataError
from simcse_core.limits import limits

T = TypeVar("T")


def read_texts(path: Path | str, *, encoding: str = "", sheet: str = "") -> list[str]:
    """The texts of a text file, or the column `text` of a table; nothing else in the table is looked at.

    Args:
        path: of the file; it may be packed (`pairs.csv.gz`), a pipe, or "-" for standard input (`piped.local`).
        encoding: as a user says; "" leaves it to the bytes.
        sheet: of a workbook, by name or number from 1; "" for the first.

    Raises:
        DataError: the file does not exist, is too large, is no text, or a table without the column.
        OptionError: there is no such encoding or sheet.
    """
    file = local(path)
    return list(texts_from_bytes(content_of(file), file.name, encoding=encoding, sheet=sheet))


def texts_from_bytes(
    content: bytes, name: str, *, encoding: str = "", sheet: str = "", column: str = TEXT_NAME
) -> tuple[str, ...]:
    """As `read_texts`, for the content of an uploaded file; `column` is the one that holds the texts of a table."""
    file = File(name, content, encoding, sheet)
    return tuple(_not_too_many(file.texts(column=column), name) if file.is_table else file.texts())


def read_data(
    path: Path | str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = ""
) -> Dataset:
    """A data set from a table or a text file; its kind is recognised by its columns.

    Anchors with their positives, or questions with their answers, without a label are pairs that all match.

    Args:
        path: of the file, as for `read_texts`.
        columns: where names differ, our column -> the file's: {"text": "utterance", "label": "intent"}.
        encoding: as a user says; "" leaves it to the bytes.
        sheet: of a workbook, by name or number from 1; "" for the first.

    Raises:
        DataError: the file does not exist, is too large, is no table, lacks a column, or a cell does not fit.
        OptionError: no kind of data has a column that is to be mapped; there is no such encoding or sheet.
    """
    file = local(path, (columns or {}).values())
    return data_from_bytes(content_of(file), file.name, columns, encoding=encoding, sheet=sheet)


def data_from_bytes(
    content: bytes, name: str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = ""
) -> Dataset:
    """As `read_data`, for the content of an uploaded file."""
    file = File(name, content, encoding, sheet)
    if not file.is_table:
        if columns:
            raise DataError("{file} is a text file: it has no columns to choose from.", file=name)
        return Texts(name, tuple(file.texts()))
    if file.holds_texts():
        return Texts(name, tuple(_not_too_many(file.texts(), name)))
    return data_from_table(file.table(), file.called, columns)


def data_from_table(table: Table, name: str, columns: Mapping[str, str] | None = None) -> Dataset:
    """As `read_data`, for a table that is open; `name` is what messages call it."""
    rows = _not_too_many(table.rows, name)
    named = Table(renamed(table.columns, columns or {}, name), rows, classes=table.classes)
    mapped = {column.strip().lower() for column in columns or {}}
    for kind in KINDS.values():
        if mapped <= set(kind.columns) and all(named.has(column) for column in kind.columns):
            return _from_table(kind, _approved(named, name) if kind.heeds_approval else named, name)
    if (matches := _matches_only(named, mapped)) is not None:
        first, second = (_column(TEXT, column, named.place(column, name), named, name) for column in matches)
        return Pairs(name, tuple(first), tuple(second), (1,) * len(first))
    raise _no_kind(Sample.of(table.columns, rows), mapped, name)


MATCHES = (MATCHING_TEXTS, ("question", "answer"))
"""Columns that match by their names, so that no label is needed: two texts that belong together."""


def _matches_only(table: Table, mapped: Collection[str]) -> tuple[str, str] | None:
    """The two columns of a table that holds matches and nothing else, which is read as pairs with the label 1."""
    if any(table.has(column) for column in SAID_OTHERWISE):
        return None
    return next(
        (pair for pair in MATCHES if set(mapped) <= set(pair) and all(table.has(column) for column in pair)), None
    )


APPROVED = "approved"
"""The column in which a person says which rows count."""


def _approved(table: Table, name: str) -> Table:
    """The rows that nobody has refused; all of them where there is no such column."""
    if not table.has(APPROVED):
        return table
    place = table.place(APPROVED, name)
    rows = [(row, cells) for row, cells in table.rows if _is_approved(cells[place], row, name)]
    if not rows:
        raise DataError("In {file} no row is approved: the column 'approved' says no in all of them.", file=name)
    return Table(table.columns, rows, classes=table.classes)


def _is_approved(cell: object, row: int, name: str) -> bool:
    """Whether a row counts: an empty cell is no refusal."""
    if cell is None or cell != cell or is_blank(str(cell)):
        return True
    try:
        return match_or_none(cell_text(cell, row, APPROVED, name)) == 1
    except ValueError:
        raise DataError(
            "{file}, row {row}: approved {given!r} is neither yes nor no.", file=name, row=row, given=str(cell)[:60]
        ) from None


def table_sample(content: bytes, name: str, *, encoding: str = "", sheet: str = "") -> Sample:
    """The columns of a table and its first rows, to choose from where names are not ours; a text file has none.

    Raises:
        DataError: the table cannot be read.
        OptionError: there is no such encoding or sheet.
    """
    file = File(name, content, encoding, sheet)
    if not file.is_table:
        return Sample([], [])
    if file.holds_texts():
        return Sample(["text"], [])
    table = file.table(most=Sample.ROWS_SEEN)
    return Sample.of(table.columns, table.rows)


def _no_kind(sample: Sample, mapped: Iterable[str], name: str) -> DataError:
    values = {
        "file": name,
        "given": ", ".join(sample.columns)[:200],
        "accepted": "; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
        "rows": sample.in_words(),
    }
    if sample.is_headless():
        return DataError(
            "{file} has no names of columns: its first row seems to be data ({given}). Put a row of names above it: "
            "{accepted}.",
            **values,
        )
    if mapped:
        return DataError(
            "{file} has the columns {given}: with {mapped} mapped they make no data. Complete one of: {accepted}. "
            "Its first rows: {rows}",
            mapped=", ".join(sorted(mapped)),
            **values,
        )
    if mapping := proposal(sample):
        return DataError(
            "{file} has the columns {given}. Name them in the first row as one of: {accepted}; or map them: {mapping}. "
            "Its first rows: {rows}",
            mapping=mapping,
            **values,
        )
    return DataError(
        "{file} has the columns {given}. Name them in the first row as one of: {accepted}. Its first rows: {rows}",
        **values,
    )


def content_of(file: Local) -> bytes:
    """All that a file holds.

    Raises:
        DataError: there is none, or it is larger than the limit.
    """
    check_file(file.path)
    megabytes = file.path.stat().st_size / 1e6
    if megabytes > limits().max_file_megabytes:
        raise DataError(
            "{file} has {given:.0f} MB: the limit is {most} MB (SIMCSE_MAX_FILE_MEGABYTES).",
            file=file.name,
            given=megabytes,
            most=limits().max_file_megabytes,
        )
    return file.path.read_bytes()


def _not_too_many(rows: Iterable[T], name: str) -> list[T]:
    most = limits().max_table_rows
    read = list(islice(rows, most + 1))
    if not read:
        raise DataError("{file} has no rows.", file=name)
    if len(read) > most:
        raise DataError(
            "{file} has more than {most:,} rows, which is the limit (SIMCSE_MAX_TABLE_ROWS). Take a sample of them.",
            file=name,
            most=most,
        )
    return read


def _from_table(kind: type[Dataset], table: Table, name: str) -> Dataset:
    places = {column: table.place(column, name) for column in kind.columns}
    if any(cell_type.takes_lists for cell_type in kind.cell_types.values()):
        return kind.of(name, list(zip(*_not_too_many(_unfolded(kind, table, places, name), name), strict=True)))
    return kind.of(
        name, [_column(kind.cell_types[column], column, places[column], table, name) for column in kind.columns]
    )


def _unfolded(kind: type[Dataset], table: Table, places: Mapping[str, int], name: str) -> Iterator[tuple[str, ...]]:
    """Rows whose cells may hold lists of texts: one row for each text of one list with each of the others."""
    for row, cells in table.rows:
        yield from product(
            *(
                cell_texts(cells[places[column]], row, column, name)
                if kind.cell_types[column].takes_lists
                else [cell_text(cells[places[column]], row, column, name)]
                for column in kind.columns
            )
        )


def _column(cell_type: CellType, column: str, place: int, table: Table, name: str) -> list[Any]:
    texts = [cell_text(cells[place], row, column, name) for row, cells in table.rows]
    values, wanted = _values(cell_type, texts, table.classes.get(place))
    read: list[Any] = []
    try:
        read.extend(values)
    except ValueError as error:  # what came before it is there
        row, _cells = list(table.rows)[len(read)]
        where = {"file": name, "row": row, "column": column, "given": texts[len(read)][:60]}
        raise _no_value(error, wanted, where) from None
    return read


def _no_value(error: ValueError, wanted: str, where: Mapping[str, object]) -> DataError:
    """What is wrong with a cell."""
    if isinstance(error, AmbiguousNumberError):
        return DataError(
            "{file}, row {row}: the comma of {column} {given!r} may stand before decimals or thousands. Write a "
            "decimal point.",
            **where,
        )
    if isinstance(error, MixedNumberError):
        return DataError(
            "{file}, row {row}: {column} {given!r} has a decimal point, others in the column a comma. Write all with a "
            "point.",
            **where,
        )
    return DataError(
        "{file}, row {row}: {column} {given!r} is not {wanted}. Leave the row out or correct it.",
        wanted=wanted,
        **where,
    )


def _values(cell_type: CellType, texts: Sequence[str], classes: Sequence[str] | None) -> tuple[Iterator[Any], str]:
    """What a column's cells say, and what each has to be; taking them raises ValueError at one that is not."""
    if cell_type is CLASS and classes:
        names = {str(place): name for place, name in enumerate(classes)}
        return (_named(text, names) for text in texts), f"the number of a class, 0 to {len(classes) - 1}"
    if cell_type is SCORE:
        return numbers(texts), "a number, such as 3.5"
    if cell_type is MATCH:
        if classes:
            return _matches(texts, classes)
        return matches(texts), "0 or 1 (or true, false, yes, no; or all of them 1 and -1)"
    return iter(texts), ""


_MEANING = {
    **MATCH_WORDS,
    **dict.fromkeys(("same", "duplicate", "equivalent", "paraphrase", "similar", "match", "entailment"), 1),
    **dict.fromkeys(("relevant", "correct", "right"), 1),
    **dict.fromkeys(("different", "distinct", "dissimilar", "mismatch", "irrelevant", "incorrect", "wrong"), 0),
}
"""What files call the classes of pairs and answers."""


def _matches(texts: Sequence[str], classes: Sequence[str]) -> tuple[Iterator[int], str]:
    """Labels of pairs that stand as numbers of classes, whose names say which is the match."""
    names = [name.strip().casefold() for name in classes]
    negated = [name.startswith(("not_", "not ", "non_", "non-", "no_", "un")) for name in names]
    meaning: dict[str, int] = {}
    if all(name in _MEANING for name in names):
        meaning = {str(place): _MEANING[name] for place, name in enumerate(names)}
    elif len(names) == 2 and sum(negated) == 1:  # entailment, not_entailment: 0 is the match there
        meaning = {str(place): int(not is_negated) for place, is_negated in enumerate(negated)}
    told = ", ".join(f"{place} {name}" for place, name in enumerate(classes))
    wanted = f"known to be a match or none: the file calls its classes {told[:120]}. Write 1 for a match and 0 for none"
    return (_named_match(text, meaning) for text in texts), wanted


def _named_match(place: str, meaning: Mapping[str, int]) -> int:
    if place not in meaning:
        raise ValueError(place)
    return meaning[place]


def _named(place: str, names: Mapping[str, str]) -> str:
    if place not in names:
        raise ValueError(place)
    return names[place]
