"""Texts with their classes and embeddings: what everything here learns from and is measured on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import normalised
from simcse_core.encoding.texts import Embeddings, checked
from simcse_core.errors import DataError
from simcse_core.uses.classification.labels import Labels, names_of

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encodes


@dataclass(frozen=True, eq=False)
class Examples:
    """N texts with a class each, or with several."""

    texts: tuple[str, ...]
    labels: Labels
    embeddings: Embeddings
    """(N, D) unit rows."""

    @classmethod
    def of(cls, texts: Iterable[str], labels: Iterable[object], embeddings: "Embeddings | Encodes") -> "Examples":
        """Check texts and labels, and encode where embeddings are not there yet.

        Args:
            texts: N texts.
            labels: N labels as `labels.class_names` takes them, or N lists of labels.
            embeddings: (N, D) unit rows of the texts, or the encoder that makes them.

        Raises:
            InputError: the texts are no list of texts.
            DataError: there are none; their number differs from that of the labels or embeddings; a label is missing.
        """
        listed, names = tuple(checked(texts)), names_of(labels)
        if not listed:
            raise DataError("There are no texts: a classifier learns from labelled ones.")
        rows = embeddings if isinstance(embeddings, np.ndarray) else embeddings.encode(listed)
        if not len(listed) == len(names) == len(rows):
            raise DataError(
                "There are {texts} texts, {labels} labels and {embeddings} embeddings: each text needs one of each.",
                texts=len(listed),
                labels=len(names),
                embeddings=len(rows),
            )
        return cls(listed, names, rows)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def several(self) -> bool:
        """Whether a text may have several labels."""
        return bool(self.labels) and not isinstance(self.labels[0], str)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class names in alphabetical order."""
        return tuple(sorted({name for names in label_sets(self.labels) for name in names}))

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """(N,) the number of each text's class in `classes`; of several the rarest, and -1 for none."""
        counts = self.marks.sum(axis=0)
        rarest = np.where(self.marks, counts, len(self) + 1).argmin(axis=1)
        return np.where(self.marks.any(axis=1), rarest, -1)

    @cached_property
    def marks(self) -> NDArray[np.bool_]:
        """(N, C) which classes each text has."""
        return marks_of(self.labels, self.classes)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(N,) texts that are equal but for case and blanks have the same number."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(normalised(text), len(numbers)) for text in self.texts], dtype=np.int64)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "Examples":
        """The texts at these positions, in this order."""
        places = [int(row) for row in rows]
        labels: Labels = tuple(self.labels[place] for place in places)  # type: ignore[assignment]
        return Examples(tuple(self.texts[place] for place in places), labels, self.embeddings[places])

    def check_contrast(self) -> None:
        """See that there is something to tell apart.

        Raises:
            DataError: all texts have one class; or none has one.
        """
        if not self.classes:
            raise DataError("No text has a label: there is nothing to learn.")
        if len(self.classes) == 1 and not self.several:
            raise DataError(
                "All texts have the label {label!r}: without a second class there is nothing to tell apart.",
                label=self.classes[0],
            )


def label_sets(labels: Labels) -> list[tuple[str, ...]]:
    """The classes of each text, also where it has one."""
    return [(label,) if isinstance(label, str) else label for label in labels]


def marks_of(labels: Labels, classes: Sequence[str]) -> NDArray[np.bool_]:
    """(N, C) which of the classes each text has; a class that is not among them is left out."""
    place = {name: number for number, name in enumerate(classes)}
    marks = np.zeros((len(labels), len(classes)), dtype=bool)
    for row, names in enumerate(label_sets(labels)):
        for name in names:
            if name in place:
                marks[row, place[name]] = True
    return marks
