"""Choosing what is on the map: bundled texts, one's own, the data of a run, or an index of the search."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.kinds import KINDS, Dataset, texts_of
from simcse_core.errors import RunError, UserError
from simcse_core.plain import shortened
from simcse_core.runs import store
from simcse_core.runs.config import open_sides
from ui.frame import address, projector, users
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.map import first, indexes, marks, uploaded
from ui.map.source import LABEL, MapTexts
from ui.shared import data_choice, defaults, inputs, models
from ui.shared.cache import EncoderSettings

NAME = "map-data"
RUN, INDEX = "run:", "index:"
SHORT = 26
"""Letters of a title that has one line on a projector."""
SPLIT = "split"
"""The column of a run's data that says which texts it learned from."""


def choose() -> MapTexts:
    """The texts to map, but for those that were left out of a new map. Errors as for `whole`."""
    texts = whole()
    rows = frozenset(row for step in marks.removed(texts.key) for row in step)
    return _without(texts.key, rows, texts) if rows else texts


@st.cache_resource(max_entries=8, show_spinner=False)  # read-only
def _without(key: str, rows: frozenset[int], _texts: MapTexts) -> MapTexts:
    return _texts.without(rows)


def whole() -> MapTexts:
    """Asks what is mapped; what somebody brings goes before what is chosen.

    Raises:
        UserError: the texts cannot be used, or what was chosen is gone.
    """
    offered = _offered()
    key, keep = address.widget(NAME, offered, first.data(language()), language=language())
    with st.popover(
        _title(st.session_state[key]), icon=":material/article:", width="stretch", key=f"map-texts-{_came()}"
    ):
        name = st.selectbox(_("Texts to map"), offered, format_func=title, key=key, on_change=keep)
        st.caption(_("Or texts of your own, pasted or from a file:"))
        pasted = uploaded.paste()
        brought = uploaded.upload()
        handed = data_choice.handed_over(uploaded.KEY)
        if handed is not None and brought is None and pasted is None:
            st.caption(_("Using your file {name} instead.").format(name=plain(handed.name)))
            st.button(_("Remove"), type="tertiary", on_click=data_choice.hand_over, args=(uploaded.KEY, None))
    if brought is not None:
        return uploaded.read(brought)
    if pasted is not None:
        return pasted
    return _named(name) if handed is None else uploaded.read(handed)


def title(name: str) -> str:
    """What a choice is called on the screen."""
    if name.startswith(RUN):
        return plain(_("Data of {run}").format(run=models.title(name.removeprefix(RUN))))
    if name.startswith(INDEX):
        return plain(_("Index {name}").format(name=name.removeprefix(INDEX)))
    return data_choice.data_title(name)


def _offered() -> list[str]:
    """Bundled sets, the data of this browser's runs, indexes of this server; and what a link or the session names."""
    runs = [f"{RUN}{name}" for name in models.finished_runs(users.current())]
    named = [name for name in (st.query_params.get(NAME), address.choice_of(NAME)) if name]
    linked = [name for name in named if str(name).startswith((RUN, INDEX))]
    return list(
        dict.fromkeys(
            [*data_choice.offered(list(KINDS)), *runs, *(f"{INDEX}{name}" for name in indexes.names()), *linked]
        )
    )


def _named(name: str) -> MapTexts:
    if name.startswith(RUN):
        return _of_run(name.removeprefix(RUN), users.current())
    return indexes.load(name.removeprefix(INDEX)) if name.startswith(INDEX) else _bundled(name)


@st.cache_resource(max_entries=16, show_spinner=False)  # read-only
def _bundled(name: str) -> MapTexts:
    return replace(MapTexts.of_data(bundled.load(name)), is_bundled=True)


def _of_run(run_id: str, user: str) -> MapTexts:
    run = store.get(run_id)
    if not run.shows_data(user):
        raise RunError("The texts of this run are somebody else's. Its owner can map them.")
    return _data_of_run(run_id, str(run.folder))


@st.cache_resource(max_entries=8, ttl=60.0, show_spinner=False)  # its file may be deleted
def _data_of_run(run_id: str, folder: str) -> MapTexts:
    sides = open_sides(store.get(run_id).config)
    parts = [("train", sides.learned_from), *([("dev", sides.dev)] if sides.dev is not None else [])]
    return replace(with_split(parts), run=run_id)


def with_split(parts: Sequence[tuple[str, Dataset]]) -> MapTexts:
    """Several data sets as one, with a column that says of which one a text is. Errors as for `MapTexts.of`."""
    rows: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    for name, data in parts:
        classes = data.text_classes
        if classes is not None:
            rows += [(text, str(label), name) for text, label in zip(texts_of(data), classes, strict=True)]
        else:
            new = [text for text in dict.fromkeys(texts_of(data)) if text not in seen]
            rows += [(text, "", name) for text in new]
            seen.update(new)
    texts, labels, split = zip(*rows, strict=True)
    columns = {LABEL: labels} if any(labels) else {}
    return MapTexts.of(parts[0][1].name, texts, {**columns, SPLIT: split})


def _title(name: str) -> str:
    """What is mapped now, as far as it is known before it is read."""
    file = st.session_state.get(f"{uploaded.KEY}-upload")
    if file is not None:
        return plain(shortened(file.name, 30))
    area = st.session_state.get(f"{uploaded.PASTE}-state")
    if area is not None and area.text.strip():
        return _("The texts that you pasted")
    handed = data_choice.handed_over(uploaded.KEY)
    try:
        if handed is not None:
            return plain(shortened(handed.name, 30))
        return shortened(title(name), SHORT) if projector.is_on() else title(name)
    except UserError:
        return plain(name)


def _came() -> str:
    """Another popover, which is closed, when a file has come."""
    return str(getattr(st.session_state.get(f"{uploaded.KEY}-upload"), "file_id", ""))


def encoder(texts: MapTexts) -> EncoderSettings:
    """Asks for the encoder; where vectors came with the texts there is nothing to ask."""
    if texts.vectors is not None:
        made_by = texts.made_by
        said = _("own vectors") if made_by is None else models.title(made_by.model)
        st.caption(_("Embeddings: {name}, {dim} dimensions.").format(name=plain(said), dim=texts.vectors.shape[1]))
        return made_by or EncoderSettings()
    with st.popover(_model_title(texts), icon=":material/tune:", width="stretch", key="map-model"):
        return inputs.encoder_settings(model=texts.run or None)


def _model_title(texts: MapTexts) -> str:
    default = texts.run or defaults.model(language())
    return plain(shortened(models.title(address.remembered("model", models.names([default]), default)), 30))
