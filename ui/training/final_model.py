"""After a race: the same training once more on all rows, the held-out ones included."""

from collections.abc import Mapping, Sequence

import streamlit as st

from simcse_core.errors import UserError
from simcse_core.meaning.items import Items
from simcse_core.runs import folds, race
from simcse_core.runs.config import open_sides
from simcse_core.runs.race import Outcome
from simcse_core.runs.run import Run
from simcse_core.runs.store import get
from ui.frame.errors import user_errors
from ui.frame.translation import _
from ui.training import result


def offer(outcomes: Sequence[Outcome], beside: Mapping[str, Items], user: str) -> None:
    """A button that trains a loss of the race on all rows; nothing where no rows were held out, or their data is gone.

    Args:
        outcomes: of a race that is over.
        beside: the baselines of its result.
        user: who looks; the training is theirs.
    """
    finished = {outcome.loss: get(outcome.run) for outcome in reversed(outcomes) if outcome.finished}  # the first seed
    first = next(iter(finished.values()), None)
    if first is None or not first.shows_data(user) or not _holds_out(first):
        return  # it may be data that somebody else has brought
    losses = [name for name in dict.fromkeys(outcome.loss for outcome in outcomes) if name in finished]
    with st.expander(_("Train the final model on all rows"), icon=":material/done_all:"):
        st.caption(
            _(
                "The rows that were held out are learned from too, with the same settings. Nothing is left to measure "
                "that model on: the numbers above are what to expect of it."
            )
        )
        if first.config.settings.keep == "best":
            flattered = folds.SENTENCES["best_of"]
            st.caption(_(flattered))
        ahead = result.ahead(outcomes, beside)
        loss = st.segmented_control(
            _("Loss"),
            losses,
            default=ahead if ahead in losses else losses[0],
            required=True,
            key=f"final-loss-{outcomes[0].run}",
        )
        pressed = st.button(_("Train on all rows"), icon=":material/done_all:", key=f"final-{outcomes[0].run}")
        with user_errors():
            if pressed:
                run = finished[loss or losses[0]]
                st.query_params["race"] = race.start(
                    folds.final(run.config, [run]), [run.config.settings.loss], user=user
                )
                st.rerun()


@st.cache_data(max_entries=200, show_spinner=False)
def _held_out(run: str, _run: Run) -> int:
    try:
        return open_sides(_run.config).held
    except UserError:
        return 0


def _holds_out(run: Run) -> bool:
    return _held_out(run.id, run) > 0
