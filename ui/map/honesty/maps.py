"""Small maps of a sample of the page's texts: stored ones, or those that the worker computes, once for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection import Recipe
from simcse_core.meaning.projection.neighbours import neighbours_among
from ui.frame import translation
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.map.honesty import stored
from ui.map.honesty.sample import MOST, Rows, ShownClasses, sample_rows
from ui.map.source import MapSource
from ui.shared import projecting
from ui.shared.projecting import Job

NEAR = 5
"""True neighbours that are marked with a text, and over which maps are compared."""
UNSURE_BELOW = 1 / 3
"""Of its neighbours; a point with a smaller share is drawn hollow, as on the large map."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What the small maps show: at most 500 of the page's texts."""

    source: MapSource
    rows: Rows
    """Of the source, ascending."""

    @classmethod
    def of(cls, source: MapSource) -> "Sample":
        """The texts that are mapped, drawn once for the same source."""
        return cls(source, sample_rows(len(source)))

    @property
    def about(self) -> str:
        """Names these texts and their embeddings."""
        return f"{self.source.content[:16]}-{MOST}"

    @property
    def is_all(self) -> bool:
        return len(self.rows) == len(self.source)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.source.texts.texts[row] for row in self.rows)

    @cached_property
    def labels(self) -> tuple[str, ...] | None:
        """A label for each text, "" for none; None where there is no column of labels."""
        labels = self.source.texts.labels
        return None if labels is None else tuple(labels[row] for row in self.rows)

    @cached_property
    def embeddings(self) -> Embeddings:
        return self.source.embeddings if self.is_all else self.source.embeddings[self.rows]

    @cached_property
    def classes(self) -> ShownClasses | None:
        return ShownClasses.of(self.labels)

    @cached_property
    def near(self) -> NDArray[np.int32]:
        """(n, 5) true nearest neighbours in the sample."""
        return neighbours_among(self.embeddings, NEAR).rows

    def in_words(self) -> str:
        """What the maps are of."""
        if self.is_all:
            return _("{n:,} texts").format(n=len(self.rows))
        return _("{n:,} of {total:,} texts, drawn at random").format(n=len(self.rows), total=len(self.source))


@dataclass(frozen=True)
class SmallMap:
    """A map of a sample as far as it is there."""

    recipe: Recipe
    points: NDArray[np.float32] | None = None
    trustworthiness: float | None = None
    state: str = ""
    """In words, while there are no points."""


def maps(sample: Sample, recipes: Sequence[Recipe]) -> list[SmallMap]:
    """A map for each recipe; draws the page again when one more is ready.

    Args:
        sample: of texts.
        recipes: two-dimensional; the small numbers of a sample may make one clamp its options.
    """
    there = stored.maps(sample.source.texts, sample.source.settings, sample.texts)
    jobs = {
        recipe: projecting.request(sample.about, sample.embeddings, recipe) for recipe in recipes if recipe not in there
    }
    poll(list(jobs.values()))
    return [
        SmallMap(recipe, there[recipe].points, there[recipe].trustworthiness)
        if recipe in there
        else small(recipe, jobs[recipe])
        for recipe in recipes
    ]


def poll(jobs: Sequence[Job]) -> None:
    """While one of the jobs is at work, draw the page again when another one is over."""
    finished = sum(job.is_over for job in jobs)
    if finished < len(jobs):
        _poll(jobs, finished)


def small(recipe: Recipe, job: Job) -> SmallMap:
    """What a job has by now."""
    if job.result is not None:
        quality = job.result.quality
        return SmallMap(recipe, job.result.points, None if quality is None else quality.trustworthiness)
    return SmallMap(recipe, state=state_in_words(job))


def state_in_words(job: Job) -> str:
    """What a job does, for the place of its map."""
    if job.error is not None:
        return translation.explain(job.error)
    if job.state == "cancelled":
        return _("Cancelled.")
    if job.state == "running":
        return _("It is being computed.") if job.progress is None else f"{job.progress:.0%}"
    return _("It waits for its turn.") if job.ahead else _("It is the next one.")


def waiting_line(done: int, count: int) -> None:
    """How many of several maps are there, while some are missing."""
    if done < count:
        st.markdown(
            ":material/hourglass_top: " + plain(_("{done} of {n} maps are computed.").format(done=done, n=count))
        )


@st.fragment(run_every=1.0)
def _poll(jobs: Sequence[Job], finished: int) -> None:
    """Draws the page anew when more of the maps are there."""
    if sum(job.is_over for job in jobs) > finished:
        st.rerun()


def hollow(shares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which points are unsure."""
    return np.asarray(shares < UNSURE_BELOW)
