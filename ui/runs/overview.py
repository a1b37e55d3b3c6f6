"""The list of runs: of this user or of all, with search and selection."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath

import streamlit as st

from simcse_core.data.writers import safe
from simcse_core.learning.records import State
from simcse_core.runs import store
from simcse_core.runs.run import Run
from simcse_core.runs.summary import Summary, summarise
from ui.frame import address, projector, users
from ui.frame.errors import plain
from ui.frame.page import PAGES
from ui.frame.translation import N_, _, language
from ui.shared.local_time import local_time
from ui.shared.names import STATES, metric_title
from ui.shared.races.words import data_name, model_title

WHOSE = {"mine": N_("Mine"), "all": N_("All")}
CHOSEN = "run"
"""In the address: the ids of the chosen runs, with commas between them."""
ON_A_PROJECTOR = 12
"""Runs in large letters."""
MOST_CHOSEN = 12
"""More curves cannot be told apart in a chart."""


@dataclass(frozen=True)
class Looked:
    """What is on the page."""

    selected: list[str]
    """Ids of the runs that are chosen, by a link or in the list; they may be gone."""
    states: dict[str, State]
    """Of the listed runs, by id."""


def choose(beside: Callable[[], None]) -> Looked:
    """The list with its controls.

    Args:
        beside: draws what stands beside the controls.
    """
    key, keep = address.widget("whose", list(WHOSE), "mine", language=language())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        whose = st.segmented_control(
            _("Runs"), list(WHOSE), format_func=lambda name: _(WHOSE[name]), required=True, key=key, on_change=keep
        )
        wanted = st.text_input(_("Search"), placeholder=_("name, loss, data, state …"), key="runs-search", width=260)
        beside()
    user = users.current()
    there = store.runs_of(user) if whose == "mine" else list(store.all_runs())[::-1]
    matching = [run for run in map(summary, there) if _matches(run, wanted)]
    if not there:
        _empty(mine=whose == "mine", others=any(True for _run in store.all_runs()))
    elif not matching:
        st.info(_("No run has all these words."), icon=":material/search_off:")
    else:
        _table(matching)
    return Looked(selected_runs(), {run.id: run.state for run in matching})


def selected_runs() -> list[str]:
    """The ids in the address, at most `MOST_CHOSEN`."""
    ids = st.query_params.get(CHOSEN, "").split(",")
    return [run for run in dict.fromkeys(ids) if run][:MOST_CHOSEN]


def choose_others(runs: Sequence[str]) -> None:
    """Choose for the user."""
    if runs:
        st.query_params[CHOSEN] = ",".join(runs)
    elif CHOSEN in st.query_params:
        del st.query_params[CHOSEN]


def summary(run: Run) -> Summary:
    """A run at a glance; looked up again only when a file of it has changed."""
    files = (run.folder / name for name in ("config.json", "about.json", "status.json", "metrics.jsonl"))
    return _summary(str(run.folder), run.status.state, tuple(map(_changed, files)), users.current())


@lru_cache(maxsize=10_000)  # nobody can change a summary, so there is nothing to copy for each session
def _summary(folder: str, state: str, changed: tuple[int, ...], user: str) -> Summary:
    return summarise(Run(Path(folder)), user)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def state_name(run: Summary) -> str:
    """How far a run is, in words."""
    return _("damaged") if run.damaged else _(STATES[run.state])


def start_name(run: Summary) -> str:
    """What a run started from, with its layer."""
    title = model_title(run.model)
    return title if run.layer is None else f"{title} · " + _("layer {layer}").format(layer=run.layer)


def _matches(run: Summary, wanted: str) -> bool:
    """Whether all words occur in the fields of a run."""
    fields = [run.title, run.id, run.loss, run.state, state_name(run)]
    fields += [] if run.damaged else [PurePath(run.data).name, data_name(run.data), start_name(run)]
    text = " ".join(fields).casefold()
    return all(word in text for word in wanted.casefold().split())


def _table(runs: Sequence[Summary]) -> None:
    ids = [run.id for run in runs]
    selected = selected_runs()
    # Rows are chosen by their place: with other rows it is another table.
    key = f"runs-{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:12]}-{language()}"

    def keep() -> None:
        choose_others([ids[row] for row in st.session_state[key]["selection"]["rows"]][:MOST_CHOSEN])

    metrics = [metric_title(run.metric) if run.metric else "" for run in runs]
    st.dataframe(
        {
            _("name"): [safe(run.title) for run in runs],  # the list can be saved as a table
            _("state"): [state_name(run) for run in runs],
            _("when"): [local_time(run.created) for run in runs],
            _("metric"): metrics,
            _("before"): [run.before for run in runs],
            _("after"): [run.after for run in runs],
            _("gain"): [run.gain for run in runs],
            _("seconds"): [run.seconds for run in runs],
            _("loss"): [run.loss for run in runs],
            _("data"): ["" if run.damaged else data_name(run.data) for run in runs],
            _("started from"): ["" if run.damaged else safe(start_name(run)) for run in runs],
        },
        hide_index=True,
        placeholder="",
        column_config={
            _("name"): st.column_config.TextColumn(width="medium"),
            _("before"): st.column_config.NumberColumn(format="%.3f"),
            _("after"): st.column_config.NumberColumn(format="%.3f"),
            _("gain"): st.column_config.NumberColumn(format="%+.3f"),
            _("seconds"): st.column_config.NumberColumn(format="%.0f"),
            _("when"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
        key=key,
        on_select=keep,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(run) for run in selected if run in ids]}},
        alt=_("The runs, the newest first, with their results before and after training."),
    )
    if projector.is_on():  # the list above is painted in a size of its own
        st.table(
            {
                _("name"): [plain(run.title) for run in runs[:ON_A_PROJECTOR]],
                _("state"): [state_name(run) for run in runs[:ON_A_PROJECTOR]],
                _("after"): ["" if run.after is None else f"{run.after:.3f}" for run in runs[:ON_A_PROJECTOR]],
                _("gain"): ["" if run.gain is None else f"{run.gain:+.3f}" for run in runs[:ON_A_PROJECTOR]],
            },
            hide_index=True,
        )
    if not selected:
        st.caption(_("Tick a run to see it, or several to compare them."))


def _empty(*, mine: bool, others: bool) -> None:
    """What runs are, for those who have none."""
    st.markdown(
        _(
            "A **run** is one training: its model, its curves and all its settings. Start one on the page Training, or "
            "bring in a bundle that somebody gave you."
        )
        if mine
        else _("Nobody has trained anything here yet.")
    )
    if mine and others:
        st.caption(_("Others have trained here: choose All to see their runs."))
    st.page_link(
        PAGES["training"].path,
        label=_("Go to Training"),
        icon=PAGES["training"].icon,
        query_params={"language": language()},
    )
