"""The details of a run: settings, results, how to use it and how to repeat it."""

import math
from collections.abc import Mapping

import streamlit as st

from simcse_core.data.opening import source_of
from simcse_core.encoding.bases import Base, read_base
from simcse_core.encoding.saved import is_frozen
from simcse_core.errors import RunError
from simcse_core.learning.records import Finished, State
from simcse_core.runs import files, race, schedule, store
from simcse_core.runs.bundle_contents import without_paths
from simcse_core.runs.bundle_readme import python_use
from simcse_core.runs.config import RunConfig
from simcse_core.runs.reproduce import as_carried_out, command
from simcse_core.runs.run import Run
from simcse_core.runs.summary import Summary, settings_of
from ui.frame import users
from ui.frame.errors import plain, user_errors
from ui.frame.page import PAGES
from ui.frame.translation import _, language
from ui.runs import actions, before_after
from ui.runs.overview import file_name, start_name, state_name, summary
from ui.shared.local_time import local_time
from ui.shared.names import duration, metric_names, metric_title
from ui.shared.races import chain, figures, further, progress
from ui.shared.races.tracks import track

LOG_CHARACTERS = 3_000


def act(run: Run) -> None:
    """What a run is, and what can be done with it."""
    seen = summary(run)
    st.header(plain(seen.title), anchor=False)
    st.caption(_facts(seen))
    actions.show(run, damaged=seen.damaged)
    if seen.damaged:
        st.error(
            _("This run is damaged: its files are missing or cannot be read. Its owner can delete it."),
            icon=":material/broken_image:",
        )
        return
    st.fragment(_live, run_every=None if seen.state.is_over else 1.0)(run)


def below(run: Run) -> None:
    """Everything else about one run: its numbers, how to use it and how to repeat it.

    Raises:
        UserError: something of it cannot be read.
    """
    if summary(run).damaged:
        return
    config = _config(run)
    chain.show(config, [config.settings.loss], always=True)
    _result(run.finished())
    outcome = race.outcome(run)
    if outcome.records:
        further.path([outcome], key=f"run-{run.id}")
        further.fold([outcome], "texts", figures.metric_of([track(outcome)]), key=f"run-{run.id}")
    before_after.show(run, config)
    _again(run, config)
    if summary(run).state == State.FINISHED:
        _use(run)
    _folded(run, config)


def _config(run: Run) -> RunConfig:
    """What it did; where the files of a server lie is no business of those who did not bring them."""
    return run.config if run.is_of(users.current()) else without_paths(run.config)


@user_errors()
def _live(run: Run) -> None:
    """What changes while it goes on; the page looks after the change of its state."""
    if _is_gone(run):
        st.rerun()  # the page says so, and nobody looks any more
    outcome = race.outcome(run, schedule.places().get(run.id) if run.status.state == State.QUEUED else None)
    if not outcome.state.is_over:
        progress.bars([outcome])
        progress.summary([outcome])
    progress.troubles([outcome])


def _is_gone(run: Run) -> bool:
    try:
        store.get(run.id)
    except RunError:
        return True
    return False


def _facts(run: Summary) -> str:
    said = [state_name(run)]
    if not run.damaged:
        said += [run.loss, file_name(run), start_name(run)]
    if run.seconds is not None:
        said.append(duration(run.seconds))
    if (created := local_time(run.created)) is not None:
        said.append(f"{created:%Y-%m-%d %H:%M}")
    if run.imported:
        said.append(_("imported"))
    return plain(" · ".join(said))


def _result(end: Finished | None) -> None:
    """The metrics before and after, of a finished run that was measured on held-out data."""
    if end is None:
        return
    as_it_comes, start, after = (_defined(metrics) for metrics in (end.dev_as_it_comes, end.dev_before, end.dev_after))
    shown = [name for name in metric_names() if name in after and name in start]
    if not shown:
        st.caption(_("It was not measured on held-out data."))
        return
    best = {name: max(start[name], as_it_comes.get(name, start[name])) for name in shown}
    table = {_("on held-out data"): [metric_title(name) for name in shown]}
    if any(name in as_it_comes for name in shown):
        table[_("as it comes")] = [f"{as_it_comes[name]:.3f}" if name in as_it_comes else "" for name in shown]
    table |= {
        _("at the start"): [f"{start[name]:.3f}" for name in shown],
        _("after"): [f"{after[name]:.3f}" for name in shown],
        _("gain"): [f"{after[name] - best[name]:+.3f}" for name in shown],
    }
    st.table(table, hide_index=True)
    st.caption(_("Gain: above the better of the two. One training; another seed can move it."))
    by_dim = {dim: _defined(metrics) for dim, metrics in (end.dev_by_dim or {}).items()}
    if by_dim:
        named = [name for name in shown if all(name in metrics for metrics in by_dim.values())]
        columns = {metric_title(name): [f"{metrics[name]:.3f}" for metrics in by_dim.values()] for name in named}
        st.table({_("dimensions"): [str(dim) for dim in by_dim], **columns}, hide_index=True)
        st.caption(_("After training, with embeddings cut to their first dimensions."))


def _defined(metrics: Mapping[str, float] | None) -> dict[str, float]:
    return {name: value for name, value in (metrics or {}).items() if not math.isnan(value)}


def _again(run: Run, config: RunConfig) -> None:
    """The command that does the same, and what it needs."""
    st.subheader(_("Train it again"), anchor=False)
    st.code(command(as_carried_out(config, run.records())), language="bash", wrap_lines=True)
    for name, digest in ((config.data, config.data_sha256), (config.dev, config.dev_sha256)):
        if name and source_of(name) != "bundled" and digest:
            st.caption(
                _("The rows of {file} must have this SHA-256: {digest}.").format(
                    file=plain(name.rpartition("/")[2]), digest=plain(digest)
                )
            )
    for race_id in race.races_of(run.id)[:3]:
        st.page_link(
            PAGES["training"].path,
            label=_("The race it took part in"),
            icon=":material/flag:",
            query_params={"language": language(), "race": race_id},
        )


def _use(run: Run) -> None:
    st.subheader(_("Use it in Python"), anchor=False)
    frozen, base = is_frozen(run.model), read_base(run.model, run.id)
    complete = not frozen and base is None
    st.code(python_use("model" if complete else run.id, complete=complete), language="python")
    st.caption(_how_to_use(run, frozen=frozen, base=base))


def _how_to_use(run: Run, *, frozen: bool, base: Base | None) -> str:
    if frozen:
        return _(
            "It is a linear layer on a frozen encoder that sentence-transformers does not have: use it with this "
            "program, on every page, or with simcse_core."
        )
    if base is not None:
        return _(
            "The run and its bundle hold only what the training has changed in {model}. For a complete folder, which "
            "sentence-transformers loads, run: {command}"
        ).format(model=plain(base.base), command=f"`python -m simcse_core models export {run.id} --output model`")
    return _("Download the bundle and unpack it: the folder `model` in it is what sentence-transformers loads.")


def _folded(run: Run, config: RunConfig) -> None:
    with st.expander(_("All settings"), icon=":material/tune:"):
        settings = {name: value for name, value in settings_of(config).items() if value}
        st.table(
            {
                _("setting"): [plain(name) for name in settings],
                _("value"): [plain(value) for value in settings.values()],
            },
            hide_index=True,
        )
    if run.is_of(users.current()) and files.is_file(run.log):
        with st.expander(_("Log"), icon=":material/article:"):
            st.code(run.log_end(LOG_CHARACTERS) or "–", language=None)
