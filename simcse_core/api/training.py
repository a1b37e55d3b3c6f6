"""`train`: one call from data to a trained model, with the run behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from simcse_core.api.display import html_table, number, paragraph, text_table
from simcse_core.api.inputs import Data, called
from simcse_core.api.options import Options, config_of
from simcse_core.api.progress import download_bar
from simcse_core.api.queued import cancelling, finish
from simcse_core.encoding.given import Trained
from simcse_core.learning.records import Finished, Note
from simcse_core.learning.verdict_words import LINES, metric_title, with_range
from simcse_core.meaning.intervals import Interval
from simcse_core.runs import queue
from simcse_core.runs.preflight import preflight
from simcse_core.runs.run import Run

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable


@dataclass(frozen=True)
class TrainingResult:
    """A finished training. It prints what was measured before and after it.

    Its run stands in `runs list` and on the page Runs; by its id its model is found again, in this program or another.
    """

    run: Run
    """Its folder, settings and records."""
    end: Finished
    """The last record."""

    @property
    def id(self) -> str:
        """The run's id, which names the model wherever a model can be named."""
        return self.run.id

    @cached_property
    def model(self) -> "Trainable":
        """The trained model, loaded when it is first asked for."""
        from simcse_core.encoding.catalogue import load

        return load(self.id)

    @property
    def before(self) -> Mapping[str, float] | None:
        """The metrics on the held-out data before training; None where nothing was measured."""
        return self.end.dev_before

    @property
    def after(self) -> Mapping[str, float] | None:
        """The same after it."""
        return self.end.dev_after

    @property
    def as_it_comes(self) -> Mapping[str, float] | None:
        """The same of the model as it comes, whatever the training started from."""
        return self.end.dev_as_it_comes

    @property
    def gain(self) -> Interval | None:
        """By how much the metric that decides is better than the best baseline, with its 95 % range over the items."""
        gain = self.end.gain
        return None if gain is None else Interval(gain.value, gain.low, gain.high)

    @property
    def notes(self) -> Sequence[str]:
        """What the training had to say, such as that it diverged."""
        return [record.message for record in self.run.records() if isinstance(record, Note)]

    def __repr__(self) -> str:
        header, rows = self._table()
        return "\n".join([self._title(), *([text_table(header, rows)] if rows else []), *self._sentences()])

    def _repr_html_(self) -> str:
        header, rows = self._table()
        parts = [paragraph(self._title()), html_table(header, rows) if rows else "", *map(paragraph, self._sentences())]
        return "".join(parts)

    def _title(self) -> str:
        return f"{self.run.title}: run {self.id}, {self.end.seconds:.1f} s, {self.end.steps} steps"

    def _table(self) -> tuple[list[str], list[list[str]]]:
        measured = {"as it comes": self.as_it_comes, "before": self.before, "after": self.after}
        there = {name: values for name, values in measured.items() if values is not None}
        names = list(self.after or {})
        return ["", *names], [[name, *(number(values.get(of)) for of in names)] for name, values in there.items()]

    def _sentences(self) -> list[str]:
        said = []
        if self.end.gain is not None and self.gain is not None:
            over = LINES.get(self.end.gain.over, self.end.gain.over)
            said.append(
                f"In {metric_title(self.end.gain.metric)} it gains {with_range(self.gain)} over {over}. This is one "
                "training: another seed can move it."
            )
        return [*said, *self.notes]


def train(
    data: Data,
    loss: str | None = None,
    *,
    model: "str | Path | Trainable | Trained" = "minilm",
    dev: Data | None = None,
    dev_share: float | None = None,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    loss_options: Mapping[str, Any] | None = None,
    name: str = "",
    progress: bool = True,
    **options: Unpack[Options],
) -> TrainingResult:
    """Train a model and wait for it. The training is a run, as those of the command line and of the pages are.

    It goes through the queue of this machine and is carried out in a process of its own; Ctrl-C cancels it. The same
    call again gives the run that is there, without another training. A model that is given as an object stays as it is.

    Args:
        data: a file, the name of bundled data, `hub:owner/name`, a DataFrame, a dictionary of columns, a list of
            dictionaries, a list of texts, or a data set.
        loss: None takes `cross_entropy`, or `simcse` for texts without labels.
        model: a catalogue name, a run's id, a folder, `owner/model` of the hub, "scratch-tiny" and the like for a new
            one, a loaded model, or the result of another training, which is then trained further.
        dev: data to measure on; "none" measures nothing; None holds out rows of `data`.
        dev_share: how many: 0.1 is a tenth (default: 0.4 of each class of labelled texts, 0.2 of other rows).
        columns: where the names of columns differ, ours -> theirs: {"text": "utterance", "label": "intent"}.
        kind: make the data another kind first, such as "pairs" out of "labelled".
        loss_options: of the loss, such as {"temperature": 0.1}.
        name: what the run is called in lists.
        progress: whether a bar is shown.
        options: `epochs`, `seconds`, `batch_size`, `learning_rate`, `tune` ("head", "top:2", "all"), `seed` and the
            other settings of a training; `layer`, `pooling`, `head`, `prompt`, `dim`, `device` of the model.

    Raises:
        DataError: the data cannot be used, or the loss cannot learn from it.
        ModelError: there is no such model, or it cannot be trained.
        OptionError: a setting does not exist or is out of range.
        RunError: the training failed, or was cancelled.

    Example:
        >>> result = train("intents.csv", "supcon", epochs=3, tune="top:3")
        >>> result.model.encode(["Where is my card?"])
    """
    config = config_of(
        data,
        loss,
        model=model,
        dev=dev,
        dev_share=dev_share,
        columns=columns,
        kind=kind,
        loss_options=loss_options,
        options=options,
    )
    with called(config.data):
        ready = preflight(config, download_bar)
    (run,) = queue.submit([ready.config], expected=config.settings.seconds)
    if name:
        run.rename(name, "cli")
    with cancelling([run], "the same call"):
        end = finish(run, title=config.settings.loss, progress=progress)
    return TrainingResult(run, end)
