"""One pair of sentences in the rail: its cosine, its angle, how unusual that is, and which words carry it."""

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from simcse_core.data.language import language_of
from simcse_core.data.writers import safe
from simcse_core.encoding.catalogue import CATALOGUE, can_read_instead
from simcse_core.errors import InputError
from simcse_core.meaning.attribution import WordPairs, word_pairs
from simcse_core.meaning.similarity import Background, Matrix
from ui.frame import address, projector
from ui.frame.errors import plain
from ui.frame.translation import N_, _, explain
from ui.shared import cache, charts, heatmap, word_effects
from ui.shared.heatmap import Cell
from ui.shared.inputs import is_sample
from ui.shared.turns import Results, tokens_in
from ui.similarity import pair_charts

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE

KEY = "pair"
CELL = "cell"
"""In the address: the numbers of two lines, as "1-2"."""
PICTURES = {"shares": N_("What each pair of words adds"), "cosines": N_("How close the words are")}


def selected(texts: Sequence[str], clicked: Cell | None) -> Cell | None:
    """The cell to look at: clicked just now, chosen before, or named by the address; None for no such cell."""
    if clicked is not None:
        choose(texts, clicked)
    name, _keep = address.text_widget(CELL)
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", st.session_state[name])
    cell = (int(match[1]) - 1, int(match[2]) - 1) if match else None
    return cell if cell and min(cell) >= 0 and max(cell) < len(texts) else None


def choose(texts: Sequence[str], cell: Cell) -> None:
    """Look at a cell. Its two sentences are remembered: their words are looked at, and not those of the next key."""
    address.put(CELL, f"{cell[0] + 1}-{cell[1] + 1}")
    st.session_state[KEY] = _texts_of(texts, cell)


def close() -> None:
    """Look at no cell."""
    address.put(CELL, "")
    st.session_state.pop(KEY, None)


def _texts_of(texts: Sequence[str], cell: Cell) -> tuple[str, str]:
    return texts[cell[0]], texts[cell[1]]


def show(texts: Sequence[str], similarity: Matrix, settings: cache.EncoderSettings, cell: Cell) -> None:
    """A chosen pair.

    Words are looked at in pairs that somebody chose and in the samples: with every key typed it would be too much.

    Args:
        texts: N sentences.
        similarity: (N, N).
        settings: of the encoder.
        cell: the chosen pair.
    """
    head = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    head.subheader(_("Lines {first} and {second}").format(first=cell[0] + 1, second=cell[1] + 1), anchor=False)
    head.button(_("Close"), icon=":material/close:", key="pair-close", on_click=close)
    first, second = _ask(texts, cell)
    cosine = float(similarity[first, second])
    numbers = st.container(horizontal=True, gap="medium")
    numbers.metric(_("Cosine"), heatmap.two_digits(cosine), width="content")
    numbers.metric(_("Angle"), f"{math.degrees(math.acos(min(max(cosine, -1.0), 1.0))):.1f}°", width="content")
    languages = [language_of([texts[position]]) for position in (first, second)]
    readable = not cache.check((texts[first], texts[second]), settings).unreadable
    background = cache.background(settings, *languages) if readable else None
    if background is None:
        _cannot_read(settings.model)
        return
    if first == second or texts[first] == texts[second]:
        st.caption(_("The same sentence twice: nothing to take apart."))
        return
    percentile = background.percentile(cosine)
    if not math.isnan(percentile):
        numbers.metric(_("Percentile"), _short(percentile), width="content")
        st.markdown(_in_words(percentile))
    if not is_sample(texts) and st.session_state.get(KEY) != (texts[first], texts[second]):
        st.button(
            _("Which words carry it?"), icon=":material/match_word:", on_click=choose, args=(texts, (first, second))
        )
        return
    try:
        _words(texts, (first, second), settings)
    except InputError as error:
        st.info(plain(explain(error)))
        return
    more = st.expander(_("More about this pair"), icon=":material/zoom_in:", key="pair-more", on_change="rerun")
    if more.open:
        with more:
            _more(texts[first], texts[second], cosine, settings, background)


