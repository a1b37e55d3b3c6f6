"""What is chosen on the page: the query, the figure, what meaning is compared with, and the encoders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.encoding.catalogue import with_layers
from simcse_core.errors import UserError
from simcse_core.limits import check_lengths
from simcse_core.plain import shortened
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import N_, _, language
from ui.search import first, quality
from ui.search.corpus import SearchCorpus
from ui.shared import cache, defaults, inputs, models
from ui.shared.typing_area import put, typing_area

QUERY = "search-query"
VIEWS = {"search": N_("Search"), "same": N_("Duplicates"), "quality": N_("Quality")}
BESIDE = {"words": N_("Words"), "both": N_("Both"), "model": N_("Model")}
COUNTS = (5, 10, 20, 50, 100)
LONGEST_IN_ADDRESS = 80
EXAMPLES = {
    "texts": first.QUERIES,
    "intents": (N_("I cannot find my card"), N_("How long are you open?"), N_("Somewhere to work in a group")),
    "spam": (N_("You have won a prize"), N_("Shall we go home together?")),
    "sentiment": (N_("Comfortable on long walks"), N_("It broke after a few days")),
}
"""Queries for bundled texts, by their name without its language. Data with right matches brings its own."""


@dataclass(frozen=True)
class Encoders:
    """Whose embeddings are compared."""

    first: cache.EncoderSettings
    second: cache.EncoderSettings
    """Of the second list, where two models are beside each other."""


def query(corpus: SearchCorpus) -> str:
    """What is searched for: typed, or one of the queries that go with the texts.

    Raises:
        InputError: it is too long.
    """
    examples = _examples(corpus)
    # A link brings its query once; from then on it is what this session began with.
    given: str = st.session_state.setdefault("search-given", st.query_params.get("q", "")[:LONGEST_IN_ADDRESS])
    start = given or examples[0]
    written = typing_area(_("Query"), default=start, source="query", key=QUERY, is_query=True).strip()
    _offer([example for example in examples if example != written], corpus.key)
    is_short = 0 < len(written) <= LONGEST_IN_ADDRESS
    address.write("q", written if is_short and written != examples[0] else None)
    check_lengths([written])
    return written


def _offer(examples: Sequence[str], key: str) -> None:
    """Queries to click on; one that is clicked stands in the query's place."""
    name = f"search-examples-{key}-{language()}"

    def take() -> None:
        if (picked := st.session_state[name]) is not None:
            put(QUERY, picked)
            st.session_state[name] = None

    if examples:
        st.pills(
            _("Other queries"),
            list(examples),
            format_func=lambda text: plain(text if len(text) <= 42 else f"{text[:40]}…"),
            key=name,
            on_change=take,
            label_visibility="collapsed",
        )


def _examples(corpus: SearchCorpus) -> list[str]:
    if corpus.right:
        return list(corpus.right)[:3]
    stem = corpus.source.rpartition("-")[0] if corpus.is_bundled else ""
    if stem in EXAMPLES:
        return [_(example) for example in EXAMPLES[stem]]
    return [_(first.QUERIES[0])]


def view(*, is_judged: bool) -> str:
    """Which figure is shown; quality needs data that says what is right."""
    offered = {name: title for name, title in VIEWS.items() if is_judged or name != "quality"}
    return _segments("view", offered, _("Figure"))


def beside(figure: str) -> str:
    """What meaning is compared with in a figure; among duplicates with nothing."""
    if figure == "same":
        return "words"
    offered = {name: title for name, title in BESIDE.items() if figure == "search" or name != "both"}
    return _segments("beside", offered, _("Beside meaning"))


def metric() -> str:
    """Which metric is drawn."""
    return _segments("found", quality.METRICS, _("Metric"))


def _segments(name: str, titles: Mapping[str, str], label: str) -> str:
    key, keep = address.widget(name, list(titles), next(iter(titles)), language=language())
    chosen: str | None = st.segmented_control(
        label,
        list(titles),
        format_func=lambda option: _(titles[option]),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return chosen or next(iter(titles))


def count() -> int:
    """How many hits each list shows."""
    key, keep = address.widget("hits", COUNTS, 10)
    chosen: int = st.select_slider(_("Hits in each list"), COUNTS, key=key, on_change=keep)
    return chosen


def encoders(place: DeltaGenerator, rarely: DeltaGenerator, second: DeltaGenerator | None) -> Encoders:
    """The encoder, and the one beside it.

    Args:
        place: of the model.
        rarely: of layer, pooling and the like.
        second: of the second encoder; None where there is none.
    """
    settings = inputs.encoder_settings(places=(place, rarely, rarely, rarely), is_search=True)
    if second is None:
        return Encoders(settings, settings)
    second.caption(_("The other model"))
    boxes = [second.container() for _box in range(4)]
    other = inputs.encoder_settings("b-", places=boxes, model=_another(settings.model), is_search=True)
    return Encoders(settings, other)


def model_title() -> str:
    """What the model is called that is chosen now; the control that changes it is called so."""
    title = models.title(address.remembered("model", models.names(), defaults.model(language())))
    return plain(shortened(title, 20))


def _another(model: str) -> str:
    """What a model is compared with first: what a run was trained from, else the other model that is always here."""
    base = models.base_of(model)
    if base != model:
        return base
    here = [defaults.model("en"), defaults.model("zh_CN"), with_layers().name]
    return next(name for name in here if name != model)


def name_of(settings: cache.EncoderSettings, other: cache.EncoderSettings) -> str:
    """What an encoder is called beside another: its model, and what differs."""
    try:
        title = models.title(settings.model)
    except UserError:
        title = settings.model
    differs = [
        f"{name} {value}"
        for name, value in (
            (_("layer"), settings.layer),
            (_("pooling"), settings.pooling),
            (_("head"), settings.head),
            (_("dimensions"), settings.dim),
        )
        if value is not None
    ]
    return " · ".join([title, *differs]) if settings.model == other.model else title
