"""The view Try it: a text that somebody types, its classes, the words that carry them, the nearest labelled texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.protocol import Encoder
from simcse_core.errors import InputError
from simcse_core.limits import check_texts
from simcse_core.meaning.attribution import Word, words_for
from ui.classify import answer, charts
from ui.classify.abstain import THRESHOLD
from ui.classify.data import written
from ui.classify.question import Question
from ui.frame import projector
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import _, explain, joined, language
from ui.shared import cache
from ui.shared.names import label_name
from ui.shared.turns import Results, tokens_in
from ui.shared.typing_area import typing_area

if TYPE_CHECKING:
    from simcse_core.uses.classification import Classifier

KEY = "classify-text"
MOST_CLASSES = 8
NEAREST = 5
EXAMPLES = {
    "en": "Somebody else wants my book, can I keep it a week longer?",
    "zh_CN": "有人预约了我手上的书，我还能多留一周吗？",
}


@dataclass(frozen=True, eq=False)
class WordEffects:
    """By how much the probability of a class falls without each word."""

    words: tuple[Word, ...]
    effects: NDArray[np.float64]
    """(W,)."""


def show(question: Question, places: Stage) -> None:
    """What the classifier says of the text."""
    with places.rail:
        text = _text(question)
    classifier = answer.classifier(question)
    if classifier is None:
        return
    if not text.strip():
        st.info(_("Type a text on the right: its classes appear here."), icon=":material/edit:")
        return
    check_texts([text], 1, "max_heatmap_texts")
    row = cache.embeddings([text], question.settings)
    prediction = classifier.predict_embeddings(row)[0]
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])[:MOST_CLASSES]
    with places.figure:
        _figures(question, classifier, text, ranked)
    with places.finding:
        st.markdown(_finding(ranked, _threshold()))
    with places.rail:
        _nearest(question, row)


def _text(question: Question) -> str:
    first = EXAMPLES.get(language(), EXAMPLES["en"]) if question.is_first else question.data.texts[0]
    text = typing_area(_("Text"), default=first, source=question.data.chosen.key, key=KEY, is_query=True)
    return " ".join(text.split())


def _threshold() -> float | None:
    """The threshold that was set under When to abstain; None before."""
    set_there = st.session_state.get(f"{THRESHOLD}-setting")
    return set_there.threshold if set_there is not None else None


def _figures(question: Question, classifier: "Classifier", text: str, ranked: Sequence[tuple[str, float]]) -> None:
    names, probabilities = [name for name, _p in ranked], [p for _name, p in ranked]
    classes, words = st.columns(2, gap="medium")
    with classes:
        st.caption(_("Classes"))
        said = ", ".join(f"{label_name(name)} {probability:.0%}" for name, probability in ranked)
        projector.chart(
            charts.class_bars(list(map(label_name, names)), probabilities, threshold=_threshold()),
            key="classify-classes",
            alt=_("Probabilities of the classes: {classes}.").format(classes=said),
        )
    with words:
        st.caption(_("Which words carry **{label}**").format(label=plain(label_name(names[0]))))
        try:
            effects = _effects(question, classifier, text, names[0])
        except InputError as error:
            st.info(plain(explain(error)))
            return
        said = ", ".join(
            f"{word.text} {100 * effect:+.0f}" for word, effect in zip(effects.words, effects.effects, strict=True)
        )
        projector.chart(
            charts.word_effects(
                [word.text for word in effects.words],
                effects.effects.tolist(),
                title=_("points lost without the word"),
            ),
            key="classify-words",
            alt=_("Effect of each word on {label}: {words}.").format(label=label_name(names[0]), words=said),
        )


def _finding(ranked: Sequence[tuple[str, float]], threshold: float | None) -> str:
    (label, probability), *others = ranked
    said = _("**{label}** with {probability:.0%}").format(label=plain(label_name(label)), probability=probability)
    said += (
        _(", then {label} with {probability:.0%}.").format(
            label=plain(label_name(others[0][0])), probability=others[0][1]
        )
        if others
        else "."
    )
    if threshold is not None and probability < threshold:
        said = joined(
            said, _("That is below the threshold {threshold:.2f}: no class is named.").format(threshold=threshold)
        )
    return said


def _nearest(question: Question, row: NDArray[np.float32]) -> None:
    """The labelled texts that are closest to it."""
    data = question.data
    cosines = cache.embeddings(data.texts, question.settings) @ row[0]
    order = np.argsort(-cosines, kind="stable")[:NEAREST]
    st.caption(_("The nearest labelled texts"))
    st.table(
        {
            _("cosine"): [f"{cosines[place]:.2f}" for place in order],
            _("text"): [plain(data.texts[place]) for place in order],
            _("label"): [plain(label_name(written(data.labels[place]))) for place in order],
        },
        hide_index=True,
    )


def _effects(question: Question, classifier: "Classifier", text: str, label: str) -> WordEffects:
    model = cache.encoder(question.settings)
    key = (text, label, question.key)
    tokens = len(text.split()) * tokens_in([text])
    return _cached().get(key, tokens, lambda _turn: leave_one_out(model, classifier, text, label))


def leave_one_out(model: Encoder, classifier: "Classifier", text: str, label: str) -> WordEffects:
    """The effect of every word of a text on the probability of a class, in one batch.

    Raises:
        InputError: the text has more words than the limit.
    """
    words = words_for(model, text)
    without = [" ".join((text[: word.start] + text[word.end :]).split()) for word in words]
    probabilities = classifier.probabilities(model.encode([text, *without]))[:, classifier.classes.index(label)]
    return WordEffects(words, probabilities[0] - probabilities[1:])


@st.cache_resource(show_spinner=False)
def _cached() -> Results[WordEffects]:
    return Results(200, cache.turns())