def _ask(texts: Sequence[str], cell: Cell) -> Cell:
    """Two select boxes: the way to another pair without a mouse."""
    keys = [f"{KEY}-{role}-{hash(tuple(texts))}" for role in ("first", "second")]
    for key, position in zip(keys, cell, strict=True):
        st.session_state[key] = position

    def keep() -> None:
        choose(texts, (st.session_state[keys[0]], st.session_state[keys[1]]))

    labels = (_("Sentence"), _("Other sentence"))
    for column, label, key in zip(st.columns(2, gap="small"), labels, keys, strict=True):
        column.selectbox(
            label,
            range(len(texts)),
            format_func=lambda position: charts.numbered(texts, position),
            key=key,
            on_change=keep,
            label_visibility="collapsed",
        )
    return st.session_state[keys[0]], st.session_state[keys[1]]


def _cannot_read(model: str) -> None:
    message = _(
        "The model cannot read this pair: its cosine means nothing, so there is no percentile and no look at words."
    )
    st.warning(plain(message), icon=":material/translate:")
    use_reader(model, key="pair-reader")


def use_reader(model: str, *, key: str) -> None:
    """A button that changes to a model that reads more languages, where there is one."""
    if (reader := can_read_instead(model)) is not None:
        st.button(
            _("Use {model}").format(model=CATALOGUE[reader].title),
            icon=":material/swap_horiz:",
            key=key,
            on_click=address.put,
            args=("model", reader),
        )


def _short(percentile: float) -> str:
    """A percentile of a sample never says 0 or 100."""
    if percentile >= 99.95:
        return "> 99.9"
    return "< 0.1" if percentile <= 0.05 else f"{percentile:.1f}"


def _in_words(percentile: float) -> str:
    if percentile >= 99.95:
        return _("Closer than **practically all** pairs of unrelated sentences.")
    if percentile <= 0.05:
        return _("**Practically no** pair of unrelated sentences is farther apart.")
    return _("Closer than **{percentile:.1f} %** of the pairs of unrelated sentences.").format(percentile=percentile)


def _words(texts: Sequence[str], cell: Cell, settings: cache.EncoderSettings) -> None:
    """Both sentences, each word shaded by what the cosine loses without it."""
    first, second = _texts_of(texts, cell)
    effects = word_effects.effects(first, second, settings)
    word_effects.shaded(
        [
            word_effects.WordsOfText(str(position + 1), text, words, of_words if len(words) > 1 else None)
            for position, text, words, of_words in zip(
                cell, (first, second), effects.words, effects.effects, strict=True
            )
        ],
        key="pair-words",
    )
    st.caption(_("Purple words bring the two sentences closer, orange words keep them apart."))


def _more(first: str, second: str, cosine: float, settings: cache.EncoderSettings, background: Background) -> None:
    """Where the cosine lies among unrelated ones, a bar for each word, and the words of one against the other's."""
    st.caption(_("Exactly {cosine:.6f}.").format(cosine=cosine))
    projector.chart(
        pair_charts.spread(background, marked=cosine, names=(_("unrelated sentences"), ""), axis=_("cosine")),
        key="pair-spread",
        alt=_("How often unrelated sentences have which cosine, with this pair at {cosine:.2f}.").format(cosine=cosine),
    )
    _bars(first, second, settings)
    if cache.encoder(settings).layers is None:
        st.caption(_("This model gives sentence embeddings only: it has no tokens to compare word by word."))
    elif cache.bert(settings).sentence_layers is not None:
        st.caption(
            _(
                "This model has layers after its pooling: what single tokens bring to the pooled embedding does not "
                "add up to the cosine, so there is no comparison word by word."
            )
        )
    else:
        _word_by_word(first, second, settings)


