"""Choosing data: a bundled set, or a file of one's own whose columns may have other names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.columns import guess_columns
from simcse_core.data.kinds import KINDS, Dataset
from simcse_core.data.readers import TABLE_ENDINGS, TEXT_ENDINGS, data_from_bytes, table_columns
from simcse_core.limits import limits
from ui import address, defaults
from ui.page import plain
from ui.translation import N_, _, language

KIND_TITLES = {
    "triplets": N_("Triplets: a text, one close in meaning, one not"),
    "answers": N_("Answers: questions with right and wrong answers"),
    "scored": N_("Scored pairs: how similar are two sentences?"),
    "pairs": N_("Pairs: do two sentences match?"),
    "labelled": N_("Labelled texts: which class?"),
    "texts": N_("Texts without labels"),
}

SET_TITLES = {
    "intents": N_("Library desk: what a reader wants (labels)"),
    "sentiment": N_("Reviews: praise or complaint (labels)"),
    "spam": N_("Messages: wanted or spam (labels)"),
    "pairs": N_("Same meaning or not (pairs)"),
    "scored": N_("How similar, 0 to 5 (scored pairs)"),
    "triplets": N_("Closer and farther (triplets)"),
    "answers": N_("Questions and answers"),
    "texts": N_("Everyday sentences (texts)"),
}


@dataclass(frozen=True)
class Upload:
    """A file that somebody brought."""

    content: bytes
    name: str


@dataclass(frozen=True)
class ChosenData:
    """Data, and where it comes from."""

    data: Dataset
    source: str | Upload
    """Name of a bundled set, or the file."""
    columns: dict[str, str] = field(default_factory=dict)
    """The file's own names of columns, by ours."""


def choose_data(key: str, *, kinds: Sequence[str] = tuple(KINDS)) -> ChosenData:
    """A bundled data set or an uploaded one.

    Args:
        key: prefix of the widgets' keys.
        kinds: of bundled data that is offered.

    Raises:
        DataError: the file cannot be used.
    """
    names = _offered(kinds)
    widget_key, keep = address.widget(f"{key}-data", names, defaults.DATA[language()], language=language())
    name = st.selectbox(_("Data"), names, format_func=data_title, key=widget_key, on_change=keep)
    with st.popover(_("Use your own data"), icon=":material/upload:"):
        file = st.file_uploader(
            _("A table (CSV, TSV, JSONL or Parquet), or texts, one a line"),
            type=[ending[1:] for ending in TABLE_ENDINGS + TEXT_ENDINGS],
            max_upload_size=limits().max_file_megabytes,
            key=f"{key}-upload",
        )
        for kind in reversed(KINDS):
            st.caption(f"{_(KIND_TITLES[kind])}  \n`{', '.join(KINDS[kind].columns)}`")
    if file is None:
        return ChosenData(bundled.load(name), name)
    upload = Upload(file.getvalue(), file.name)
    columns = _map_columns(upload, key)
    data = parsed(upload, tuple(columns.items()))
    st.caption(_("Using your file {name} instead.").format(name=plain(file.name)))
    return ChosenData(data, upload, columns)


@st.cache_data(max_entries=8, show_spinner=False)
def parsed(upload: Upload, columns: tuple[tuple[str, str], ...] = ()) -> Dataset:
    """The data in a file; `columns` are pairs of our name and the file's."""
    return data_from_bytes(upload.content, upload.name, dict(columns))


def data_title(name: str) -> str:
    """What the bundled data are called on the screen."""
    stem, _sign, code = name.rpartition("-")
    return f"{_(SET_TITLES[stem])} · {code.upper()}" if stem in SET_TITLES else name


def _offered(kinds: Sequence[str]) -> list[str]:
    """Names of bundled sets: those in the language of the interface first, in the order of `SET_TITLES`."""
    own = "zh" if language() == "zh_CN" else "en"
    wanted = [name for name in bundled.names() if any(isinstance(bundled.load(name), KINDS[kind]) for kind in kinds)]
    order = list(SET_TITLES)
    return sorted(wanted, key=lambda name: (not name.endswith(own), order.index(name.rpartition("-")[0])))


def _map_columns(upload: Upload, key: str) -> dict[str, str]:
    """Asks which column is which, where the names do not say it; proposes what they suggest."""
    names = table_columns(upload.content, upload.name)
    lower = {name.strip().lower() for name in names}
    if not names or any(set(kind.columns) <= lower for kind in KINDS.values()):
        return {}
    guesses = guess_columns(names)
    best = max(KINDS, key=lambda kind: (len(guesses[kind]) == len(KINDS[kind].columns), len(guesses[kind])))
    st.caption(_("The columns have other names. Say which is which:"))
    kind = st.selectbox(
        _("What is in the file?"),
        list(KINDS),
        index=list(KINDS).index(best),
        format_func=lambda kind: _(KIND_TITLES[kind]),
        key=f"{key}-kind-{language()}-{upload.name}",
    )
    columns: dict[str, str] = {}
    for column in KINDS[kind].columns:
        guess = guesses[kind].get(column)
        place = names.index(guess) if guess in names else min(len(columns), len(names) - 1)
        chosen = st.selectbox(
            f"`{column}`", names, index=place, format_func=plain, key=f"{key}-{kind}-{column}-{upload.name}"
        )
        columns[column] = chosen
    return columns
