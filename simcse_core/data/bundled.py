"""Data of our own writing that comes with the project, so that everything works offline. See `bundled/README.md`."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import read_data, read_texts
from simcse_core.errors import DataError

FOLDER = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class SampleSet:
    """Sentences that show something on a heatmap, in English and Chinese."""

    name: str
    title: dict[str, str]
    look_for: dict[str, str]
    """One line on what to look at, by language."""
    sentences: dict[str, list[str]]
    """By language: "en", "zh_CN"."""


def names() -> list[str]:
    """The names of the bundled data sets."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


@cache
def load(name: str) -> Dataset:
    """A bundled data set.

    Raises:
        DataError: there is none of this name.
    """
    if name not in names():
        raise DataError(
            "There is no bundled data {given!r}. Choose one of: {choices}.", given=name, choices=", ".join(names())
        )
    return read_data(FOLDER / f"{name}.csv")


@cache
def samples() -> dict[str, SampleSet]:
    """The sample sets for the heatmap, by name, in the order in which they are offered."""
    records = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    return {record["name"]: SampleSet(**record) for record in records}


@cache
def unrelated(language: str) -> tuple[str, ...]:
    """Sentences of which no two have anything to do with each other, in "en" or "zh_CN"."""
    name = "zh" if language == "zh_CN" else "en"
    return tuple(read_texts(FOLDER / f"unrelated-{name}.txt"))


def language_of(texts: Sequence[str]) -> str:
    """ "zh_CN" when a good part of the letters is Chinese, else "en": which unrelated sentences to compare with."""
    letters = "".join("".join(text.split()) for text in texts)
    return "zh_CN" if sum("\u3400" <= letter <= "\u9fff" for letter in letters) > 0.3 * len(letters) else "en"


def open_data(
    name: str,
    columns: Mapping[str, str] | None = None,
    on_fetch: Callable[[int, int], None] | None = None,
    *,
    encoding: str = "",
    sheet: str = "",
) -> Dataset:
    """A bundled data set by name, one of the hub by its id, or a file by path.

    Args:
        name: of the data set, `hub:owner/name` or `hub:owner/name/config:split`, or the path.
        columns: as for `read_data`, where the file's names of columns differ.
        on_fetch: receives (bytes done, bytes in all) while data of the hub are fetched.
        encoding: of a file, as for `read_data` ...
        sheet: ... and so is the sheet of a workbook.

    Raises:
        DataError: there is none of them, it cannot be fetched, or it cannot be used.
        OptionError: no kind of data has a column that is to be mapped.
    """
    if (encoding or sheet) and (name.startswith("hub:") or name in names()):
        raise DataError("The data {given} needs neither an encoding nor a sheet. Leave it out.", given=name)
    if name.startswith("hub:"):
        from simcse_core.data.hub_data import open_hub_data

        return open_hub_data(name, columns, on_fetch)
    if name in names():
        if columns:
            raise DataError("The columns of the bundled data {given} need no mapping. Leave it out.", given=name)
        return load(name)
    if not os.path.isfile(name):  # which never raises
        raise DataError(
            "There is no file {given}, and no bundled data of that name ({choices}).",
            given=name,
            choices=", ".join(names()),
        )
    return read_data(name, columns, encoding=encoding, sheet=sheet)
