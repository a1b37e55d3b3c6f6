"""What is chosen on the page Losses: a batch, the losses to compare and their options, or a mistake to look at."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import streamlit as st

from simcse_core.data.cells import split_lines
from simcse_core.learning.circle import FAILURES, Fit, batch_from_lines, on_circle
from simcse_core.learning.circle.batch import LabelledTexts
from simcse_core.learning.losses import OfInput, losses
from simcse_core.limits import limits
from ui.frame import address, errors
from ui.frame.translation import N_, _, language
from ui.losses import run
from ui.losses.breaking import MISTAKES
from ui.losses.view import Setting
from ui.shared import cache, defaults, option_widgets
from ui.shared.typing_area import offer_other_text, typing_area

TYPED = "own"
"""In the address."""
BATCHES = {
    "three": N_("Three classes, mixed up"),
    "two": N_("Two classes, mixed up"),
    "close": N_("Everything close together"),
    "look_alikes": N_("Look-alikes: overlapping classes"),
    "astray": N_("One text on the wrong side"),
}
SAMPLE = N_(
    "weather: It will rain all afternoon.\n"
    "weather: There will be rain this afternoon.\n"
    "food: The soup needs a little more salt.\n"
    "food: More salt is needed in the soup."
)
"""Sentences to begin with, two labels with two each; so few and so alike that a circle has room for their cosines."""
NOT_HERE = {"hard_negative_weight"}
"""Options of inputs that a circle does not have."""
VIEWS = {"compare": N_("Compare losses"), "break": N_("Break it"), "own": N_("My own sentences")}


@dataclass(frozen=True)
class TypedStart:
    """Typed sentences, and where they stand on the circle."""

    sentences: LabelledTexts
    fit: Fit


def view() -> str:
    """Which of `VIEWS` is shown; the address says it by `break` and by `batch`."""
    broken = address.remembered("break", ["", *FAILURES], "")
    typed = address.remembered("batch", [*BATCHES, TYPED], "three") == TYPED
    shown = "break" if broken else TYPED if typed else "compare"
    key = f"circle-view-{language()}"
    st.session_state[key] = shown

    def go() -> None:
        match st.session_state[key]:
            case "break":
                address.put("break", next(iter(FAILURES)))
            case chosen:
                address.put("break", "")
                address.put("batch", TYPED if chosen == TYPED else "three")

    st.segmented_control(
        _("View"),
        list(VIEWS),
        required=True,
        format_func=lambda name: _(VIEWS[name]),
        key=key,
        on_change=go,
        label_visibility="collapsed",
    )
    if not broken:
        address.write("break", None)
    if shown == "compare":
        return shown
    address.write("batch", TYPED if typed else None)
    return shown


def mistake() -> str:
    """The mistake to look at."""
    key, keep = address.widget("break", list(FAILURES), next(iter(FAILURES)), language=language(), always=True)
    name: str = st.selectbox(
        _("Mistake"),
        list(FAILURES),
        format_func=lambda option: _(MISTAKES[option].title),
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return name


def losses_to_compare() -> list[str]:
    """The losses to compare, in the order of the registry; at least one."""
    names = losses.names()
    subsets = [",".join(some) for count in range(1, len(names) + 1) for some in combinations(names, count)]
    default = ",".join(name for name in names if name in run.FIRST)
    selected = address.remembered("losses", subsets, default).split(",")
    key = "circle-losses"
    st.session_state[key] = selected

    def remember() -> None:
        picked = [name for name in names if name in st.session_state[key]]
        address.put("losses", ",".join(picked or selected))

    st.pills(_("Losses"), names, selection_mode="multi", key=key, on_change=remember, wrap=True)
    address.write("losses", None if ",".join(selected) == default else ",".join(selected))
    return selected


def batch_choice() -> str:
    """The name of a batch of `BATCHES`."""
    key, remember = address.widget("batch", list(BATCHES), "three", language=language())
    name: str = st.selectbox(
        _("Batch"),
        list(BATCHES),
        format_func=lambda name: _(BATCHES[name]),
        key=key,
        on_change=remember,
        label_visibility="collapsed",
    )
    return name


def options_of(name: str) -> tuple[dict[str, Any], tuple[Setting, ...]]:
    """The options of a loss as they are chosen, and how they stand beside its circle; ranges and explanations come from
    the loss itself."""
    values, settings = {}, []
    for field in losses[name].fields:
        if field.name in NOT_HERE or field.has(OfInput):
            continue
        choices, text = option_widgets.remembered(field, f"{name}-{field.name}")
        values[field.name] = choices[text]
        settings.append(Setting(field.name, _(field.explanation), tuple(choices), text))
    return values, tuple(settings)


def typed_sentences() -> TypedStart:
    """Sentences with labels, read by the model of the language and laid on the circle.

    Raises:
        UserError: they cannot be read.
    """
    text = typing_area(
        _("One a line: label: sentence"),
        default=_(SAMPLE),
        source="circle",
        key="circle-sentences",
    )
    offer_other_text("circle-sentences")
    st.caption(_("2 to {most} sentences. Those with the same label match.").format(most=limits().max_circle_texts))
    sentences = batch_from_lines(split_lines(text))
    model = defaults.model(language())
    fit = on_circle(sentences, cache.embeddings(sentences.texts, cache.EncoderSettings(model)))
    if not sentences.has_matches:
        st.info(errors.plain(_("No two sentences have the same label, so there is no match.")), icon=":material/info:")
    return TypedStart(sentences, fit)
