"""Data of our own writing that comes with the project, so that everything works offline. See `bundled/README.md`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import read_data, read_texts
from simcse_core.errors import DataError

FOLDER = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class Sample:
    """Sentences that show something on a heatmap, with one line on what to look at."""

    title: str
    look_for: str
    sentences: list[str]


@dataclass(frozen=True)
class SampleSet:
    """The same in several languages, by their code ("zh_CN"); always in English."""

    name: str
    title: dict[str, str]
    look_for: dict[str, str]
    """One line on what to look at."""
    sentences: dict[str, list[str]]

    def in_language(self, language: str) -> "Sample":
        """What it says in a language; in English where it says nothing in it."""
        code = language if language in self.sentences else "en"
        return Sample(self.title[code], self.look_for[code], self.sentences[code])


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
def titles() -> dict[str, str]:
    """What bundled sets are called on the screen, by their name without its language, in the order in which they are
    offered. A set without a title is called by its name and comes last.
    """
    by_name: dict[str, str] = json.loads((FOLDER / "titles.json").read_text(encoding="utf-8"))
    return by_name


def ending(language: str) -> str:
    """How the names of the sets in a language end: "zh" for "zh_CN"."""
    return language.partition("_")[0]


@cache
def samples() -> dict[str, SampleSet]:
    """The sample sets for the heatmap, by name, in the order in which they are offered."""
    records = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    return {record["name"]: SampleSet(**record) for record in records}


@cache
def unrelated(language: str) -> tuple[str, ...]:
    """Sentences of which no two have anything to do with each other; English ones where a language has none."""
    file = FOLDER / f"unrelated-{ending(language)}.txt"
    return tuple(read_texts(file if file.exists() else FOLDER / "unrelated-en.txt"))
