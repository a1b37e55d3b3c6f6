"""What a model that was saved here is, read from its folder without loading weights."""

import os
from pathlib import Path

from simcse_core.encoding.cards import CATALOGUE, ModelCard
from simcse_core.encoding.layout import FROZEN_FILE, read_layout, weight_files
from simcse_core.encoding.module_files import FrozenSettings, is_there, read_settings
from simcse_core.errors import ModelError


def is_frozen(folder: Path) -> bool:
    """Whether a folder holds a head on a frozen encoder, which only this program can load.

    Raises:
        ModelError: nobody can tell.
    """
    return is_there(folder / FROZEN_FILE)


def card_of(folder: Path, name: str, title: str, *, languages: str = "", note: str = "") -> ModelCard:
    """Describe a folder with a model as the catalogue describes its own.

    Args:
        folder: that `SimCSE.save` has written, or any BERT folder.
        name: by which it can be loaded.
        title: for people.
        languages: that it reads, as far as that is known.
        note: one line for somebody who chooses.

    Raises:
        ModelError: there is no model in the folder, or it is damaged.
    """
    if is_frozen(folder):
        settings = read_settings(folder / FROZEN_FILE, FrozenSettings, name)
        whole = CATALOGUE[settings.base].dim if settings.base in CATALOGUE else None
        return ModelCard(
            name, title, languages, "", _megabytes(folder), None, None, note, dim=whole, most_dims=settings.dim
        )
    layout = read_layout(folder, name)
    if layout.layers is None:
        raise ModelError("The model {name} is damaged: its config.json does not say how many layers it has.", name=name)
    megabytes = _megabytes(layout.transformer)
    return ModelCard(
        name,
        title,
        languages,
        "",
        megabytes,
        layout.layers,
        layout.pooling,
        note,
        dim=layout.whole_dim,
        most_dims=layout.dim,
        prompts=layout.prompts,
    )


def _megabytes(folder: Path) -> int:
    return round(sum(os.path.getsize(path) for path in weight_files(folder)) / 1e6)
