"""Well-known tests for the chosen runs, beside the models that they started from; measured in a process of its own."""

import os
from collections.abc import Sequence
from concurrent.futures import Future

import streamlit as st

from simcse_core.data import bundled
from simcse_core.encoding.scratch import SIZES
from simcse_core.learning.records import State
from simcse_core.plain import shell_word
from simcse_core.runs.run import Run
from simcse_core.uses.suites import piecewise, table
from simcse_core.uses.suites.measures import Column
from simcse_core.uses.suites.sources import BUNDLED, Found, Source
from simcse_core.uses.suites.suite import AVERAGE, Measured, SuiteResult, result
from simcse_core.uses.suites.tasks import SUITES, Suite
from ui.frame import users
from ui.frame.errors import plain, user_errors
from ui.frame.translation import N_, _, language
from ui.shared import background
from ui.shared.names import metric_title
from ui.shared.races.words import data_name, model_title

WORKER = "suites"
TITLES: dict[Suite, str] = {
    "sts": N_("Similarity"),
    "matching": N_("Matching"),
    "classification": N_("Classification"),
    "answers": N_("Answers"),
}
METRICS = {"best_f1": N_("best F1"), "macro_f1": N_("macro F1"), "accuracy": N_("accuracy")}
"""Of suites alone; the others are those of a kind of data."""
PARTS = {
    "logistic": N_("logistic regression"),
    "centre": N_("nearest centre"),
    "all": N_("all pairs"),
    "mean": N_("mean of the subsets"),
    "wmean": N_("weighted mean of the subsets"),
}
_STARTED = "suite-started"


def show(runs: Sequence[Run]) -> None:
    """A choice of tests, and their table as it fills."""
    names = _models(runs)
    if not names:
        return
    st.subheader(_("Tested on well-known data"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        suite = st.segmented_control(
            _("Tests"),
            list(SUITES),
            format_func=lambda name: _(TITLES[name]),
            default=SUITES[0],
            required=True,
            key=f"suite-{language()}",
        )
        wanted = (suite, *names)
        if st.button(_("Measure"), icon=":material/speed:", key="suite-measure"):
            st.session_state[_STARTED] = wanted
        cancel = st.empty()
    if st.session_state.get(_STARTED) != wanted:
        st.caption(_("How the chosen runs do there, beside the models that they started from."))
        return
    found = piecewise.found(suite, piecewise.where())
    sources = [source for source in found.sources if found.name != BUNDLED or _is_read(source)]
    futures = {
        (model, source.task.name): background.submit(
            WORKER, f"{model} {found.name} {source.task.name}", piecewise.measure_one, model, suite, found.name,
            source.task.name,
        )
        for model in names
        for source in sources
    }  # fmt: skip
    if cancel.button(_("Cancel"), icon=":material/stop_circle:", key="suite-cancel"):
        for future in futures.values():
            future.cancel()
        del st.session_state[_STARTED]
        st.rerun()
    busy = not all(future.done() for future in futures.values())
    st.fragment(_live, run_every=1.0 if busy else None)(names, found, futures, suite, busy=busy)


Futures = dict[tuple[str, str], "Future[Measured]"]


@user_errors()
def _live(names: Sequence[str], found: Found, futures: Futures, suite: str, *, busy: bool) -> None:
    done = [future for future in futures.values() if future.done() and not future.cancelled()]
    if busy and len(done) == len(futures):
        st.rerun()  # nobody has to look any more
    if len(done) < len(futures):
        st.progress(len(done) / len(futures), _("Measured: {done} of {all}").format(done=len(done), all=len(futures)))
    failed = [future for future in done if future.exception() is not None]
    measured = [future.result() for future in done if future not in failed]
    if measured:
        _table(result(names, found, measured), suite)
    if failed:
        failed[0].result()  # raises


def _table(seen: SuiteResult, suite: str) -> None:
    columns = {_("test"): [plain(_title(seen, column)) for column in seen.columns]}
    for model in seen.models:
        columns[plain(model_title(model))] = [_cell(seen, model, column) for column in seen.columns]
    st.table(columns, hide_index=True)
    st.caption(
        _(
            "Times 100, with 95 % ranges over the items of each test. After each number: the gain over {base}, paired "
            "item by item; = where it is inside the noise. It is one training; another seed can move it."
        ).format(base=plain(model_title(seen.models[0])))
    )
    for model in seen.models:
        if tasks := [_task_title(task) for name, task in seen.learned if name == model]:
            st.warning(
                _("{run} has learned from this data: {tasks}. Its numbers there say nothing about new texts.").format(
                    run=plain(model_title(model)), tasks=plain(", ".join(tasks))
                ),
                icon=":material/school:",
            )
    if seen.held_out:
        st.caption(_("Classifiers learn from four fifths of each data set and are tested on the rest."))
    with st.container(horizontal=True):
        st.download_button(_("Table (CSV)"), table.as_csv(seen), "tests.csv", "text/csv", icon=":material/download:")
        st.download_button(
            _("Table (Markdown)"), table.as_markdown(seen), "tests.md", "text/markdown", icon=":material/download:"
        )
    models = " ".join(f"--model {shell_word(model)}" for model in seen.models)
    data = "" if seen.where == BUNDLED else " --data FOLDER"
    st.code(f"python -m simcse_core evaluate --suite {suite}{data} {models}", language="bash", wrap_lines=True)


def _cell(seen: SuiteResult, model: str, column: Column) -> str:
    value, gain = seen.cell(model, column), table.gain_in_words(seen.gain(model, column))
    return "" if value is None else f"{table.percent(value)}  {gain}".rstrip()


def _title(seen: SuiteResult, column: Column) -> str:
    metric = _(METRICS[column.metric]) if column.metric in METRICS else metric_title(column.metric)
    if column.task == AVERAGE:
        return _("average of {n}").format(n=len(seen.averaged)) + f" · {metric}"
    part = [_(PARTS[column.part])] if column.part else []
    return " · ".join([_task_title(column.task), *part, metric])


def _task_title(task: str) -> str:
    name = task.removeprefix("bundled ")
    return data_name(name) if name in bundled.names() else task


def _is_read(source: Source) -> bool:
    """Whether bundled data are in the language of the page."""
    return source.task.language == bundled.ending(language())


def _models(runs: Sequence[Run]) -> list[str]:
    """The models that finished runs started from, then the runs."""
    finished = [run for run in runs if run.status.state == State.FINISHED]
    starts = [run.config.model for run in finished if _may_be_named(run)]
    return list(dict.fromkeys([*starts, *(run.id for run in finished)]))


def _may_be_named(run: Run) -> bool:
    """Whether there is a model that a run started from; where folders of a server lie is their owners' business."""
    model = run.config.model
    return model not in SIZES and (not os.path.isabs(model) or run.is_of(users.current()))
