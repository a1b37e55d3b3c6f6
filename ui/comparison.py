"""The heatmap before and after training, side by side."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from simcse_core.data.readers import split_lines
from simcse_core.limits import check_texts, limits
from simcse_core.meaning.similarity import cosine_similarity
from simcse_core.runs.config import open_split
from simcse_core.runs.race import Outcome, verdict
from simcse_core.runs.store import get
from ui import cache, defaults, heatmap, race_view
from ui.page import plain
from ui.stored import StoredRace
from ui.translation import _
from ui.typing_area import offer_other_texts, typing_area


def show(race: Sequence[Outcome]) -> None:
    """On sentences of the user's own; they start with some of the held-out texts."""
    if not any(outcome.finished for outcome in race):
        return
    st.header(_("Before and after"), anchor=False)
    finished = {name: run for name, run in zip(race_view.names(race), race, strict=True) if run.finished}
    ahead = _ahead(race)
    start = next(name for name, run in finished.items() if run.loss == ahead)
    chosen = st.segmented_control(_("Loss"), list(finished), default=start, required=True, key="compared")
    run = get(finished[chosen or start].run)
    config = run.config
    data, dev = open_split(config)
    texts = defaults.comparison_texts(data if dev is None else dev)
    typed = split_lines(
        typing_area(_("Sentences, one a line"), default="\n".join(texts), source=config.data, key="comparison")
    )
    offer_other_texts("comparison")
    check_texts(typed, limits().max_heatmap_texts, "max_heatmap_texts")
    before = cache.EncoderSettings(config.model, config.layer, config.pooling, config.head)
    after = cache.EncoderSettings(run.id)
    _side_by_side(typed, *(cosine_similarity(cache.embeddings(tuple(typed), settings)) for settings in (before, after)))
    st.caption(_("Use this model in Python, or on the command line as --model:"))
    st.code(f'simcse_core.load("{run.id}")', language="python")


def show_stored(race: StoredRace) -> None:
    """Of the recorded race: fixed sentences, because its models are not kept."""
    st.header(_("Before and after"), anchor=False)
    losses = list(race.after)
    chosen = st.segmented_control(
        _("Loss"), losses, default=_ahead(race.outcomes), required=True, key="compared-stored"
    )
    before, after = (
        np.asarray(matrix, dtype=np.float32) for matrix in (race.before, race.after[chosen or _ahead(race.outcomes)])
    )
    _side_by_side(race.texts, before, after)
    st.caption(_("Held-out texts of three classes. Start a race to compare sentences of your own."))


def _ahead(race: Sequence[Outcome]) -> str:
    """The finished loss to show first."""
    found = verdict(race)
    return found.ahead if found is not None else next(outcome.loss for outcome in race if outcome.finished)


def _side_by_side(texts: Sequence[str], before: heatmap.Matrix, after: heatmap.Matrix) -> None:
    if len(texts) < 2:
        st.info(_("Type at least two sentences, one a line."))
        return
    for column, title, matrix, key in zip(
        st.columns(2), (_("Frozen model"), _("After training")), (before, after), ("before", "after"), strict=True
    ):
        with column:
            st.markdown(f"**{title}**")
            heatmap.figure(matrix, texts, key=f"heatmap-{key}", height=360, labels=False)
    with st.expander(_("The sentences and their numbers"), icon=":material/table:"):
        st.table({_("sentence"): [plain(f"{number} {text}") for number, text in enumerate(texts, 1)]}, hide_index=True)
        for title, matrix in ((_("Frozen model"), before), (_("After training"), after)):
            st.markdown(f"**{title}**")
            heatmap.numbers(matrix, texts)
