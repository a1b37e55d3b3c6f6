"""The data of the page: labelled texts, bundled, uploaded or pasted; and what a classifier is tested on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import streamlit as st

from simcse_core.data.kinds import Dataset, Labelled, Texts, kind_of
from simcse_core.data.opening import open_data
from simcse_core.errors import DataError
from simcse_core.uses.classification import class_names
from ui.classify import corrections, stored
from ui.frame import address
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import N_, _, language
from ui.shared import data_choice
from ui.shared.data_choice import ChosenData, Upload

KEY = "classify"
FOLDS, OWN = "folds", "own"
TESTS = {FOLDS: N_("Cross-validation"), OWN: N_("A test file of my own")}
"""What a classifier is tested on, besides bundled sets."""
SEPARATORS = (";", "|", ",")
SEVERAL_FROM = 0.05
"""Labels count as several in one cell when so many of them at least hold a separator, and their parts are fewer."""

Label = str | tuple[str, ...]


@dataclass(frozen=True)
class ClassifyData:
    """What is learned from, and what is tested on."""

    chosen: ChosenData
    texts: tuple[str, ...]
    labels: tuple[Label, ...]
    """As corrected, where there is no test file."""
    test: ChosenData | None = None
    """None for cross-validation."""
    separator: str = ""
    """Between the labels of a text; empty where each has one."""
    changes: Mapping[int, str] | None = None
    """Corrections that are in the labels, by row."""

    @property
    def key(self) -> str:
        """Tells it from all other data."""
        changes = sorted((self.changes or {}).items())
        of_test = None if self.test is None else (self.test.key, sorted(corrections.applied(self.test.key).items()))
        return repr((self.chosen.key, of_test, self.separator, changes))

    @property
    def measured_key(self) -> str:
        """Tells the data that results are of from all other data: the test file, or all texts in cross-validation."""
        return self.chosen.key if self.test_labels is None or self.test is None else self.test.key

    @property
    def name(self) -> str:
        """What the data are called on the screen."""
        return title_of(self.chosen)

    @property
    def several(self) -> bool:
        return bool(self.separator)

    @property
    def test_texts(self) -> tuple[str, ...]:
        return () if self.test is None else cast("Labelled | Texts", self.test.data).text

    @property
    def test_labels(self) -> tuple[Label, ...] | None:
        """None where there is no test file, or it has no labels."""
        if self.test is None or not isinstance(self.test.data, Labelled):
            return None
        labels = split_labels(class_names(self.test.data.label), self.separator)
        return _changed(labels, corrections.applied(self.test.key), self.separator)


def title_of(chosen: ChosenData) -> str:
    return data_choice.data_title(chosen.source) if isinstance(chosen.source, str) else chosen.source.name


def choose() -> ClassifyData:
    """Asks for labelled texts.

    Raises:
        DataError: a file cannot be used.
        UnansweredError: there are no labels in it yet.
    """
    chosen = _choose_train()
    data = _labelled(chosen)
    separator = separator_of(data.label)
    labels = split_labels(data.label, separator)
    changes = corrections.applied(chosen.key)
    return ClassifyData(chosen, data.text, _changed(labels, changes, separator), separator=separator, changes=changes)


def _changed(labels: tuple[Label, ...], changes: Mapping[int, str], separator: str) -> tuple[Label, ...]:
    """The labels with the corrections that are applied."""
    return tuple(
        split_labels((changes[row],), separator)[0] if row in changes else label for row, label in enumerate(labels)
    )


def with_test(data: ClassifyData) -> ClassifyData:
    """Asks what a classifier is tested on.

    Raises:
        DataError: the file cannot be used.
    """
    key, keep = address.widget(f"{KEY}-test", list(TESTS), FOLDS, language=language())
    test = st.selectbox(
        _("Tested by"),
        list(TESTS),
        format_func=lambda name: _(TESTS[name]),
        key=key,
        on_change=keep,
        help=_(
            "Cross-validation: five parts; each is held out in turn, and a classifier that learned from the other four "
            "is asked about it."
        ),
    )
    if test == FOLDS:
        return data
    brought = data_choice.upload(f"{KEY}-test", ["labelled", "texts"])
    if brought is None:
        st.caption(_("Until it is uploaded, the data are tested by cross-validation."))
        return data
    opened = data_choice.opened(brought, f"{KEY}-test")
    if not isinstance(opened.data, Labelled | Texts):
        raise DataError(
            "{file} has other columns than text and label: a test file has texts, and their labels if they are known.",
            file=opened.data.name,
        )
    return replace(data, test=opened)


def _choose_train() -> ChosenData:
    names = data_choice.offered(["labelled"])
    key, keep = address.widget(f"{KEY}-data", names, stored.data_name(language()), language=language())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(_("Data"), names, format_func=data_choice.data_title, key=key, on_change=keep)
        came = getattr(st.session_state.get(f"{KEY}-upload"), "file_id", "")
        with st.popover(_("My own"), icon=":material/upload:", key=f"{KEY}-own-{came}-{_pasted_token()}"):
            brought = data_choice.upload(KEY, ["labelled"])
            pasted = _paste()
    file = brought or pasted or data_choice.handed_over(KEY)
    if file is None:
        return ChosenData(open_data(name), name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Using your file {name} instead.").format(name=plain(file.name)))
        if brought is None:
            st.button(_("Remove"), key=f"{KEY}-forget", type="tertiary", on_click=forget)
    return data_choice.opened(file, KEY)


def _labelled(chosen: ChosenData) -> Labelled:
    data: Dataset = chosen.data
    if isinstance(data, Labelled):
        return replace(data, label=class_names(data.label))
    if isinstance(data, Texts):
        raise UnansweredError(
            "{file} has texts without labels. Choose the view Label, bring the file there, and label some of them.",
            file=data.name,
        )
    raise DataError(
        "{file} holds {given}. A classifier learns from the columns text and label.",
        file=data.name,
        given=kind_of(data),
    )


def _paste() -> Upload | None:
    """Labelled rows that somebody has pasted, as a file."""
    with st.form(f"{KEY}-paste", border=False):
        text = st.text_area(
            _("Or paste rows: the text, a tab or a comma, and its label"),
            height=120,
            key=f"{KEY}-pasted-text",
            placeholder=_("Where is my card?, lost_card"),
        )
        if st.form_submit_button(_("Use these rows")):
            st.session_state[f"{KEY}-pasted"] = text
    text = st.session_state.get(f"{KEY}-pasted", "")
    return as_file(text, _("pasted rows")) if text.strip() else None


def as_file(text: str, name: str) -> Upload:
    """Pasted rows as a table with the columns text and label, unless they bring names of columns themselves."""
    lines = text.strip("\n").splitlines()
    separator = "\t" if "\t" in lines[0] else ","
    names = [cell.strip().strip('"').lower() for cell in lines[0].split(separator)]
    if separator == "," and "label" not in names:
        lines = [_quoted(line) for line in lines if line.strip()]
    head = [] if "label" in names else [f"text{separator}label"]
    content = "\n".join([*head, *lines]).encode("utf-8", "replace")
    file = f"{name}.{'tsv' if separator == chr(9) else 'csv'}"
    return Upload(content, file, hashlib.sha256(content).hexdigest())


def _quoted(line: str) -> str:
    """A row whose label is what stands behind its last comma: a text may have commas that nobody has quoted."""
    if line.lstrip().startswith('"'):
        return line
    text, comma, label = line.rpartition(",")
    doubled = text.replace('"', '""')
    return f'"{doubled}"{comma}{label.strip()}' if comma else line


def _pasted_token() -> str:
    return hashlib.sha256(st.session_state.get(f"{KEY}-pasted", "").encode("utf-8", "replace")).hexdigest()[:8]


def forget() -> None:
    """Go back to the bundled data."""
    for name in ("pasted", "pasted-text"):
        st.session_state.pop(f"{KEY}-{name}", None)
    data_choice.hand_over(KEY, None)


def separator_of(labels: tuple[str, ...]) -> str:
    """What stands between the labels of a text; empty where each text has one label."""
    if sum(_is_list(label) for label in labels) > len(labels) / 2:
        return ","
    for separator in SEPARATORS:
        holding = sum(separator in label for label in labels)
        whole, parts = set(labels), set[str]().union(*(_parts(label, separator) for label in labels))
        if holding >= max(SEVERAL_FROM * len(labels), 2) and len(parts) < len(whole):
            return separator
    return ""


def split_labels(labels: tuple[str, ...], separator: str) -> tuple[Label, ...]:
    """Labels, or where a separator is given the several labels of each text."""
    if not separator:
        return labels
    return tuple(tuple(sorted(_parts(label, separator) - {""})) for label in labels)


def _parts(label: str, separator: str) -> set[str]:
    """The labels in a cell; a list as Python writes it (['a', 'b']) loses its brackets and quotation marks."""
    return {part.strip(" []'\"" if _is_list(label) else None) for part in label.split(separator)}


def _is_list(label: str) -> bool:
    return label.startswith("[") and label.endswith("]")


def written(label: Label, separator: str = ";") -> str:
    """A label, or several, in one cell."""
    return label if isinstance(label, str) else f"{separator} ".join(label)
