"""Models that store only what training has changed, and name the model that has the rest.

In the place of `model.safetensors` such a folder has `changed.safetensors`, which no other library takes for a whole
model, and `base.json`: the base's name and the SHA-256 of its weights. A base is never another run, so no run depends
on one. Of a table in which few rows have changed only these are stored. Loading gives the same weights, bit by bit.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from simcse_core.encoding.bases import Base, base_folder, read_base, transformer_of
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.layout import BASE_FILE, CHANGED_FILE, is_of_tokenizer, weight_files
from simcse_core.errors import ModelError
from simcse_core.home import run_folder
from simcse_core.hub import checksums

LEAST_SHARED = 100_000_000
"""Bytes. Where less is unchanged, the folder is complete, and sentence-transformers loads it as it is."""
LEAST_TABLE = 1_000_000
"""Bytes. Smaller tensors are stored whole, however few of their rows have changed."""
_DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
"""How safetensors calls numbers that weights are stored in."""
_BYTES_COMPARED = 16_000_000
"""At once, so that comparing needs no memory."""


def whole_weights(folder: Path, base: Base, name: str) -> dict[str, Tensor]:
    """All tensors of a model that stores what has changed. What is unchanged stays on the disk until it is used.

    Raises:
        ModelError: the base is missing or another one, or a file is damaged.
    """
    of_base: dict[str, Tensor] = {}
    for file in weight_files(base_folder(base, name)):
        of_base |= load_file(file)
    with model_errors(name, "weights"):
        changed = load_file(folder / CHANGED_FILE)
        weights = {key: of_base[there] for key, there in base.unchanged.items()}
        for key, there in base.rows.items():
            rows = changed.pop(f"{key}.rows")
            # Of a file in memory only the pages that are written become a copy; the file never changes.
            weights[key] = of_base[there].float().index_copy_(0, rows, changed.pop(key))
    return weights | changed


def save_changed(bert: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, base: str) -> bool:
    """Write what of a BERT is not in its base, where that saves enough.

    Args:
        bert: to save.
        tokenizer: its tokenizer; one that was loaded from the base's folder is not written.
        folder: that is there.
        base: name of a model; of a run's, what that run takes from its own base counts.

    Returns:
        Whether it was written; if not, the folder is as it was.

    Raises:
        OSError: it cannot be written.
    """
    place = _usable(base)
    if place is None:
        return False
    base, transformer = place
    state = {key: tensor.detach().cpu() for key, tensor in bert.state_dict().items()}
    if len({tensor.data_ptr() for tensor in state.values()}) < len(state):  # safetensors stores no tensor twice
        return False
    unchanged: dict[str, str] = {}
    rows: dict[str, str] = {}
    shared, changed = 0, dict(state)
    for key, there, places in _differences(state, weight_files(transformer), f"{bert.base_model_prefix}."):
        tensor = state[key]
        if not len(places):
            unchanged[key] = there
            shared += tensor.nbytes
            del changed[key]
        elif tensor.nbytes >= LEAST_TABLE and 2 * len(places) < len(tensor):
            rows[key] = there
            shared += tensor.nbytes - tensor[places].nbytes
            changed |= {key: tensor[places], f"{key}.rows": places}
    if shared < LEAST_SHARED:
        return False
    has_its_tokenizer = Path(tokenizer.name_or_path).resolve() == transformer.resolve()
    of_tokenizer = [path for path in transformer.iterdir() if is_of_tokenizer(path)] if has_its_tokenizer else []
    record = Base(
        base=base,
        weights={path.name: checksums.sha256(path) for path in weight_files(transformer)},
        unchanged=unchanged,
        rows=rows,
        tokenizer={path.name: checksums.sha256(path) for path in sorted(of_tokenizer)},
    )
    bert.config.architectures = [type(bert).__name__]
    bert.config.save_pretrained(folder)
    save_file({key: tensor.contiguous() for key, tensor in changed.items()}, folder / CHANGED_FILE, {"format": "pt"})
    (folder / BASE_FILE).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if not has_its_tokenizer:
        tokenizer.save_pretrained(folder)
    return True


def _usable(name: str) -> tuple[str, Path] | None:
    """Name and folder of a complete BERT that is no run's, which somebody may delete; None where there is none."""
    try:
        transformer = transformer_of(name)
        base = read_base(transformer, name)
        if base is not None:
            return base.base, base_folder(base, name)
    except ModelError:
        return None
    is_run = run_folder(name) is not None or run_folder(transformer.parent.name) == transformer.parent
    return None if is_run else (name, transformer)


def _differences(state: dict[str, Tensor], files: list[Path], prefix: str) -> Iterator[tuple[str, str, Tensor]]:
    """For each tensor that is in the files in the same shape: its name, its name there, and which rows are others."""
    for path in files:
        with path.open("rb") as file:
            for there, stored in _stored_in(file).items():
                key = there if there in state else there.removeprefix(prefix)
                if key in state and state[key].ndim and state[key].shape == stored.shape and stored.dtype in _DTYPES:
                    yield key, there, _changed_rows(state[key], file, stored)


@dataclass(frozen=True)
class _Stored:
    """A tensor in a file of safetensors."""

    dtype: str
    shape: torch.Size
    start: int
    """Its first byte in the file."""


def _stored_in(file: BinaryIO) -> dict[str, _Stored]:
    """Which tensors a file has, by name."""
    length = int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(length))
    return {
        key: _Stored(entry["dtype"], torch.Size(entry["shape"]), 8 + length + entry["data_offsets"][0])
        for key, entry in header.items()
        if key != "__metadata__"
    }


def _changed_rows(tensor: Tensor, file: BinaryIO, stored: _Stored) -> Tensor:
    """The numbers of the rows that differ in any bit.

    The file is read in parts. The library reads a whole tensor for each part of it, or counts as memory what it maps.
    """
    dtype = _DTYPES[stored.dtype]
    row = tensor[0].numel()
    step = max(_BYTES_COMPARED // max(row * dtype.itemsize, 1), 1)
    places = [torch.empty(0, dtype=torch.long)]
    file.seek(stored.start)
    for start in range(0, len(tensor), step):
        ours = tensor[start : start + step].contiguous().view(-1, row)
        part = bytearray(file.read(ours.numel() * dtype.itemsize))
        theirs = torch.frombuffer(part, dtype=dtype).to(tensor.dtype).view(-1, row)
        ours, theirs = (half.view(torch.uint8) for half in (ours, theirs))
        if not torch.equal(ours, theirs):
            places.append((ours != theirs).any(dim=1).nonzero().flatten() + start)
    return torch.cat(places)
