"""How long a race is: the usual one, or a short one for a class that shares a worker (16 to 31 s on two cores)."""

from dataclasses import dataclass

import streamlit as st

from ui.frame import address
from ui.frame.translation import N_, _, language


@dataclass(frozen=True)
class Preset:
    """What the settings of a race begin with; None is what is usual."""

    name: str
    losses: int | None = None
    """So many of the usual ones."""
    seeds: int | None = None
    layer: int | None = None
    """From which training starts, where the model has so many."""
    tune: str | None = None
    epochs: int | None = None

    @property
    def suffix(self) -> str:
        """Of the keys of widgets, which begin anew when another length is chosen."""
        return "" if self.name == USUAL else f"-{self.name}"


USUAL, SHORT = "usual", "short"
LENGTHS = {USUAL: N_("usual"), SHORT: N_("short")}
PRESETS = {USUAL: Preset(USUAL), SHORT: Preset(SHORT, losses=2, seeds=1, layer=3, tune="top:1", epochs=3)}


def choose() -> Preset:
    """Asks how long a race shall be."""
    key, keep = address.widget("race-length", list(LENGTHS), USUAL, language=language())
    name = st.segmented_control(
        _("Length of the race"),
        list(LENGTHS),
        format_func=lambda one: _(LENGTHS[one]),
        required=True,
        key=key,
        on_change=keep,
    )
    preset = PRESETS[name or USUAL]
    if preset.name == SHORT:
        st.caption(_("For a class: two losses, one seed, from layer 3. Too few seeds to name a winner."))
    return preset
