"""What is chosen on the page Losses: a batch, the losses to compare and their options, or a mistake to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.data.cells import split_lines
from simcse_core.learning.circle import FAILURES, Batch, batch_from_lines, on_circle
from simcse_core.learning.circle.batch import LabelledTexts
from simcse_core.learning.losses import OfInput, losses
from simcse_core.limits import limits
from ui.frame import address, errors
from ui.frame.translation import N_, _, language
from ui.losses import run
from ui.losses.breaking import MISTAKES
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
    TYPED: N_("My own sentences"),
}
SAMPLE = N_(
    "weather: It will rain all afternoon.\n"
    "weather: Take an umbrella, the clouds are dark.\n"
    "weather: Tomorrow the sun comes back.\n"
    "food: The soup needs a little more salt.\n"
    "food: She bakes bread every Sunday.\n"
    "food: This café has the best cake in town.\n"
    "travel: The train to the coast leaves at nine.\n"
    "travel: We missed our flight.\n"
    "travel: Is there a bus to the old town?"
)
"""Sentences to begin with, three labels with three each."""
NOT_HERE = {"hard_negative_weight"}
"""Options of inputs that a circle does not have."""

LABEL_HEIGHT = 28
"""Pixels above a widget without a label, so that it stands in one line with those that have one."""


@dataclass(frozen=True)
class TypedStart:
    """Typed sentences on the circle."""

    sentences: LabelledTexts
    batch: Batch
    off: float
    """By how much a cosine differs on the circle, on average."""


def mistake() -> str | None:
    """The mistake to look at; None when losses are compared."""
    options = ["", *FAILURES]
    name = address.remembered("break", options, "")
    key = f"break-{language()}"
    st.session_state[key] = name or None

    def remember() -> None:
        address.put("break", st.session_state[key] or "")

    st.pills(
        _("Break it · click again to go back") if name else _("Break it"),
        list(FAILURES),
        format_func=lambda option: _(MISTAKES[option].title),
        key=key,
        on_change=remember,
        wrap=True,
    )
    if not name:
        address.write("break", None)
    return name or None


def losses_to_compare(*, disabled: bool) -> list[str]:
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

    st.pills(_("Losses"), names, selection_mode="multi", key=key, on_change=remember, disabled=disabled, wrap=True)
    if ",".join(selected) == default:
        address.write("losses", None)
    return selected


def batch_choice(*, disabled: bool) -> str:
    """The name of a batch of `BATCHES`."""
    key, remember = address.widget("batch", list(BATCHES), "three", language=language())
    name: str = st.selectbox(
        _("Batch"),
        list(BATCHES),
        format_func=lambda name: _(BATCHES[name]),
        key=key,
        on_change=remember,
        disabled=disabled,
    )
    return name


def options_of(names: Sequence[str], *, disabled: bool, folded: bool) -> dict[str, dict[str, Any]]:
    """The options of each loss; ranges and explanations come from the losses themselves.

    Args:
        names: of the losses.
        disabled: they do not count now.
        folded: away behind a button.
    """
    values: dict[str, dict[str, Any]] = {}
    with _folded_away(disabled) if folded else st.container():
        for name in names:
            st.markdown(f"**{name}** · {_(losses[name].summary)}")
            values[name] = {
                field.name: option_widgets.slider(field, f"{name}-{field.name}", disabled=disabled)
                for field in losses[name].fields
                if field.name not in NOT_HERE and not field.has(OfInput)
            }
    return values


def _folded_away(disabled: bool) -> DeltaGenerator:
    place = st.container(width="content", gap=None)
    place.space(LABEL_HEIGHT)
    return place.popover(_("Settings"), icon=":material/tune:", disabled=disabled)


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
    embeddings = cache.embeddings(sentences.texts, cache.EncoderSettings(model))
    batch, off = on_circle(sentences, embeddings)
    if not sentences.has_matches:
        st.info(errors.plain(_("No two sentences have the same label, so there is no match.")), icon=":material/info:")
    return TypedStart(sentences, batch, off)
