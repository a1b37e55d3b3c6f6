"""The mapping step of an uploaded table: what it holds, which column is which, and its first rows to see it.

What is chosen is kept by the names of columns and kinds, never by a label, so that it stays when the language changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from simcse_core.data.columns import MATCHING_TEXTS, SAID_OTHERWISE, Sample
from simcse_core.data.files import File
from simcse_core.data.guessing import Guess, guess, guess_columns, is_texts_only, text_column
from simcse_core.data.kinds import KINDS, normalised
from simcse_core.data.kinds.cell_types import MATCH
from simcse_core.data.readers import table_sample, texts_from_bytes
from simcse_core.errors import DataError, UserError
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import N_, _, enumeration, explain, language

TITLES = {
    "text": N_("Text"),
    "label": N_("Label"),
    "sentence1": N_("First sentence"),
    "sentence2": N_("Second sentence"),
    "score": N_("Score"),
    "anchor": N_("Anchor"),
    "positive": N_("Positive"),
    "negative": N_("Negative"),
    "question": N_("Question"),
    "answer": N_("Answer"),
}
"""Our columns on the screen; any other is shown by its name."""
_MATCH_LABEL = N_("Label (1 match, 0 none)")
_ALL_MATCH = ""
"""Chosen for the label of pairs: there is none, all rows match."""
_COLUMNS_SHOWN, _LETTERS_SHOWN = 6, 80


@dataclass
class _Choices:
    """What somebody has said about one file."""

    kind: str
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """By kind: our column -> the file's."""


def column_title(column: str, kind: str = "") -> str:
    """What one of our columns is called on the screen.

    Args:
        column: its name.
        kind: of data that it belongs to; labels of matches say what they mean.
    """
    is_match = kind in KINDS and KINDS[kind].cell_types.get(column) is MATCH
    return _(_MATCH_LABEL) if is_match else _(TITLES[column]) if column in TITLES else column


def choose_columns(sample: Sample, *, name: str, token: str, key: str, kinds: Sequence[str] = ()) -> dict[str, str]:
    """Show what a table was taken for, and let it be changed.

    Args:
        sample: of the table.
        name: of its file.
        token: its own for each file that is brought.
        key: prefix of the widgets' keys.
        kinds: of data that may be chosen; all when empty.

    Returns:
        Our columns -> the file's, as `read_data` takes them; empty where the file's own names say it all.

    Raises:
        DataError: the first row is data, not names.
        UnansweredError: a column is still to be said, or one is said twice.
    """
    _check_names(sample, name)
    proposed = _proposal(sample, kinds)
    store = st.session_state.setdefault(f"{key}-mapping-{token}", _Choices(proposed.kind))
    is_open = bool(proposed.missing)
    shown = st.container(gap="small")
    with st.expander(_("Change the columns"), icon=":material/table_edit:", expanded=is_open, key=f"{key}-map-{token}"):
        _choose_kind(store, list(kinds or KINDS), f"{key}-{token}")
        columns = _choose_each(sample, store, proposed, f"{key}-{token}")
    with shown:
        _show_rows(sample, columns, proposed.ids)
    _check(columns, store.kind)
    return {} if all(ours == normalised(theirs) for ours, theirs in columns.items()) else columns


def _proposal(sample: Sample, kinds: Sequence[str]) -> Guess:
    """What the file's own names say, else what is guessed."""
    guessed = guess(sample)
    names = {normalised(name): name for name in sample.columns}
    fitting = [kind for kind, data in KINDS.items() if set(data.columns) <= set(names)]
    # Beside a column `text` there may be labels under another name.
    if fitting and not (is_texts_only(fitting[0]) and not is_texts_only(guessed.kind)):
        columns = {ours: names[ours] for ours in KINDS[fitting[0]].columns}
        guessed = Guess(fitting[0], columns, tuple(name for name in guessed.ids if name not in columns.values()))
    if kinds and guessed.kind not in kinds:
        columns = guess_columns(sample)[kinds[0]]
        guessed = Guess(kinds[0], columns, tuple(name for name in guessed.ids if name not in columns.values()))
    return guessed


def _choose_kind(store: _Choices, kinds: Sequence[str], key: str) -> None:
    widget = f"{key}-kind-{language()}"
    st.session_state[widget] = store.kind if store.kind in kinds else kinds[0]

    def keep() -> None:
        store.kind = st.session_state[widget]

    st.selectbox(
        _("What is in the file?"), kinds, format_func=lambda kind: _(KINDS[kind].title), key=widget, on_change=keep
    )


def _choose_each(sample: Sample, store: _Choices, proposed: Guess, key: str) -> dict[str, str]:
    """The column of the file for each of the kind's."""
    kind = store.kind
    said = store.columns.setdefault(kind, _first_choices(sample, proposed, kind))
    names = [name for name in dict.fromkeys(sample.columns) if name]
    for column in KINDS[kind].columns:
        options = [*names, _ALL_MATCH] if _may_all_match(sample, kind, column) else names
        widget = f"{key}-{kind}-{column}-{language()}"
        st.session_state[widget] = said[column] if said.get(column) in options else None

        def keep(column: str = column, widget: str = widget) -> None:
            said[column] = st.session_state[widget]

        st.selectbox(
            column_title(column, kind),
            options,
            index=None,
            placeholder=_("Choose a column"),
            format_func=lambda name: name or _("none: all rows match"),
            key=widget,
            on_change=keep,
        )
    chosen = {column: said[column] for column in KINDS[kind].columns if said.get(column) is not None}
    if _ALL_MATCH not in chosen.values():
        return chosen
    texts = KINDS[kind].text_names()
    return {ours: chosen[text] for ours, text in zip(MATCHING_TEXTS, texts, strict=True) if text in chosen}


