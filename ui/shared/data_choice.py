"""Choosing data: a bundled set, or a file of one's own whose columns may have other names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.columns import Sample
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS
from simcse_core.data.kinds import KINDS, Dataset, kind_of
from simcse_core.data.opening import open_data
from simcse_core.data.readers import data_from_bytes, table_sample
from simcse_core.limits import limits
from ui.frame import address, uploads
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _, language
from ui.shared import defaults, reading, table_mapping


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
        st.caption(f"{_(KINDS[kind].title)}  \n{', '.join(KINDS[kind].columns)}")
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
    said = st.container()
    sample = _sample(brought.token, brought)
    columns: dict[str, str] = {}
    if sample.columns and sample.columns != ["text"]:
        columns = table_mapping.choose_columns(sample, name=brought.name, token=brought.token, key=key)
    data = parsed(brought, tuple(columns.items()))
    said.markdown(
        _("{name}: {n:,} {rows}").format(name=plain(brought.name), n=len(data), rows=_(KINDS[kind_of(data)].rows_are))
    )
    return ChosenData(data, brought, columns)


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
