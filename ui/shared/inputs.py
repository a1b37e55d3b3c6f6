"""Inputs that several pages share: sentences, and the encoder's settings."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.data import bundled
from simcse_core.data.cells import in_one_line, split_lines
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS
from simcse_core.encoding.catalogue import CATALOGUE, ModelCard, can_read_instead, is_here
from simcse_core.encoding.head import HEADS
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import UserError
from simcse_core.limits import check_texts, limits
from ui.frame import address, uploads
from ui.frame.errors import plain, user_errors
from ui.frame.translation import _, joined, language
from ui.shared import cache, defaults, model_fetch, models, names, prompt_and_dim, reading, table_mapping
from ui.shared.typing_area import offer_other_text, put, reset, typing_area

SENTENCES = "sentences"
"""Key of the text area on the page Similarity."""
_FILE, _ROUND = "upload-file", "upload-round"


@dataclass(frozen=True)
class _File:
    """What was taken from a file."""

    name: str
    count: int


def sentences(settings: cache.EncoderSettings, on_sample: Callable[[str], None] = lambda _name: None) -> list[str]:
    """A sample set, an uploaded file or what is typed: one sentence a line.

    Args:
        settings: of the encoder that has to read them; under the text stands what it cannot do justice to.
        on_sample: is called with the name of a sample that somebody has chosen.

    Raises:
        InputError: there are too many sentences, or one is too long.
    """
    samples = bundled.samples()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = _choose_sample(on_sample)
        # With another key it is another popover, which is closed, so that it does not cover what it has changed.
        with st.popover(_("Upload"), icon=":material/upload:", key=f"upload-box-{st.session_state.get(_ROUND, 0)}"):
            _upload_sentences()
    sample = samples[name].in_language(language())
    texts = split_lines(
        typing_area(
            _("Sentences, one a line"),
            default="\n".join(sample.sentences),
            source=name,
            key=SENTENCES,
            note=_note_on(settings),
        )
    )
    offer_other_text(SENTENCES)
    if (file := st.session_state.get(_FILE)) is not None:
        st.caption(_("{n:,} sentences from {name}.").format(n=file.count, name=plain(file.name)))
    elif texts == sample.sentences:
        st.caption(sample.look_for)
    check_texts(texts, limits().max_heatmap_texts, "max_heatmap_texts")
    return texts


def _choose_sample(on_sample: Callable[[str], None]) -> str:
    """The name of a sample; a file that was taken stands there by its name until a sample is chosen again."""
    samples = bundled.samples()
    key, keep = address.widget("sample", list(samples), next(iter(samples)), language=language())
    name: str = st.session_state[key]
    file: _File | None = st.session_state.get(_FILE)
    if file is not None:
        key = f"{key}-{file.name}"
        st.session_state[key] = _FILE

    def take() -> None:
        if st.session_state[key] == _FILE:
            return
        if file is None:
            keep()
        else:
            del st.session_state[_FILE]
            address.put("sample", st.session_state[key])
            reset(SENTENCES, "\n".join(samples[st.session_state[key]].in_language(language()).sentences))
        on_sample(st.session_state[key])

    st.selectbox(
        _("Sample"),
        [*([_FILE] if file else []), *samples],
        format_func=lambda one: (
            file.name if file is not None and one == _FILE else samples[one].in_language(language()).title
        ),
        key=key,
        on_change=take,
    )
    return name


def is_sample(texts: Sequence[str]) -> bool:
    """Whether these are the sentences of a sample set, as they came."""
    return any(
        list(texts) == sentences for sample in bundled.samples().values() for sentences in sample.sentences.values()
    )


def _note_on(settings: cache.EncoderSettings) -> Callable[[str], str]:
    """Which lines are too long or unreadable to a model, for the line under the text."""

    def note(text: str) -> str:
        texts = split_lines(text)
        if not texts or len(texts) > limits().max_heatmap_texts or not cache.is_loaded(settings.model):
            return ""
        if max(map(len, texts)) > limits().max_text_characters:
            return ""
        try:
            check = cache.check(tuple(texts), settings)
        except UserError:  # the page says below that the model cannot be used
            return ""
        problems = []
        if check.truncated:
            problems.append(
                _("This model reads only the beginning of lines {lines}").format(lines=_numbers(check.truncated))
            )
        if check.unreadable:
            problems.append(_("This model cannot read lines {lines}").format(lines=_numbers(check.unreadable)))
        return " · ".join(problems)

    return note


def _numbers(positions: Sequence[int], most: int = 5) -> str:
    return ", ".join(str(position + 1) for position in positions[:most]) + (" …" if len(positions) > most else "")


def _upload_sentences() -> None:
    """A file fills the text area once and is then forgotten; one that cannot be used leaves everything as it is."""
    file = st.file_uploader(
        _("A text file with one sentence a line, or a table"),
        type=[ending[1:] for ending in TEXT_ENDINGS + TABLE_ENDINGS],
        max_upload_size=limits().max_file_megabytes,
        key=f"upload-{st.session_state.get(_ROUND, 0)}",
    )
    if file is None:
        return
    with user_errors():
        resolved = reading.choose_reading(file.name, uploads.content(file), file.file_id, "upload")
        if resolved is None:  # it has to be said how it is read
            return
        texts = table_mapping.choose_texts(resolved, token=file.file_id, key="upload")
        if texts is not None:
            _take_sentences(file.name, texts)
            st.rerun()


def _take_sentences(name: str, texts: Sequence[str]) -> None:
    """Put the texts of a file into the text area, one a line, and forget the file.

    Raises:
        UserError: there are too many, or one is too long.
    """
    lines = [line for line in map(in_one_line, texts) if line]
    check_texts(lines, limits().max_heatmap_texts, "max_heatmap_texts")
    put(SENTENCES, "\n".join(lines))
    st.session_state[_FILE] = _File(name, len(lines))
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def encoder_settings(
    prefix: str = "",
    *,
    places: Sequence[DeltaGenerator] | None = None,
    model: str | None = None,
    layers_less: int = 0,
    is_search: bool = False,
) -> cache.EncoderSettings:
    """Model, layer, pooling, head, prompt and dimensions. A frozen model has no layers and no tokens; the page says so.

    Args:
        prefix: of the settings' names in the address, for a second encoder beside the first.
        places: where model, layer, pooling, and all the rest go; None puts them one under the other.
        model: it starts with; None is the one that reads the language of the interface.
        layers_less: how far below the last layer it starts.
        is_search: whether a model that has one prompt for queries and another for documents starts with both.
    """
    for_model, for_layer, for_pooling, for_head = places or [st.container() for _setting in range(4)]
    with for_model:
        card = model_choice(f"{prefix}model", model)
    if not is_here(address.remembered(f"{prefix}model", _offered(f"{prefix}model"), card.name)):
        return cache.EncoderSettings(card.name)  # used meanwhile; the settings of the chosen model stay in the address
    if card.layers is None or card.pooling is None:  # it is frozen
        for_layer.caption(
            _("It is frozen: it gives sentence embeddings only, so there are no layers or poolings to choose.")
        )
        _prompt, dim = prompt_and_dim.choose(card, for_pooling, prefix)
        return cache.EncoderSettings(card.name, dim=dim)
    layer = 0  # a run that was cut there has no other, and a slider of one place is an error
    if card.layers > 0:
        key, keep = address.widget(f"{prefix}layer", range(card.layers + 1), max(card.layers - layers_less, 0))
        layer = for_layer.slider(
            _("Layer"),
            0,
            card.layers,
            key=key,
            on_change=keep,
            help=_("0 is the word embeddings, the last one is the model's output."),
        )
    choices = list(dict.fromkeys([*poolings.names(), card.pooling]))  # a folder may bring one that is not offered
    key, keep = address.widget(f"{prefix}pooling", choices, card.pooling, language=language())
    pooling = for_pooling.selectbox(
        _("Pooling"),
        choices,
        format_func=names.pooling_name,
        key=key,
        on_change=keep,
        help="\n".join(f"- {names.pooling_name(entry.name)}: {_(entry.summary)}" for entry in poolings.entries()),
    )
    key, keep = address.widget(f"{prefix}head", list(HEADS), "none")
    head = for_head.selectbox(
        _("Linear head"),
        list(HEADS),
        key=key,
        on_change=keep,
        help="\n".join(f"- `{name}`: {_(text)}" for name, text in HEADS.items()),
    )
    prompt, dim = prompt_and_dim.choose(card, for_head, prefix, starts_with_pair=is_search)
    # What the model does by itself counts as not set, so that the cached embeddings are used.
    return cache.EncoderSettings(
        card.name,
        layer=None if layer == card.layers else layer,
        pooling=None if pooling == card.pooling else pooling,
        head=None if head == "none" else head,
        prompt=prompt,
        dim=dim,
    )


def warn_about(texts: list[str], settings: cache.EncoderSettings) -> None:
    """Say which texts the model cannot do justice to."""
    model = settings.model
    check = cache.check(tuple(texts), settings)
    if check.unreadable:
        numbers = _some_of(check.unreadable, texts)
        message = _("{model} cannot read these texts: {numbers}. Their cosines mean nothing.").format(
            model=models.card(model).title, numbers=numbers
        )
        if (reader := can_read_instead(model)) is not None:
            message = joined(message, _("Choose the model {other}.").format(other=CATALOGUE[reader].title))
        st.warning(plain(message), icon=":material/translate:")
    if check.truncated:
        numbers = _some_of(check.truncated, texts)
        st.warning(plain(_("Too long for the model, only the beginning counts: {numbers}.").format(numbers=numbers)))


def _some_of(positions: Sequence[int], texts: Sequence[str], most: int = 3) -> str:
    named = ", ".join(f"{position + 1} “{texts[position][:24]}”" for position in positions[:most])
    return named + (f" … ({len(positions)})" if len(positions) > most else "")


def content_key(texts: list[str], settings: cache.EncoderSettings) -> str:
    """A short key for the embeddings of these texts under these settings."""
    return hashlib.sha256(repr((texts, settings)).encode("utf-8", "surrogatepass")).hexdigest()


def model_choice(name: str, start: str | None = None) -> ModelCard:
    """A model of the catalogue. It starts with the one that reads the language of the interface.

    Args:
        name: of the setting in the address.
        start: what it starts with; None is the one that reads the language of the interface.

    Returns:
        The chosen model; while it is not on this machine, the one that reads the language.
    """
    offered = _offered(name, start)
    key, keep = address.widget(name, offered, start or defaults.model(language()), language=language())
    model = st.selectbox(_("Model"), offered, format_func=models.title, key=key, on_change=keep)
    if not is_here(model):
        model_fetch.offer(CATALOGUE[model])
        card = CATALOGUE[defaults.model(language())]
        st.caption(_("Until it is downloaded, {model} is used.").format(model=card.title))
        return card
    card = models.card(model)
    notes = [_("Reads: {languages}.").format(languages=_(card.languages))] if card.languages else []
    notes.append(_(card.note) if model in CATALOGUE else plain(card.note))
    if not cache.is_loaded(model):
        notes.append(_("It is loading."))
    st.caption(joined(*notes))
    return card


def _offered(name: str, start: str | None = None) -> list[str]:
    """The models that can be chosen for a setting, with the one that its link or the session asks for."""
    return models.names([st.query_params.get(name), address.choice_of(name), start])