def _first_choices(sample: Sample, proposed: Guess, kind: str) -> dict[str, str]:
    if kind != proposed.kind:
        return dict(guess_columns(sample)[kind])
    if set(proposed.columns) == set(MATCHING_TEXTS) != set(KINDS[kind].columns):
        texts = zip(KINDS[kind].text_names(), proposed.columns.values(), strict=True)
        return {**dict(texts), KINDS[kind].target() or "": _ALL_MATCH}
    return dict(proposed.columns)


def _may_all_match(sample: Sample, kind: str, column: str) -> bool:
    """Whether pairs need no label, because nothing in the table says whether they match."""
    names = set(map(normalised, sample.columns))
    return kind == "pairs" and column == KINDS[kind].target() and names.isdisjoint(SAID_OTHERWISE)


def _check(columns: Mapping[str, str], kind: str) -> None:
    wanted = MATCHING_TEXTS if set(columns) <= set(MATCHING_TEXTS) and columns else KINDS[kind].columns
    if missing := [column_title(column, kind) for column in wanted if column not in columns]:
        raise UnansweredError("Say which column is: {columns}.", columns=", ".join(missing))
    if len(set(columns.values())) < len(columns):
        twice = next(name for name in columns.values() if list(columns.values()).count(name) > 1)
        raise UnansweredError("The column {name} is chosen twice. Choose another one for one of them.", name=twice)


def _check_names(sample: Sample, name: str) -> None:
    if sample.is_headless():
        raise DataError(
            "{file} has no names of columns: its first row seems to be data ({given}). Put a row of names above it: "
            "{accepted}.",
            file=name,
            given=", ".join(sample.columns)[:200],
            accepted="; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
        )


def _show_rows(sample: Sample, columns: Mapping[str, str], ids: Sequence[str] = ()) -> None:
    """The first rows under the file's own names, those that are used first; and what is left out."""
    ours = {theirs: column for column, theirs in columns.items()}
    places = sorted(range(len(sample.columns)), key=lambda place: sample.columns[place] not in ours)
    used = [place for place in places if sample.columns[place] in ours or not ours][:_COLUMNS_SHOWN]
    st.table(
        {
            _head(sample.columns[place], ours): [plain(_short(row[place])) for row in sample.rows[: Sample.ROWS_SHOWN]]
            for place in used
        },
        hide_index=True,
    )
    left_out = [name for name in sample.columns if name and name not in ours]
    if ours and left_out:
        named = [_("{name} (an id)").format(name=name) if name in ids else name for name in left_out[:8]]
        more = " …" if len(left_out) > len(named) else ""
        st.caption(_("Left out: {columns}.").format(columns=plain(enumeration(named) + more)))


def _head(name: str, ours: Mapping[str, str]) -> str:
    return f"{column_title(ours[name])}: {plain(name)}" if name in ours else plain(name)


def _short(cell: str) -> str:
    return cell if len(cell) <= _LETTERS_SHOWN else f"{cell[: _LETTERS_SHOWN - 2]} …"


def choose_texts(file: File, *, token: str, key: str) -> list[str] | None:
    """The texts of a file where texts alone are wanted. Of a table its user says which column, sees three rows, and
    takes them with a button, which is disabled with the reason until it makes sense; a text file needs no question.

    Args:
        file: that is read plainly (`reading.choose_reading`).
        token: its own for each file that is brought.
        key: prefix of the widgets' keys.

    Returns:
        The texts, each in the lines that it has; None until they are taken.

    Raises:
        DataError: the file cannot be read.
    """
    assert isinstance(file.content, bytes)
    sample = table_sample(file.content, file.name)
    names = [name for name in dict.fromkeys(sample.columns) if name]
    if not sample.columns or list(map(normalised, names)) == ["text"]:
        return list(texts_from_bytes(file.content, file.name))
    _check_names(sample, file.name)
    said = f"{key}-texts-{token}"
    guessed = next((name for name in names if normalised(name) == "text"), None) or text_column(sample)
    column = st.session_state.setdefault(said, guessed)
    widget = f"{key}-column-{token}-{language()}"
    st.session_state[widget] = column

    def keep() -> None:
        st.session_state[said] = st.session_state[widget]

    column = st.selectbox(
        _("Which column holds the texts?"),
        names,
        index=None,
        placeholder=_("Choose a column"),
        key=widget,
        on_change=keep,
    )
    _show_rows(sample, {} if column is None else {"text": column})
    texts, problem = _read_column(file, column)
    pressed = st.button(
        _("Use these {n} texts").format(n=len(texts)) if texts else _("Use these texts"),
        disabled=not texts,
        key=f"{key}-use-{token}",
        icon=":material/check:",
    )
    if problem:
        st.caption(plain(problem))
    return texts if pressed else None


def _read_column(file: File, column: str | None) -> tuple[list[str], str]:
    """The texts of a column, or why there are none."""
    if column is None:
        return [], _("Say which column holds the texts.")
    assert isinstance(file.content, bytes)
    try:
        return list(texts_from_bytes(file.content, file.name, column=column)), ""
    except UserError as error:
        return [], explain(error)