def _bars(first: str, second: str, settings: cache.EncoderSettings) -> None:
    st.subheader(_("Which words carry it?"), anchor=False)
    st.caption(
        _(
            "Each word is left out once; in Chinese each character, or the characters that the model reads as one "
            "token. The bar is what the cosine loses: purple words bring the two sentences closer, orange ones keep "
            "them apart."
        )
    )
    effects = word_effects.effects(first, second, settings)
    reach = 1.35 * max(0.05, *(float(np.abs(of_words).max(initial=0)) for of_words in effects.effects))
    for role, text, words, of_words, remainder in zip(
        ("first", "second"), (first, second), effects.words, effects.effects, effects.remainders, strict=True
    ):
        st.markdown(f"**{plain(text)}**")
        if len(words) < 2:
            st.caption(_("With fewer than two words there is nothing to leave out."))
            continue
        projector.chart(
            pair_charts.word_effects(words, of_words, reach=reach, title=_("what the cosine loses")),
            key=f"effects-{role}",
            alt=_("For each word of “{text}”, what the cosine loses without it.").format(text=text)
            + " "
            + ", ".join(f"{word.text} {effect:+.2f}" for word, effect in zip(words, of_words, strict=True)),
        )
        st.caption(
            _(
                "Not carried by any single word: {rest:+.2f} of {cosine:.2f}. Where several words say the "
                "same, leaving one out changes little."
            ).format(rest=remainder, cosine=effects.cosine)
        )


def _word_by_word(first: str, second: str, settings: cache.EncoderSettings) -> None:
    st.subheader(_("Word by word"), anchor=False)
    picture = st.segmented_control(
        _("Picture"),
        list(PICTURES),
        format_func=lambda name: _(PICTURES[name]),
        default="shares",
        required=True,
        key="word-picture",
        label_visibility="collapsed",
    )
    model = cache.bert(settings)
    pairs = _word_pairs(first, second, settings, model)
    rows, columns = ([word.text for word in sentence] for sentence in pairs.words)
    if not rows or not columns:
        return
    if picture == "cosines":
        values, reach = pairs.cosines, 1.0
        caption = _(
            "The cosine of the words' hidden states in this layer. The state of a word already depends on its sentence."
        )
    else:
        values, reach = 100 * pairs.shares, max(2.0, 100 * float(np.abs(pairs.shares).max()))
        marks = " ".join(mark for mark in (model.tokenizer.cls_token, model.tokenizer.sep_token) if mark)
        rows, columns = [*rows, marks], [*columns, marks]
        caption = _(
            "What each pair of words adds to the cosine, in hundredths; all cells together give {cosine:.2f}. "
            "{marks} are the model's own marks around a sentence."
        ).format(cosine=pairs.cosine, marks=marks)
    projector.chart(
        pair_charts.word_pairs(values, rows, columns, reach=reach),
        key="word-pairs",
        alt=caption + " " + _strongest(values, rows, columns),
    )
    st.caption(plain(caption))
    with st.expander(_("These words as numbers"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                values.round(3),
                columns=[safe(f"{number} {column}") for number, column in enumerate(columns, 1)],
                index=pd.Index([safe(row) for row in rows]),
            )
        )


def _strongest(values: Matrix, rows: Sequence[str], columns: Sequence[str], most: int = 3) -> str:
    best = np.argsort(-values, axis=None, kind="stable")[:most]
    return ", ".join(
        f"{rows[cell // len(columns)]} · {columns[cell % len(columns)]} {values.flat[cell]:.2f}" for cell in best
    )


def _word_pairs(first: str, second: str, settings: cache.EncoderSettings, model: "SimCSE") -> WordPairs:
    tokens = tokens_in([first, second])
    return _pairs().get((first, second, settings), tokens, lambda _turn: word_pairs(model, first, second))


@st.cache_resource(show_spinner=False)
def _pairs() -> Results[WordPairs]:
    return Results(300, cache.turns())
