"""The kinds of data, each with its columns."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """Unlabelled texts."""

    name: str
    text: tuple[str, ...]

    columns = ("text",)

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Labelled:
    """Texts with a class each."""

    name: str
    text: tuple[str, ...]
    label: tuple[str, ...]

    columns = ("text", "label")

    def __len__(self) -> int:
        return len(self.text)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in alphabetical order."""
        return tuple(sorted(set(self.label)))

    def take(self, positions: list[int]) -> "Labelled":
        """The rows at these positions, in this order."""
        return Labelled(self.name, tuple(self.text[at] for at in positions), tuple(self.label[at] for at in positions))


@dataclass(frozen=True)
class Pairs:
    """Two sentences and whether they match: 1 match, 0 none."""

    name: str
    sentence1: tuple[str, ...]
    sentence2: tuple[str, ...]
    label: tuple[int, ...]

    columns = ("sentence1", "sentence2", "label")

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Scored:
    """Two sentences and how similar they are; the scale is the data's own."""

    name: str
    sentence1: tuple[str, ...]
    sentence2: tuple[str, ...]
    score: tuple[float, ...]

    columns = ("sentence1", "sentence2", "score")

    def __len__(self) -> int:
        return len(self.score)


Dataset = Texts | Labelled | Pairs | Scored

KINDS: dict[str, type[Dataset]] = {"scored": Scored, "pairs": Pairs, "labelled": Labelled, "texts": Texts}
"""In the order in which they are recognised: the more columns a kind asks for, the earlier."""


def kind_of(data: Dataset) -> str:
    """The name of a data set's kind."""
    return next(name for name, kind in KINDS.items() if isinstance(data, kind))


def rows(data: Dataset) -> Iterator[tuple[str | int | float, ...]]:
    """The rows of a data set, in the order of its columns."""
    return zip(*(getattr(data, column) for column in data.columns), strict=True)
