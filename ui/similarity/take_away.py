"""Exports: the numbers, the picture, a stand-alone page, the Python behind it, a link."""

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import streamlit as st

from simcse_core.data.writers import to_csv
from simcse_core.meaning.similarity import Matrix, Summary
from ui.frame import address
from ui.frame.translation import _, language
from ui.shared import cache, heatmap
from ui.shared.heatmap import View
from ui.shared.matrix.view import Picture, picture_button, to_html, words
from ui.similarity import beside

CSV_UP_TO = 1_000
"""Above so many sentences the matrix is offered as a NumPy file: no spreadsheet opens it anyway."""
INLINE_UP_TO = 300
"""Up to so many sentences are written into the Python script; more are read from a file beside it."""


def show(
    texts: Sequence[str], similarity: Matrix, summary: Summary, settings: cache.EncoderSettings, view: View
) -> None:
    """All ways to export what is on the page.

    Args:
        texts: N sentences as typed.
        similarity: (N, N).
        summary: of the matrix.
        settings: of the encoder.
        view: order and colours of the picture.
    """
    order = list(range(len(texts)) if view.order is None else view.order)
    ordered_similarity, ordered = (
        similarity[np.ix_(order, order)] if view.order else similarity,
        [texts[position] for position in order],
    )
    picture = Picture(_("Cosine similarity"), beside.name(settings), label=_("Picture (PNG)"))
    with st.container(horizontal=True):
        _numbers(texts, similarity)
        picture_button(
            ordered_similarity,
            ordered,
            key="take-picture",
            label=picture.label,
            title=picture.title,
            footer=picture.footer,
            colors=view.colors,
            numbers=[position + 1 for position in order],
        )
        alt, viewer_words, code = heatmap.in_words(summary, len(texts)).replace("**", ""), words(), language()
        _button(
            _("Page (HTML)"),
            lambda: to_html(
                ordered_similarity,
                ordered,
                title=picture.title,
                words=viewer_words,
                alt=alt,
                language=code,
                colors=view.colors,
                numbers=[position + 1 for position in order],
                picture=picture,
            ),
            "similarity.html",
            "text/html",
        )
        _button(_("Sentences (text)"), lambda: "\n".join(texts) + "\n", "sentences.txt", "text/plain")
        _button("Python", lambda: python(texts, settings), "similarity.py", "text/x-python")
    st.caption(
        _(
            "This link opens the page with the same sample and settings. Sentences of your own are not in it; "
            "pass the file on."
        )
    )
    st.code(address.link(), language=None, wrap_lines=True)
    if len(texts) <= INLINE_UP_TO:
        with st.expander(_("The Python behind it"), icon=":material/code:"):
            st.code(python(texts, settings), language="python")


def _numbers(texts: Sequence[str], similarity: Matrix) -> None:
    if len(texts) <= CSV_UP_TO:
        _button(_("Numbers (CSV)"), lambda: csv(texts, similarity).encode("utf-8-sig"), "similarity.csv", "text/csv")
    else:
        _button(_("Numbers (NumPy)"), lambda: _npy(similarity), "similarity.npy", "application/octet-stream")


def _button(label: str, make: Callable[[], str | bytes], file: str, mime: str) -> None:
    """A file that is made when somebody asks for it."""
    st.download_button(label, make, file, mime, icon=":material/download:", on_click="ignore", key=f"take-{file}")


def csv(texts: Sequence[str], similarity: Matrix) -> str:
    """The matrix with its sentences, safe to open in a spreadsheet."""
    rows = ([text, *(round(float(value), 6) for value in row)] for text, row in zip(texts, similarity, strict=True))
    return to_csv(["", *texts], rows)


def _npy(similarity: Matrix) -> bytes:
    file = BytesIO()
    np.save(file, similarity)
    return file.getvalue()


def python(texts: Sequence[str], settings: cache.EncoderSettings) -> str:
    """A script that computes the same matrix.

    Args:
        texts: N sentences; many of them are read from `sentences.txt`.
        settings: of the encoder.
    """
    parameters = {
        "layer": settings.layer,
        "pooling": settings.pooling,
        "head": settings.head,
        "prompt": settings.prompt,
        "dim": settings.dim,
    }
    options = "".join(f", {name}={value!r}" for name, value in parameters.items() if value is not None)
    inline = len(texts) <= INLINE_UP_TO
    imports = "" if inline else "from simcse_core.data.readers import read_texts\n"
    sentences = (
        "[\n" + "".join(f"    {ascii_if_odd(text)},\n" for text in texts) + "]"
        if inline
        else 'read_texts("sentences.txt")'
    )
    return (
        "# Run it in the folder of SimCSE Explorer: .venv/bin/python similarity.py\n"
        f"from simcse_core import cosine_similarity, load\n{imports}\n"
        f"sentences = {sentences}\n"
        f"model = load({settings.model!r}{options})\n"
        "similarity = cosine_similarity(model.encode(sentences))\n"
        "print(similarity.round(2))\n"
    )


def ascii_if_odd(text: str) -> str:
    """A text as a Python literal; what a file cannot hold is written as an escape."""
    return repr(text) if text.isprintable() else ascii(text)
