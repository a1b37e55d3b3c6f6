"""The heatmap before and after training, side by side, and where the trained model can be used next."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from simcse_core.data.cells import split_lines
from simcse_core.encoding.catalogue import is_here
from simcse_core.encoding.prompts import names_two
from simcse_core.errors import UserError
from simcse_core.limits import check_texts, limits
from simcse_core.meaning.items import Items
from simcse_core.meaning.similarity import cosine_similarity
from simcse_core.runs.config import RunConfig, open_split
from simcse_core.runs.race import Outcome
from simcse_core.runs.store import get
from ui.frame import projector, users
from ui.frame.errors import plain, user_errors
from ui.frame.page import PAGES
from ui.frame.translation import _, language
from ui.shared import cache, color_range, defaults, heatmap
from ui.shared.cache import until_loaded
from ui.shared.races.lines import names
from ui.shared.stored import StoredRace
from ui.shared.typing_area import offer_other_text, typing_area
from ui.training import result

USED_ON = ("similarity", "map", "runs")
"""The pages to which a trained model goes with one click, as far as they are there."""


def show(race: Sequence[Outcome], beside: Mapping[str, Items]) -> None:
    """On sentences of the user's own; they start with some of the held-out texts.

    Args:
        race: nothing is shown before one of it has finished.
        beside: the baselines of its result.
    """
    finished = {name: run for name, run in zip(names(race), race, strict=True) if run.finished}
    if not finished:
        return
    st.header(_("Before and after"), anchor=False)
    ahead = result.ahead(race, beside)
    start = next(name for name, run in finished.items() if run.loss == ahead)
    # When the race is over the choice begins anew, with the loss that is ahead then.
    key = f"compared-{race[0].run}-{len(finished) == len(race)}"
    loss = st.segmented_control(_("Loss"), list(finished), default=start, required=True, key=key)
    run = get(finished[loss or start].run)
    config = run.config
    texts = _texts(run.id, config) if run.shows_data(users.current()) else []  # what others brought is theirs
    typed = split_lines(
        typing_area(_("Sentences, one a line"), default="\n".join(texts), source=config.data, key="comparison")
    )
    offer_other_text("comparison")
    check_texts(typed, limits().max_heatmap_texts, "max_heatmap_texts")
    before = _start(config)
    after = cache.EncoderSettings(run.id)
    settings = (before, after) if is_here(config.model) else (after,)
    if len(settings) == 1:
        st.caption(_("The model was new: before its training its cosines meant nothing."))
    waiting = [encoder.model for encoder in settings if not cache.is_loaded(encoder.model)]
    if waiting:  # the rest of the page does not wait with it
        until_loaded(waiting[0])
    else:
        with user_errors():
            matrices = [cosine_similarity(cache.embeddings(tuple(typed), encoder)) for encoder in settings]
            _side_by_side(typed, matrices, [cache.unrelated(typed, encoder) for encoder in settings])
    use(run.id, loss or start)


def _start(config: RunConfig) -> cache.EncoderSettings:
    """The encoder before training; two prompts are no encoder's, and its model has none after training."""
    prompt = "" if config.prompt is not None and names_two(config.prompt) else config.prompt
    return cache.EncoderSettings(config.model, config.layer, config.pooling, config.head, prompt, config.dim)


def use(run_id: str, name: str) -> None:
    """One click to the pages where the model can be used, and the lines for Python and the command line."""
    st.header(_("Use the model of {name}").format(name=plain(name)), anchor=False)
    with st.container(horizontal=True):
        for page in (PAGES[name] for name in USED_ON if name in PAGES):
            st.page_link(
                page.path,
                label=_("On the page {page}").format(page=_(page.title)),
                icon=page.icon,
                query_params={"language": language(), "model": run_id},
            )
    st.caption(_("In Python, and on the command line:"))
    st.code(
        f'model = simcse_core.load("{run_id}")\n'
        f'# python -m simcse_core similarity --model {run_id} "A sentence." "Another one."',
        language="python",
    )


def show_stored(race: StoredRace) -> None:
    """Of the recorded race: fixed sentences, because its models are not kept."""
    st.header(_("Before and after"), anchor=False)
    losses = list(race.after)
    ahead = result.ahead(race.outcomes, race.baselines)
    loss = st.segmented_control(_("Loss"), losses, default=ahead, required=True, key="compared-stored")
    matrices = (race.before, race.after[loss or ahead])
    unrelated = (race.unrelated_before, race.unrelated_after.get(loss or ahead))
    _side_by_side(race.texts, [np.asarray(matrix, dtype=np.float32) for matrix in matrices], unrelated)
    st.caption(_("Some of the held-out texts. Start a race to compare sentences of your own."))


@st.cache_data(max_entries=100, show_spinner=False)
def _texts(run: str, _config: RunConfig) -> list[str]:
    """Some held-out texts of a run; none when its data is gone."""
    try:
        data, dev = open_split(_config)
    except UserError:
        return []
    return defaults.comparison_texts(data if dev is None else dev)


def _side_by_side(texts: Sequence[str], matrices: Sequence[heatmap.Matrix], unrelated: Sequence[float | None]) -> None:
    """One or two heatmaps: before and after, or after alone.

    Args:
        texts: N sentences.
        matrices: (N, N) each.
        unrelated: for each of them the middle of the cosines of unrelated sentences.
    """
    if len(texts) < 2:
        st.info(_("Type at least two sentences, one a line."))
        return
    titles = [_("At the start"), _("After training")][-len(matrices) :]
    keys = ("before", "after")[-len(matrices) :]
    # On a projector below each other, so that the numbers fit into their cells.
    places = [st.container(), st.container()] if projector.is_on() else st.columns(2)
    scales = color_range.side_by_side(unrelated)
    for column, title, matrix, key, scale in zip(places, titles, matrices, keys, scales, strict=False):
        with column:
            st.markdown(f"**{title}**")
            view = heatmap.View(colors=scale)
            heatmap.figure(matrix, texts, key=f"heatmap-{key}", height=360, labels=False, view=view)
    if scales[0].white:
        st.caption(
            _(
                "In each picture no colour is the median cosine of unrelated sentences at that time, and deepest "
                "purple is 1: compare the colours, not the numbers."
            )
        )
    with st.expander(_("The sentences and their numbers"), icon=":material/table:"):
        st.table({_("sentence"): [plain(f"{number} {text}") for number, text in enumerate(texts, 1)]}, hide_index=True)
        for title, matrix in zip(titles, matrices, strict=True):
            st.markdown(f"**{title}**")
            heatmap.numbers(matrix, texts)
