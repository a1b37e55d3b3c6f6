"""The groups of the texts in the original space with their names, once they are found."""

from dataclasses import dataclass

from ui.frame.translation import _
from ui.map import computing, first
from ui.map.computing import Grouping, Suspects
from ui.map.marks import Marks
from ui.map.source import MapSource
from ui.shared import work

WORKER = "map"


@dataclass(frozen=True, eq=False)
class Named:
    """Groups under the names that they have in this session."""

    grouping: Grouping
    names: tuple[str, ...]
    """By group: as somebody called it, else by its words."""

    def of_each(self, none: str) -> tuple[str, ...]:
        """(N,) the name of each text's group."""
        return tuple(self.names[group] if group >= 0 else none for group in self.grouping.groups.of)


def named(source: MapSource, marks: Marks) -> Named | None:
    """The groups; None while they are being found, which the page says where this is called.

    Raises:
        UserError: there can be none.
    """
    grouping = first.stored_grouping(source)
    if grouping is None:
        grouping = work.result(
            WORKER,
            source.content,
            _("Finding groups"),
            computing.grouping,
            source.texts.texts,
            source.embeddings,
        )
    if grouping is None:
        return None
    names = [marks.group_names.get(number, one.title) for number, one in enumerate(grouping.names)]
    return Named(grouping, tuple(names))


def suspects(source: MapSource, labels: tuple[str, ...], rows: tuple[int, ...]) -> Suspects | None:
    """The labels that a classifier doubts; None while it learns.

    Args:
        source: what is mapped.
        labels: of the texts that have one.
        rows: which these are.

    Raises:
        UserError: nothing can be learned from the labels.
    """
    texts = tuple(source.texts.texts[row] for row in rows)
    return work.result(
        WORKER,
        repr((source.content, labels, rows)),
        _("Looking for labels in doubt"),
        computing.suspects,
        texts,
        labels,
        source.embeddings[list(rows)],
    )
