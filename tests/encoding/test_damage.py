"""Whatever is in a model's files: it loads, or one line says that it does not. Never another exception."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, pre_tokenizers
from transformers import BertTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from simcse_core.commands.main import main
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.saved import card_of
from simcse_core.encoding.storage import load_frozen
from simcse_core.errors import ModelError, UserError
from tests.encoding.tiny import change, tiny, tiny_tokenizer

CONTENTS = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"5",
    "a text": b'"x"',
    "no text": b"\xff\xfe{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a long number": b"9" * 5_000,
}
FILES = [
    *("modules.json", "config.json", "sentence_bert_config.json", "config_sentence_transformers.json"),
    *("tokenizer.json", "tokenizer_config.json", "model.safetensors", "1_WeightedLayerPooling/config.json"),
    *("1_WeightedLayerPooling/model.safetensors", "2_Dense/config.json", "2_Dense/model.safetensors"),
    *("3_Pooling/config.json", "4_Normalize/config.json"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    tiny(layers=1).configured(pooling="first_last_mean", head="random").save(folder)
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def one_line(error: UserError) -> bool:
    return "\n" not in str(error) and len(str(error)) < 600


def test_all_files_of_a_model_are_damaged_here(whole: Path) -> None:
    assert sorted(FILES) == sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*.*"))


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_any_content_is_refused_in_one_line(copy: Path, file: str) -> None:
    whole = (copy / file).read_bytes()
    for content in [*CONTENTS.values(), whole[: len(whole) // 2]]:
        (copy / file).write_bytes(content)
        with pytest.raises(ModelError) as refused:
            load(str(copy))
        assert one_line(refused.value)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_one_without_settings_or_refused_in_one_line(copy: Path, file: str) -> None:
    (copy / file).unlink()
    if file in ("sentence_bert_config.json", "config_sentence_transformers.json", "4_Normalize/config.json"):
        load(str(copy))
    elif file not in ("modules.json", "tokenizer_config.json"):  # a plain folder; transformers has defaults
        with pytest.raises(ModelError) as refused:
            load(str(copy))
        assert one_line(refused.value)


@pytest.mark.parametrize("value", [None, "x", -1, [], {}, 10**12, 1e308], ids=repr)
@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "2_Dense/config.json"])
def test_any_setting_of_any_content_is_taken_or_refused(copy: Path, file: str, value: object) -> None:
    content = json.loads((copy / file).read_text())
    for key in content:
        (copy / file).write_text(json.dumps({**content, key: value}))
        for look in (lambda: load(str(copy)).encode(["A cat."]), lambda: card_of(copy, "a", "b")):
            with suppress(ModelError):
                look()


@pytest.mark.parametrize("file", ["modules.json", "config.json", "3_Pooling/config.json"])
@pytest.mark.parametrize("content", CONTENTS)
def test_a_damaged_folder_has_no_card(copy: Path, file: str, content: str) -> None:
    (copy / file).write_bytes(CONTENTS[content])
    with pytest.raises(ModelError):
        card_of(copy, "a", "b")


@pytest.mark.parametrize("content", [*CONTENTS.values(), b'{"head": "yes"}', b'{"head": true}'])
def test_a_damaged_head_of_a_frozen_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "simcse.json").write_bytes(content)
    with pytest.raises(ModelError):
        load_frozen(tmp_path, "tiny")


def test_a_head_of_another_width_is_refused_on_a_frozen_model(tmp_path: Path, multilingual: FrozenEncoder) -> None:
    FrozenEncoder(multilingual.sentence_model, multilingual.tokenizer, name="tiny").save(tmp_path)
    tiny(layers=1).configured(head="random").save(tmp_path / "bert")
    shutil.copy(tmp_path / "bert" / "1_Dense" / "model.safetensors", tmp_path / "head.safetensors")
    (tmp_path / "simcse.json").write_text('{"head": true}')
    with pytest.raises(ModelError, match=r"has to hold bias 512, weight 512×512, and it holds linear.bias 16"):
        load_frozen(tmp_path, "tiny")


TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def test_a_folder_without_a_tokenizer_is_refused(copy: Path) -> None:
    for file in TOKENIZER_FILES:
        (copy / file).unlink()
    with pytest.raises(ModelError, match="has no tokenizer, or one without words"):
        load(str(copy))


def of_vocabulary(*pieces: str, **settings: Any) -> PreTrainedTokenizerBase:
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, **settings)


def fast(tokenizer: Any, **settings: Any) -> PreTrainedTokenizerBase:
    made: PreTrainedTokenizerBase = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, **{"unk_token": "[UNK]", "pad_token": "[PAD]", **settings}
    )
    return made


def without_markers() -> PreTrainedTokenizerBase:
    return fast(with_template(None))


def with_template(template: dict[str, Any] | None) -> Tokenizer:
    content = json.loads(tiny_tokenizer().backend_tokenizer.to_str())
    return Tokenizer.from_str(json.dumps({**content, "post_processor": template}))


def as_second_of_a_pair() -> PreTrainedTokenizerBase:
    special = {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}
    single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 1}}]
    template: dict[str, Any] = {
        "type": "TemplateProcessing",
        "single": single,
        "pair": single,
        "special_tokens": {"[CLS]": special},
    }
    template["pair"] = [*single, {"Sequence": {"id": "B", "type_id": 1}}]
    return fast(with_template(template), model_input_names=["input_ids", "token_type_ids", "attention_mask"])


def without_padding() -> PreTrainedTokenizerBase:
    return fast(tiny_tokenizer().backend_tokenizer, pad_token=None)


def without_unknown() -> PreTrainedTokenizerBase:
    content = json.loads(tiny_tokenizer().backend_tokenizer.to_str())
    content["model"] = {"type": "WordLevel", "unk_token": "[NONE]", "vocab": content["model"]["vocab"]}
    return fast(Tokenizer.from_str(json.dumps(content)), unk_token=None)


def that_never_knows() -> PreTrainedTokenizerBase:
    tokenizer = tiny_tokenizer().backend_tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\0", "isolated")
    return fast(tokenizer)


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (lambda: of_vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), "without words"),
        (lambda: of_vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str, range(400))), "up to 404"),
        (lambda: of_vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abc"), "it has 8 tokens, and there are"),
        (without_markers, "puts no markers"),
        (as_second_of_a_pair, "counts a single text as the second of a pair"),
        (without_padding, "has no padding token"),
        (without_unknown, r"cannot be read \(tokenizer\): .*\[UNK\] token"),
        (that_never_knows, "does not know its own vocabulary"),
    ],
)
def test_a_tokenizer_that_does_not_fit_is_refused_at_loading(
    copy: Path, tokenizer: Callable[[], PreTrainedTokenizerBase], message: str
) -> None:
    for file in TOKENIZER_FILES:
        (copy / file).unlink()
    tokenizer().save_pretrained(copy)
    with pytest.raises(ModelError, match=message) as refused:
        load(str(copy))
    assert one_line(refused.value)


def test_a_panic_is_refused_in_one_line_and_prints_nothing_else(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A marker that the template does not have makes Rust panic, which derives from BaseException and prints itself."""
    content = json.loads((copy / "tokenizer.json").read_text())
    content["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {},
    }
    (copy / "tokenizer.json").write_text(json.dumps(content))
    change(copy / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    monkeypatch.setattr("threading.active_count", lambda: 1)  # as on the command line
    assert main(["similarity", "A cat.", "--model", str(copy)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "cannot be read (tokenizer): PanicException" in line


def test_a_panic_while_encoding_is_an_error_of_the_model() -> None:
    panic = type("PanicException", (BaseException,), {})
    model = tiny(layers=1)

    def fail(*_texts: object, **_settings: object) -> None:
        raise panic("index out of bounds")

    model.tokenizer = fail  # type: ignore[assignment]
    for look in (lambda: model.encode(["a"]), lambda: model.check(["a"]), lambda: model.tokens("a")):
        with pytest.raises(ModelError, match=r"tiny cannot be read \(tokenizer\): PanicException index out of bounds"):
            look()


def test_what_is_no_error_of_the_model_passes() -> None:
    for error in (KeyboardInterrupt(), SystemExit(3), UserError("a")):
        with pytest.raises(type(error)) as passed, model_errors("a", "b"):
            raise error
        assert passed.value is error


def test_a_whole_copy_gives_the_same_embeddings(whole: Path, copy: Path) -> None:
    np.testing.assert_array_equal(load(str(copy)).encode(["A cat."]), load(str(whole)).encode(["A cat."]))
