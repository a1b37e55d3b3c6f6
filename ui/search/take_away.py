"""The results as a file, and the Python and the command that give the same."""

import json
import shlex
from collections.abc import Callable, Sequence

import streamlit as st

from simcse_core.data.writers import to_csv
from ui.frame import address, page
from ui.frame.translation import _, language
from ui.search.corpus import SearchCorpus
from ui.search.repeats import Repeats
from ui.search.results import Listing, Where
from ui.shared import cache, data_choice
from ui.shared.data_choice import Upload

TEXTS = "texts.txt"
"""Where Python and the command look for texts that stand in no file; they can be downloaded under this name."""


def show(
    query: str,
    corpus: SearchCorpus,
    listings: Sequence[Listing],
    settings: cache.EncoderSettings,
    where: Where,
    count: int,
) -> None:
    """All ways to take the lists away."""
    _button(_("Results (CSV)"), lambda: csv(listings).encode("utf-8-sig"), "search.csv", "text/csv")
    if not corpus.source:
        _button(_("Texts (text)"), lambda: "\n".join(corpus.texts) + "\n", TEXTS, "text/plain")
    if st.button(_("Show on the map"), icon=":material/scatter_plot:", key="search-map"):
        data_choice.hand_over("map", as_file(corpus))
        st.switch_page(page.PAGES["map"].path, query_params={"language": language()})
    st.caption(_("The same in Python"))
    st.code(python(query, corpus, settings, where, count), language="python", wrap_lines=True)
    st.caption(_("The same on the command line"))
    st.code(command(query, corpus, settings, where, count), language="bash", wrap_lines=True)
    st.caption(_("This link opens the page with the same settings; texts and long queries of your own are not in it."))
    st.code(address.link(), language=None, wrap_lines=True)


def show_groups(repeats: Repeats, corpus: SearchCorpus) -> None:
    """The groups of texts that say nearly the same, as a file."""
    _button(_("Groups (CSV)"), lambda: groups_csv(repeats, corpus).encode("utf-8-sig"), "duplicates.csv", "text/csv")


def as_file(corpus: SearchCorpus) -> Upload:
    """The texts with their columns for another page, letter for letter."""
    names = list(corpus.columns)
    rows = zip(corpus.texts, *corpus.columns.values(), strict=True)
    records = (dict(zip(["text", *names], cells, strict=True)) for cells in rows)
    content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode("utf-8", "replace")
    return Upload(content, f"{corpus.name or 'texts'}.jsonl", data_choice.hash_of(content))


def csv(listings: Sequence[Listing]) -> str:
    """Every hit of every list, safe to open in a spreadsheet."""
    columns = list(dict.fromkeys(column for one in listings for hit in one.hits for column in hit.columns))
    rows = (
        [one.title, rank, hit.score, hit.row, hit.text, *(hit.columns.get(column, "") for column in columns)]
        for one in listings
        for rank, hit in enumerate(one.hits, 1)
    )
    return to_csv(["list", "rank", "score", "row", "text", *columns], rows)


def groups_csv(repeats: Repeats, corpus: SearchCorpus) -> str:
    """A row for each text of each group."""
    rows = (
        [number, one.row, round(one.cosine, 6), corpus.texts[one.row]]
        for number, group in enumerate(repeats.groups, 1)
        for one in group
    )
    return to_csv(["group", "row", "cosine_with_first", "text"], rows)


def python(query: str, corpus: SearchCorpus, settings: cache.EncoderSettings, where: Where, count: int) -> str:
    """A script that finds the same."""
    options = {
        "layer": settings.layer,
        "pooling": settings.pooling,
        "head": settings.head,
        "prompt": settings.prompt,
        "dim": settings.dim,
        "columns": dict(corpus.mapping) or None,
    }
    written = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    chosen = f", where={ {column: list(values) for column, values in where.items()}!r}" if where else ""
    return (
        "from simcse_core import Index\n\n"
        f"index = Index.build({corpus.source or TEXTS!r}, {settings.model!r}{written})\n"
        'for method in ("dense", "bm25", "hybrid"):\n'
        f"    for hit in index.search({query!r}, top_k={count}, method=method{chosen}):\n"
        "        print(method, hit.score, hit.text)\n"
    )


def command(query: str, corpus: SearchCorpus, settings: cache.EncoderSettings, where: Where, count: int) -> str:
    """A command that finds the same by meaning."""
    words = ["python", "-m", "simcse_core", "search", "--corpus", corpus.source or TEXTS, "--query", query]
    words += ["--top-k", str(count), "--model", settings.model]
    for option in ("layer", "pooling", "head", "prompt", "dim"):
        if (value := getattr(settings, option)) is not None:
            words += [f"--{option}", str(value)]
    for column, name in corpus.mapping.items():
        words += ["--columns", f"{column}={name}"]
    for column, values in where.items():
        words += [word for value in values for word in ("--where", f"{column}={value}")]
    return shlex.join(words)


def _button(label: str, make: Callable[[], str | bytes], file: str, mime: str) -> None:
    st.download_button(label, make, file, mime, icon=":material/download:", on_click="ignore", key=f"search-{file}")
