"""Indexes of the search that whoever runs this server has put into `SIMCSE_HOME/indexes`, a folder each."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from simcse_core.data.files import TEXT
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.errors import DataError
from simcse_core.home import home
from simcse_core.limits import limits
from simcse_core.uses.search.stored import MANIFEST, Manifest, open_folder, read_manifest
from ui.map.source import MapTexts
from ui.shared.cache import EncoderSettings


def names() -> list[str]:
    """The folders there that hold an index."""
    try:
        folders = sorted(os.scandir(home() / "indexes"), key=lambda entry: entry.name)
    except OSError:
        return []
    return [entry.name for entry in folders if os.path.isfile(Path(entry.path) / MANIFEST)]


def load(name: str) -> MapTexts:
    """The texts of an index with the embeddings that it holds.

    Raises:
        DataError: it is gone, damaged, or not complete.
        InputError: it holds too many texts for a map.
    """
    if name not in names():  # a text from the address is never a path
        raise DataError("There is no index {given} on this server any more. Choose other texts.", given=name)
    manifest = read_manifest(home() / "indexes" / name)
    return _load(name, manifest.model_dump_json())


@st.cache_resource(max_entries=4, show_spinner=False)  # read-only
def _load(name: str, manifest: str) -> MapTexts:
    described, contents = open_folder(home() / "indexes" / name)
    cells = contents.rows.slice(0, limits().max_map_points + 1).to_pydict()  # one too many names the limit
    texts = tuple(cells[TEXT])
    vectors = np.concatenate(contents.blocks)[: len(texts)].astype(np.float32)
    columns = {column: tuple(cells[column]) for column in contents.columns}
    return replace(MapTexts.of(name, texts, columns, vectors), made_by=_encoder(described))


def _encoder(manifest: Manifest) -> EncoderSettings | None:
    """The encoder of the documents, where this server has it under the same name."""
    settings = manifest.settings
    if settings.model not in CATALOGUE or (settings.prompt or "").count(","):
        return None
    return EncoderSettings(
        settings.model, settings.layer, settings.pooling, settings.head, settings.prompt, settings.dim
    )
