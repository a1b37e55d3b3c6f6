"""The actions on a run: use, export, name, cancel, resume, delete; and import of a bundle."""

from collections.abc import Callable, Sequence
from io import BytesIO

import streamlit as st

from simcse_core.errors import UserError
from simcse_core.learning.records import LONGEST_NAME, State
from simcse_core.limits import limits
from simcse_core.runs import queue, store
from simcse_core.runs.bundles import read_bundle, write_bundle
from simcse_core.runs.run import Run
from ui.frame import operators, users
from ui.frame.errors import plain, user_errors
from ui.frame.page import PAGES
from ui.frame.translation import _, explain, language
from ui.runs.overview import choose_others, summary

_PROBLEMS, _REMOVED = "delete-problems", "delete-done"
_UPLOADS, _CAME = "bundle-uploads", "bundles-in"


def show(run: Run, *, damaged: bool) -> None:
    """The buttons for one run, in one row. What only its owner may do is left out for others."""
    state, user = run.status.state, operators.acting()
    mine = run.is_of(user)
    with st.container(horizontal=True, vertical_alignment="center"):
        if state == State.FINISHED:
            st.page_link(
                PAGES["similarity"].path,
                label=_("Use it on Similarity"),
                icon=PAGES["similarity"].icon,
                query_params={"language": language(), "model": run.id},
            )
            _download(run)
        if mine:
            _rename(run, user)
            if not state.is_over and not damaged:
                _do(_("Cancel"), ":material/stop_circle:", lambda: queue.cancel(run, user), run)
            elif state.is_stopped and not damaged:
                _do(_("Go on"), ":material/resume:", lambda: queue.resume(run, user), run)
            if damaged or not state.is_busy:
                delete_button([run])
    if not mine:
        st.caption(_("This is somebody else's run. You can look at it and use its model; only its owner changes it."))


def delete_button(runs: Sequence[Run]) -> None:
    """A button that asks before it removes runs."""
    label = _("Delete") if len(runs) == 1 else _("Delete these {n}").format(n=len(runs))
    if st.button(label, icon=":material/delete:", key=f"delete-{'-'.join(run.id for run in runs)}"):
        st.session_state[_REMOVED] = False
        st.dialog(_("Delete for good?"))(_confirm)(runs)


def bring_in() -> None:
    """An uploader for a bundle. One that cannot be used changes nothing, and the page says why."""
    # With another key it is another popover, which is closed: a bundle that came in is seen at once.
    with st.popover(_("Import"), icon=":material/upload:", key=f"import-{st.session_state.get(_CAME, 0)}"):
        st.markdown(_("A bundle is a run that somebody has exported: one zip with model, settings and curves."))
        key = f"bundle-{st.session_state.get(_UPLOADS, 0)}"
        st.file_uploader(
            _("Bundle (zip)"),
            type=["zip"],
            max_upload_size=min(limits().max_bundle_megabytes, int(st.get_option("server.maxUploadSize"))),
            key=key,
            on_change=_take_in,
            args=(key,),
        )
        if (problem := st.session_state.pop("bundle-problem", None)) is not None:
            st.error(plain(explain(problem)), icon=":material/error:")
        st.caption(
            _("Larger bundles come in on the command line: {command}").format(
                command="`python -m simcse_core runs import FILE.zip`"
            )
        )
    if st.session_state.pop("bundle-is-in", False):
        st.toast(_("The bundle is now one of your runs."), icon=":material/check:")


def _take_in(key: str) -> None:
    """The file is used once and then forgotten."""
    file = st.session_state[key]
    if file is None:
        return
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
    try:
        run = read_bundle(file, owner=users.current())
    except UserError as error:
        st.session_state["bundle-problem"] = error
    else:
        st.session_state[_CAME] = st.session_state.get(_CAME, 0) + 1
        st.session_state["bundle-is-in"] = True
        choose_others([run.id])


def _download(run: Run) -> None:
    """The bundle is made when somebody asks for it."""

    user = users.current()

    def make() -> bytes:
        file = BytesIO()
        write_bundle(run, file, user)
        return file.getvalue()

    st.download_button(
        _("Download the bundle"),
        make,
        f"{run.id}.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        key=f"download-{run.id}",
        help=_("Model, settings, curves, and the command that trains it again. The data is not in it."),
    )


def _rename(run: Run, user: str | None) -> None:
    key = f"name-{run.id}"

    def keep() -> None:
        try:
            run.rename(st.session_state[key], user)
        except UserError as error:
            st.session_state[f"{key}-problem"] = error

    with st.popover(_("Rename"), icon=":material/edit:"):
        st.text_input(
            _("Name of the run"),
            value=run.about.name_for(user),
            max_chars=LONGEST_NAME,
            placeholder=run.title_for(user),
            key=key,
            on_change=keep,
        )
        if (problem := st.session_state.pop(f"{key}-problem", None)) is not None:
            st.error(plain(explain(problem)))


def _do(label: str, icon: str, action: Callable[[], None], run: Run) -> None:
    if st.button(label, icon=icon, key=f"{label}-{run.id}"):
        with user_errors():
            action()
            st.rerun()


def _confirm(runs: Sequence[Run]) -> None:
    """Asks for confirmation and lists what is lost."""
    if st.session_state.pop(_REMOVED, False):
        st.rerun()  # closes the dialog
    for run in runs:
        st.markdown(f"**{plain(run.title_for(operators.acting()))}**")
    shared = [run for run in runs if len(run.about.owners) > 1 and operators.acting() is not None]
    if len(shared) < len(runs):
        st.markdown(
            _("Its model, curves and settings are removed from this machine. This cannot be undone.")
            if len(runs) == 1
            else _("Their models, curves and settings are removed from this machine. This cannot be undone.")
        )
        st.caption(_("Models that were trained from it stay. To keep a copy, download the bundle first."))
    if shared:
        st.caption(_("Others have started the same run: it leaves your list and stays in theirs."))
    say_problems()
    with st.container(horizontal=True):
        st.button(
            _("Delete"),
            type="primary",
            icon=":material/delete:",
            key="delete-for-good",
            on_click=_remove,
            args=(runs, operators.acting()),
        )
        if st.button(_("Keep"), key="delete-not"):
            st.rerun()


def _remove(runs: Sequence[Run], user: str | None) -> None:
    """The runs that may be removed; the dialog says why the others may not."""
    problems: list[UserError] = []
    for run in runs:
        try:
            if summary(run).damaged and not run.status.state.is_over:
                queue.cancel(run, user)  # nobody can carry it out
            store.delete(run, user)
        except UserError as error:
            problems.append(error)
    st.session_state[_PROBLEMS] = problems
    st.session_state[_REMOVED] = not problems
    if not problems:
        choose_others([])


def say_problems() -> None:
    """Why runs could not be removed."""
    for problem in st.session_state.pop(_PROBLEMS, []):
        st.error(plain(explain(problem)), icon=":material/error:")
