"""What somebody has labelled so far, for as long as the session lasts; it is saved and restored as a CSV file."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simcse_core.data.writers import to_csv
from simcse_core.meaning.intervals import Interval
from simcse_core.uses.classification.labelling import LabellingState
from ui.classify.proposing import Proposed

KEYS = "123456789qwertyiopadfghjkl"
"""A key for each class: digits, then letters, but for S, which skips."""


AT_LEAST = 3
"""Texts in the queue, while there are so many left."""


@dataclass(frozen=True)
class Step:
    """One text that somebody was shown: labelled, or skipped where the label is None."""

    row: int
    label: str | None


@dataclass
class LabellingSession:
    """Texts, the classes to choose from, and the labels so far."""

    texts: tuple[str, ...]
    classes: tuple[str, ...]
    given: Mapping[int, str] = field(default_factory=dict)
    """By row, the labels that came with the texts."""
    steps: list[Step] = field(default_factory=list)
    """In the order in which they were done; each row once."""
    queue: list[int] = field(default_factory=list)
    """The rows to show next."""
    accuracies: dict[int, Interval] = field(default_factory=dict)
    """By the number of labels, the measured accuracy."""
    seen: int = 0
    """The number of the last event of the browser that is in here."""
    token: str = field(default_factory=lambda: secrets.token_hex(6))
    """Tells this session from others, in the browser and in caches."""

    @property
    def labels(self) -> dict[int, str]:
        """By row, in the order in which they were given."""
        return {**self.given, **{step.row: step.label for step in self.steps if step.label is not None}}

    @property
    def left(self) -> list[int]:
        """The rows that are neither labelled nor skipped."""
        done = {*self.given, *(step.row for step in self.steps)}
        return [row for row in range(len(self.texts)) if row not in done]

    @property
    def state(self) -> LabellingState:
        """As the core takes it."""
        return LabellingState(self.classes, self.labels, tuple(step.row for step in self.steps if step.label is None))

    def apply(self, events: object) -> bool:
        """Take in what the browser reports; whether there was something new.

        Args:
            events: a list of [number, "label", "skip" or "undo", row, position of the class or None]; what is none of
                these is left out.
        """
        before = self.seen
        for event in events if isinstance(events, list) else []:
            match event:
                case [int(number), str(kind), int(row), position] if number > self.seen and 0 <= row < len(self.texts):
                    self.seen = number
                    self._apply(kind, row, position)
        return self.seen > before

    def _apply(self, kind: str, row: int, position: object) -> None:
        if kind == "undo":
            if self.steps and self.steps[-1].row == row:
                self.steps.pop()
                self.queue.insert(0, row)
                self.accuracies = {count: one for count, one in self.accuracies.items() if count <= len(self.labels)}
            return
        label = self.classes[position] if isinstance(position, int) and 0 <= position < len(self.classes) else None
        if row in self.labels or (label is None and kind == "label"):
            return
        self.steps = [*(step for step in self.steps if step.row != row), Step(row, label)]
        self.queue = [other for other in self.queue if other != row]

    def take(self, proposal: Proposed) -> None:
        """Take a proposal in: the text that is being shown stays, the others follow the proposal."""
        left = set(self.left)
        shown = [row for row in self.queue[:1] if row in left]
        self.queue = [*shown, *(row for row in proposal.rows if row in left and row not in shown)]
        if proposal.accuracy.value == proposal.accuracy.value:  # no NaN: something is known
            self.accuracies[proposal.labelled] = proposal.accuracy

    def fill(self, lots: Iterable[int]) -> None:
        """Whoever is faster than the proposals goes on with texts that are drawn by lot.

        Args:
            lots: all rows in the order in which they are drawn.
        """
        left = set(self.left) - set(self.queue)
        self.queue += [row for row in lots if row in left][: max(AT_LEAST - len(self.queue), 0)]

    def to_csv(self) -> str:
        """The texts that have a label, with it: data of the kind `labelled`."""
        return to_csv(["text", "label"], [(self.texts[row], label) for row, label in self.labels.items()])

    def progress_csv(self) -> str:
        """All texts, the labelled ones first, with an empty label where there is none: from it one can go on."""
        labels = self.labels
        rest = (row for row in range(len(self.texts)) if row not in labels)
        rows = [(self.texts[row], label) for row, label in labels.items()]
        return to_csv(["text", "label"], [*rows, *((self.texts[row], "") for row in rest)])
