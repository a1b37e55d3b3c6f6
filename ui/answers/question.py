"""The question that is asked: typed, or one of those that come with the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.data.cells import split_lines
from simcse_core.data.faq import Asked
from simcse_core.data.kinds import normalised
from simcse_core.limits import check_lengths
from ui.answers.lists import List
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import charts
from ui.shared.typing_area import put, typing_area

KEY = "answers-question"
_PLACE = "asked"
"""Of the chosen question among those that come with the list; in the address."""
OFFERED = 2
"""Questions of each sort at once."""
LONGEST = 46
STARTS = {"faq-en": "Give me the price of one journey, please.", "faq-zh": "能把车骑到城外去吗？"}
"""Where bundled lists begin: with a question that shares no word with its answer."""


@dataclass(frozen=True)
class Question:
    """What is asked, and what is known of it."""

    text: str
    known: Asked | None = None
    """With the entry that answers it, where the question comes with the list."""


def choose(chosen: List) -> Question:
    """The question, which follows the typing.

    Raises:
        InputError: it is too long.
    """
    asked = chosen.faq.asked
    texts = [one.question for one in asked] or list(chosen.faq.questions)
    place = _place(chosen)
    typed = typing_area(
        _("Your question"),
        default=texts[place],
        source=f"{chosen.key[:16]} {place}",
        key=KEY,
        is_query=True,
    )
    text = " ".join(split_lines(typed))
    check_lengths([text])
    is_listed = bool(asked) and normalised(text) == normalised(texts[place])
    address.write(_PLACE, place if is_listed and place != _start(chosen) else None)
    known = next((one for one in asked if normalised(one.question) == normalised(text)), None)
    return Question(text, known)


def _start(chosen: List) -> int:
    texts = [one.question for one in chosen.faq.asked]
    start = STARTS.get(chosen.source)
    return texts.index(start) if start in texts else 0


def _place(chosen: List) -> int:
    """Of the question that was chosen last, among those that come with the list."""
    return address.remembered(_PLACE, range(max(len(chosen.faq.asked), 1)), _start(chosen))


def offer(chosen: List) -> None:
    """Questions to try: some that an entry answers in other words, and some that none answers."""
    asked = chosen.faq.asked
    if not asked:
        return
    answered = [place for place, one in enumerate(asked) if one.entry is not None]
    unanswered = [place for place, one in enumerate(asked) if one.entry is None]
    turn = st.session_state.get(f"{KEY}-turn", 0)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_("Try: asked in other words"))
        if len(asked) > 2 * OFFERED:
            st.button(
                _("Other questions"),
                icon=":material/refresh:",
                type="tertiary",
                key=f"{KEY}-others",
                on_click=lambda: st.session_state.update({f"{KEY}-turn": turn + 1}),
            )
    _chips(chosen, _some(answered, turn))
    if unanswered:
        st.caption(_("Try: without an answer in this list"))
        _chips(chosen, _some(unanswered, turn))


def _some(places: Sequence[int], turn: int) -> list[int]:
    """The next few, far apart from each other, so that they are about different entries."""
    if not places:
        return []
    step = max(len(places) // OFFERED, 1)
    return list(dict.fromkeys(places[(turn + number * step) % len(places)] for number in range(OFFERED)))


def _chips(chosen: List, places: Sequence[int]) -> None:
    with st.container(gap="xxsmall"):
        for place in places:
            st.button(
                plain(charts.shorten(chosen.faq.asked[place].question, LONGEST)),
                key=f"{KEY}-chip-{place}",
                on_click=ask,
                args=(chosen, place),
            )


def ask(chosen: List, place: int) -> None:
    """Ask a question that comes with the list, by its place among them."""
    if _place(chosen) == place:
        put(KEY, chosen.faq.asked[place].question)
    address.put(_PLACE, place)
