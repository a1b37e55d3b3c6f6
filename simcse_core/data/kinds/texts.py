"""Unlabelled texts."""

from dataclasses import dataclass

from simcse_core.data.kinds.cell_types import TextColumn
from simcse_core.data.kinds.dataset import Dataset, kind


@kind("texts")
@dataclass(frozen=True)
class Texts(Dataset):
    """Unlabelled texts."""

    text: TextColumn

    title = "Texts without labels"
    rows_are = "texts without labels"
