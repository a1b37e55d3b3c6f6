"""The format of sentence-transformers: the whole model as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.encoding.exports.registry import Progress, formats

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE


@formats.register("sentence-transformers")
def complete_folder(model: "SimCSE", folder: Path, on_progress: Progress) -> None:
    """The whole model in the layout of sentence-transformers, which loads it and gives the same embeddings.

    Args:
        model: with layers.
        folder: an empty one.
        on_progress: is not called: this takes a moment.

    Raises:
        ModelError: the layout cannot say what the model does.
    """
    model.save(folder)
