"""The list of runs: of this user or of all, grouped by race, with search and boxes to tick."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.writers import safe
from simcse_core.learning.records import State
from simcse_core.runs import race, store
from simcse_core.runs.run import Run
from simcse_core.runs.summary import Summary, summarise
from ui.frame import address, users
from ui.frame.errors import plain
from ui.frame.page import PAGES
from ui.frame.translation import N_, _, language
from ui.shared.local_time import local_time
from ui.shared.names import STATES, metric_title
from ui.shared.races.words import data_name, model_title

WHOSE = {"mine": N_("Mine"), "all": N_("All")}
CHOSEN = "run"
"""In the address: the ids of the chosen runs, with commas between them."""
LISTED = 30
"""Runs in the list before somebody asks for more."""
_SHOWN = "runs-shown"
MOST_CHOSEN = 12
"""More curves cannot be told apart in a chart."""


@dataclass(frozen=True)
class Looked:
    """What is on the page."""

    selected: list[str]
    """Ids of the runs that are chosen, by a link or in the list; they may be gone."""
    runs: Sequence[Summary]
    """That are listed, the newest first."""
    any_there: bool
    """Whether there are runs at all, listed or not."""


@dataclass(frozen=True)
class Group:
    """Runs that belong together."""

    race: str | None
    """Its id; None for a run by itself."""
    runs: tuple[Summary, ...]


def filters() -> tuple[str, str]:
    """Asks whose runs are listed, and for words that they have to have."""
    key, keep = address.widget("whose", list(WHOSE), "mine", language=language())
    whose = st.segmented_control(
        _("Runs"),
        list(WHOSE),
        format_func=lambda name: _(WHOSE[name]),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    wanted = st.text_input(
        _("Search"), placeholder=_("name, loss, data, state …"), key="runs-search", width=220,
        label_visibility="collapsed",
    )  # fmt: skip
    return whose or "mine", wanted


def listed(whose: str, wanted: str) -> Looked:
    """The runs that are to be listed.

    Args:
        whose: one of `WHOSE`.
        wanted: words that they have to have.
    """
    user = users.current()
    there = store.runs_of(user) if whose == "mine" else list(store.all_runs())[::-1]
    matching = [run for run in map(summary, there) if _matches(run, wanted)]
    return Looked(selected_runs(), matching, bool(there))


def say_nothing_is_there(looked: Looked, whose: str) -> None:
    """What to do where no run is listed."""
    if looked.any_there:
        st.info(_("No run has all these words."), icon=":material/search_off:")
    else:
        _empty(mine=whose == "mine", others=any(True for _run in store.all_runs()))


def groups(runs: Sequence[Summary]) -> list[Group]:
    """Runs by the race in which they took part, the newest first; a run without a race stands alone."""
    races = race.race_by_run()
    by_race: dict[str, list[Summary]] = {}
    for run in runs:
        by_race.setdefault(races.get(run.id, run.id), []).append(run)
    return [
        Group(races.get(members[0].id), tuple(sorted(members, key=lambda run: (run.loss, run.seed or 0))))
        for members in by_race.values()
    ]


def choose(runs: Sequence[Summary]) -> None:
    """The list: under each race its runs, each with a box to tick. The address holds which are ticked."""
    selected = selected_runs()
    if not selected:
        st.caption(_("Tick a run to see it, or several to compare them."))
    shown = st.session_state.get(_SHOWN, LISTED)
    for group in groups(runs[:shown]):
        first = group.runs[0]
        with st.container(key=f"runs-group-{group.race or first.id}", gap="xxsmall"):
            st.markdown(f"**{plain(group_title(group))}**")
            if not first.damaged:
                st.caption(plain(start_name(first)))
            for run in group.runs:
                _box(run, selected)
    if len(runs) > shown and st.button(_("Show more"), icon=":material/expand_more:", key="runs-more"):
        st.session_state[_SHOWN] = shown + LISTED
        st.rerun()


def group_title(group: Group) -> str:
    """What a race, or a run by itself, learned from, and when."""
    first = group.runs[0]
    said = [_("Race") if group.race else _("Single run"), *([] if first.damaged else [file_name(first)])]
    if (created := local_time(first.created)) is not None:
        said.append(f"{created:%Y-%m-%d %H:%M}")
    return " · ".join(said)


def file_name(run: Summary) -> str:
    """The data of a run: a bundled set by its title, a file by its name for those who may see it."""
    if run.data in bundled.names():
        return data_name(run.data)
    return run.file or data_name(run.data)


def _box(run: Summary, selected: Sequence[str]) -> None:
    key = f"runs-tick-{run.id}"
    is_ticked = run.id in selected
    st.session_state[key] = is_ticked

    def keep() -> None:
        others = [other for other in selected_runs() if other != run.id]
        choose_others([*others, run.id] if st.session_state[key] else others)

    st.checkbox(plain(box_title(run)), key=key, on_change=keep, disabled=not is_ticked and len(selected) >= MOST_CHOSEN)


def box_title(run: Summary) -> str:
    """A run in the list: its name, its seed, and its result or how far it is."""
    said = [run.title]
    if run.seed is not None:
        said.append(_("seed {seed}").format(seed=run.seed))
    if run.damaged or run.state != State.FINISHED:
        said.append(state_name(run))
    if run.after is not None:
        said.append(f"{run.after:.3f}" if run.gain is None else f"{run.after:.3f} ({run.gain:+.3f})")
    return " · ".join(said)


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
    fields += [] if run.damaged else [PurePath(run.data).name, file_name(run), start_name(run)]
    text = " ".join(fields).casefold()
    return all(word in text for word in wanted.casefold().split())


def table(runs: Sequence[Summary]) -> None:
    """All that is listed with its numbers."""
    st.subheader(_("All numbers"), anchor=False)
    st.dataframe(
        {
            _("name"): [safe(run.title) for run in runs],  # the list can be saved as a table
            _("state"): [state_name(run) for run in runs],
            _("when"): [local_time(run.created) for run in runs],
            _("metric"): [metric_title(run.metric) if run.metric else "" for run in runs],
            _("before"): [run.before for run in runs],
            _("after"): [run.after for run in runs],
            _("gain"): [run.gain for run in runs],
            _("seconds"): [run.seconds for run in runs],
            _("loss"): [run.loss for run in runs],
            _("data"): ["" if run.damaged else safe(file_name(run)) for run in runs],
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
        alt=_("The runs, the newest first, with their results before and after training."),
    )


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
