"""What a model that was saved here is, read from its folder without loading weights."""

from pathlib import Path

from simcse_core.encoding.cards import ModelCard
from simcse_core.encoding.layout import FROZEN_FILE, read_json, read_layout
from simcse_core.errors import ModelError


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
    weights = folder / "model.safetensors"
    megabytes = round(weights.stat().st_size / 1e6) if weights.is_file() else 0
    if (folder / FROZEN_FILE).is_file():
        return ModelCard(name, title, languages, "", megabytes, None, None, note)
    layout = read_layout(folder, name)
    layers = read_json(layout.transformer / "config.json").get("num_hidden_layers")
    if not isinstance(layers, int):
        raise ModelError("The model {name} is damaged: its config.json does not say how many layers it has.", name=name)
    pooling = layout.pooling if layout.averaging is None else "first_last_mean"
    return ModelCard(name, title, languages, "", megabytes, layers, pooling, note)
