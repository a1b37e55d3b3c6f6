"""Choosing data: a bundled set, or a file of one's own whose columns may have other names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.columns import Sample, best_guess, guess_columns, is_texts_only
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS
from simcse_core.data.kinds import KINDS, Dataset, kind_of, normalised
from simcse_core.data.opening import open_data
from simcse_core.data.readers import data_from_bytes, table_sample
from simcse_core.errors import DataError
from simcse_core.limits import limits
from ui.frame import address, uploads
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _, language
from ui.shared import defaults, reading


@dataclass(frozen=True)
class Upload:
    """A file that a user has uploaded."""

    content: bytes
    name: str
    token: str = ""
    """Differs for each upload, so that files are told apart without a look at their content."""


@dataclass(frozen=True)
class ChosenData:
    """Data, and where it comes from."""

    data: Dataset
    source: str | Upload
    """Name of a bundled set, or the file."""
    columns: dict[str, str] = field(default_factory=dict)
    """The column names of the file, by ours."""

    @property
    def key(self) -> str:
        """Tells it from all other data, for caches."""
        source = self.source if isinstance(self.source, str) else self.source.token
        return repr((source, kind_of(self.data), len(self.data), sorted(self.columns.items())))


def choose_data(key: str, *, kinds: Sequence[str] | None = None) -> ChosenData:
    """A bundled data set or an uploaded one.

    Args:
        key: prefix of the widgets' keys.
        kinds: of bundled data that is offered; None offers all.

    Raises:
        DataError: the file cannot be used.
    """
    names = offered(list(KINDS) if kinds is None else kinds)
    widget_key, keep = address.widget(f"{key}-data", names, defaults.data(language()), language=language())
    name = st.selectbox(_("Data"), names, format_func=data_title, key=widget_key, on_change=keep)
    # With another key it is another popover, which is closed, so that it does not cover the data that have changed.
    came = getattr(st.session_state.get(f"{key}-upload"), "file_id", "")
    with st.popover(_("Use your own data"), icon=":material/upload:", key=f"{key}-own-{came}"):
        brought = upload(key)
    handed = handed_over(key) if brought is None else None
    file = brought or handed
    if file is None:
        return ChosenData(open_data(name), name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Using your file {name} instead.").format(name=plain(file.name)))
        if handed is not None:
            st.button(_("Remove"), key=f"{key}-forget", type="tertiary", on_click=hand_over, args=(key, None))
    return opened(file, key)


def hand_over(key: str, data: Upload | None) -> None:
    """Give data that were made on one page to another one, which takes them as if they were uploaded there.

    Args:
        key: of the `choose_data` that takes them.
        data: until the session ends; None takes them away again.
    """
    st.session_state[f"{key}-handed-over"] = data


def handed_over(key: str) -> Upload | None:
    """Data that another page has given to this one."""
    data: Upload | None = st.session_state.get(f"{key}-handed-over")
    return data


def upload(key: str, kinds: Sequence[str] | None = None) -> Upload | None:
    """A file that somebody brings, with the columns it should have; None before.

    Args:
        key: prefix of the widgets' keys.
        kinds: of data that are asked for; None asks for any.
    """
    file = st.file_uploader(
        _("A table (CSV, TSV, Excel, JSON or Parquet), or texts, one a line"),
        type=[ending[1:] for ending in TABLE_ENDINGS + TEXT_ENDINGS],
        max_upload_size=limits().max_file_megabytes,
        key=f"{key}-upload",
    )
    for kind in reversed(list(KINDS) if kinds is None else kinds):
        st.caption(f"{_(KINDS[kind].title)}  \n`{', '.join(KINDS[kind].columns)}`")
    return None if file is None else Upload(uploads.content(file), file.name, file.file_id)


def opened(brought: Upload, key: str) -> ChosenData:
    """The data in a file; where its columns have other names, the page asks which is which.

    Raises:
        DataError: the file cannot be used.
    """
    file = reading.choose_reading(brought.name, brought.content, brought.token, key)
    if file is None:
        raise UnansweredError("Choose above which text {file} holds.", file=brought.name)
    if file.name != brought.name or file.content is not brought.content:
        assert isinstance(file.content, bytes)
        brought = Upload(file.content, file.name, f"{brought.token} {hash_of(file.content)}")
    columns = _map_columns(brought, key)
    return ChosenData(parsed(brought, tuple(columns.items())), brought, columns)


def parsed(brought: Upload, columns: tuple[tuple[str, str], ...] = ()) -> Dataset:
    """The data in a file; `columns` are pairs of our name and the file's.

    Raises:
        DataError: the file cannot be used.
    """
    token = brought.token or hash_of(brought.content)
    return _parsed(token, brought.name, columns, brought)


def hash_of(content: bytes) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()


@st.cache_resource(max_entries=16, show_spinner=False)  # the data are read-only, so nobody needs a copy of their own
def _parsed(token: str, name: str, columns: tuple[tuple[str, str], ...], _brought: Upload) -> Dataset:
    return data_from_bytes(_brought.content, name, dict(columns))


def data_title(name: str) -> str:
    """What the bundled data are called on the screen."""
    stem, _sign, code = name.rpartition("-")
    title = bundled.titles().get(stem)
    return name if title is None else f"{_(title)} · {code.upper()}"


def offered(kinds: Sequence[str]) -> list[str]:
    """Names of bundled sets: those in the language of the interface first, in the order of their titles."""
    ending = f"-{bundled.ending(language())}"
    wanted = [name for name in bundled.names() if kind_of(bundled.load(name)) in kinds]
    order = {stem: place for place, stem in enumerate(bundled.titles())}
    return sorted(wanted, key=lambda name: (not name.endswith(ending), order.get(name.rpartition("-")[0], len(order))))


@st.cache_data(max_entries=64, show_spinner=False)
def _sample(token: str, _brought: Upload) -> Sample:
    return table_sample(_brought.content, _brought.name)


def _map_columns(brought: Upload, key: str) -> dict[str, str]:
    """Ask which column is which, where the names do not tell; names and content suggest the defaults."""
    sample = _sample(brought.token, brought)
    names = sample.columns
    if sample.is_headless():
        raise DataError(
            "{file} has no names of columns: its first row seems to be data ({given}). Put a row of names above it: "
            "{accepted}.",
            file=brought.name,
            given=", ".join(names)[:200],
            accepted="; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
        )
    keys = {normalised(name) for name in names}
    fitting = [kind for kind, columns in KINDS.items() if set(columns.columns) <= keys]
    guesses = guess_columns(sample)
    # Beside a column `text` there may be labels under another name: then the page asks.
    if not names or not all(map(is_texts_only, fitting)) or (fitting and is_texts_only(best_guess(sample))):
        return {}
    st.caption(_("The columns have other names. Say which is which:"))
    kind = st.selectbox(
        _("What is in the file?"),
        list(KINDS),
        index=list(KINDS).index(best_guess(sample)),
        format_func=lambda kind: _(KINDS[kind].title),
        key=f"{key}-kind-{language()}-{brought.name}",
    )
    columns: dict[str, str] = {}
    for column in KINDS[kind].columns:
        guess = guesses[kind].get(column)
        name_in_file = st.selectbox(
            f"`{column}`",
            names,
            index=names.index(guess) if guess in names else None,
            placeholder=_("Choose a column"),
            key=f"{key}-{kind}-{column}-{brought.name}",
        )
        if name_in_file is not None:
            columns[column] = name_in_file
    _show_first_rows(sample, columns)
    if missing := [column for column in KINDS[kind].columns if column not in columns]:
        raise UnansweredError("Say which column is: {columns}.", columns=", ".join(missing))
    return columns


def _show_first_rows(sample: Sample, columns: dict[str, str]) -> None:
    """The first rows of a file under its own column names, and which of our columns each becomes."""
    ours = {name_in_file: column for column, name_in_file in columns.items()}
    rows = sample.rows[: Sample.ROWS_SHOWN]
    st.table(
        {
            plain(f"{name} → {ours[name]}" if name in ours else name): [plain(row[index][:60]) for row in rows]
            for index, name in enumerate(sample.columns[:8])
        },
        hide_index=True,
    )
