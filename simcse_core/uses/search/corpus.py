"""What is searched: texts of any source, with the other columns of their table, which a search can filter by."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.data.cells import Unreadable, cell_text, clean
from simcse_core.data.columns import renamed
from simcse_core.data.files import TEXT, File, check_file
from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.data.opening import source_of
from simcse_core.data.piped import local
from simcse_core.data.tables import Table, json_records
from simcse_core.encoding.texts import each
from simcse_core.errors import DataError, InputError
from simcse_core.limits import check_length, limits

if TYPE_CHECKING:
    from pandas import DataFrame

Row = tuple[str, tuple[str, ...]]
"""A text, and what stands in the other columns beside it."""


@dataclass(frozen=True)
class Corpus:
    """Texts with the other columns of their table. It can be gone through several times."""

    name: str
    """For messages."""
    columns: tuple[str, ...]
    """The other columns."""
    open_rows: Callable[[], Iterator[Row]]
    counted: list[int] = field(default_factory=list, compare=False)
    """How many rows there are, once somebody has gone through all of them."""

    def __iter__(self) -> Iterator[Row]:
        """The rows, as they come from their source.

        Raises:
            DataError: a row cannot be used; or there are none.
            InputError: a text is longer than allowed, or there are too many.
        """
        most, longest = limits().max_index_texts, limits().max_text_characters
        number = 0
        for number, row in enumerate(self.open_rows(), 1):
            if number > most:
                raise too_many(self.name, most)
            check_length(row[0], number, longest)
            yield row
        if not number:
            raise empty(self.name)
        self.counted[:] = [number]

    def texts(self) -> Iterator[str]:
        """The texts alone; errors as for the rows."""
        return (text for text, _others in self)

    def count_rows(self) -> int:
        """How many there are; going through all of them shows what is wrong with one before hours of work."""
        return self.counted[0] if self.counted else sum(1 for _row in self)

    def with_columns(self, columns: Sequence[str]) -> "Corpus":
        """The same texts, with these other columns and in this order.

        Raises:
            DataError: there is no such column.
        """
        for column in columns:
            if column not in self.columns:
                raise DataError(
                    "{corpus} has no column {given!r}, which the index has beside its texts.",
                    corpus=self.name,
                    given=column,
                )
        places = [self.columns.index(column) for column in columns]
        return Corpus(
            self.name,
            tuple(columns),
            lambda: ((text, tuple(others[place] for place in places)) for text, others in self.open_rows()),
        )


def empty(name: str) -> InputError:
    """What to say of a corpus without texts."""
    return InputError("{corpus} is empty: a search needs at least one text.", corpus=name)


def too_many(name: str, most: int) -> InputError:
    """What to say of a corpus that is too large."""
    return InputError(
        "{corpus} has more than {most:,} texts, which is the limit (SIMCSE_MAX_INDEX_TEXTS).", corpus=name, most=most
    )


def open_corpus(
    source: "Corpus | Dataset | DataFrame | File | Iterable[str] | str | Path",
    columns: Mapping[str, str] | None = None,
    *,
    encoding: str = "",
    sheet: str = "",
) -> Corpus:
    """Texts of any source.

    Args:
        source: a list of texts, or another column of texts; a data set; a DataFrame; a text file or a table, or
            the path of one, packed or not; "-" for standard input; the name of bundled data. Of a table the column
            `text` is searched and the others can be filtered by. Of a data set with several columns of texts, such as
            pairs, each different text is taken once.
        columns: of a table, where the names differ: {"text": "utterance"}.
        encoding: of a file, as for `read_texts`.
        sheet: of a workbook, likewise.

    Raises:
        DataError: there is no such file, it cannot be read, or it has no column of this name.
        InputError: it is nothing of all this, or an element of a list is no text.
    """
    if isinstance(source, Corpus):
        return source
    if isinstance(source, str | Path):
        return _named(source, columns, encoding, sheet)
    if isinstance(source, File):
        return _of_file(source, columns)
    if isinstance(source, Dataset):
        return _of_dataset(source)
    if hasattr(source, "columns") and hasattr(source, "itertuples"):
        return _of_frame(source, columns)
    return _of_list(source)


def _of_list(texts: Iterable[str]) -> Corpus:
    name = "The corpus"
    rows = [(cell_text(text, number, TEXT, name), ()) for number, text in enumerate(each(texts), 1)]
    return Corpus(name, (), lambda: iter(rows))


def _of_dataset(data: Dataset) -> Corpus:
    target = data.target()
    if len(data.text_names()) == 1 and target is not None:
        labels: Sequence[object] = getattr(data, target)
        rows = [(text, (as_text(label),)) for text, label in zip(texts_of(data), labels, strict=True)]
        return Corpus(data.name, (target,), lambda: iter(rows))
    texts = texts_of(data) if len(data.text_names()) == 1 else tuple(dict.fromkeys(texts_of(data)))
    return Corpus(data.name, (), lambda: ((text, ()) for text in texts))


def _of_frame(frame: Any, columns: Mapping[str, str] | None) -> Corpus:
    name = "The table"
    table = Table([str(column).strip() for column in frame.columns], [])
    places = _places(table.columns, columns, name)

    def cells() -> Iterator[tuple[int, Sequence[object]]]:
        plain = frame.astype(object).where(frame.notna(), None)
        return enumerate(plain.itertuples(index=False, name=None), 1)

    return Corpus(name, tuple(places)[1:], lambda: _rows(cells(), places, name))


def _named(source: str | Path, columns: Mapping[str, str] | None, encoding: str, sheet: str) -> Corpus:
    if source_of(str(source)) != "file":
        from simcse_core.data.opening import open_data

        return _of_dataset(open_data(str(source), columns, encoding=encoding, sheet=sheet))
    readable = local(source, (columns or {}).values())
    check_file(readable.path)
    return _of_file(File(readable.name, readable.path, encoding, sheet), columns)


def _of_file(file: File, columns: Mapping[str, str] | None) -> Corpus:
    if not file.is_table or file.holds_texts():
        return Corpus(file.name, (), lambda: ((text, ()) for text in file.texts()))
    names = _names(file)
    places = _places(names, columns, file.called)
    return Corpus(file.name, tuple(places)[1:], lambda: _rows(_cells(file, names), places, file.called))


def _names(file: File) -> list[str]:
    """The columns of a table; of JSON objects, all names that any of them has."""
    if file.ending in (".jsonl", ".ndjson"):
        return list(dict.fromkeys(key for _row, record in json_records(file.lines(), file.name) for key in record))
    return file.table().columns


def _cells(file: File, names: Sequence[str]) -> Iterator[tuple[int, Sequence[object]]]:
    if file.ending in (".jsonl", ".ndjson"):
        for row, record in json_records(file.lines(), file.name):
            yield row, [record.get(name) for name in names]
    else:
        yield from file.table(most=limits().max_index_texts + 1).rows


def _places(names: Sequence[str], columns: Mapping[str, str] | None, file: str) -> dict[str, int]:
    """Where the column of texts and the others stand, the texts first."""
    named = Table(renamed(names, columns or {}, file), [])
    if not named.has(TEXT):
        raise DataError(
            "{file} has no column 'text': its columns are {columns}. Say which one holds the texts, such as "
            "text={first}.",
            file=file,
            columns=", ".join(names)[:200],
            first=next(iter(names), "sentence"),
        )
    place = named.place(TEXT, file)
    others = {name: number for number, name in enumerate(named.columns) if name and number != place}
    return {TEXT: place, **others}


def _rows(cells: Iterable[tuple[int, Sequence[object]]], places: Mapping[str, int], name: str) -> Iterator[Row]:
    text, *others = places.values()
    for row, values in cells:
        yield cell_text(values[text], row, TEXT, name), tuple(as_text(values[place]) for place in others)


def as_text(cell: object) -> str:
    """What a filter compares with: the cell as a file would write it, "" where nothing stands there."""
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, list | tuple | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    if cell is None or isinstance(cell, Unreadable) or cell != cell:
        return ""
    return cell_text(cell, 0, "", "")
