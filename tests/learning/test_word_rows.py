"""Training the rows of the texts' tokens is training the whole table, and costs what the texts' vocabulary costs."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig, DistilBertConfig, ElectraConfig, MPNetConfig, PreTrainedConfig, RobertaConfig

from simcse_core.data.kinds import Texts
from simcse_core.encoding.model import SimCSE
from simcse_core.learning import frozen_states
from simcse_core.learning.measuring import main_metric, measure
from simcse_core.learning.records import Step
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.learning.training import train
from tests.encoding.tiny import tiny
from tests.learning.small import data_of, tiny_model

PACKED = [BertConfig, ElectraConfig, RobertaConfig]
PADDED = [DistilBertConfig, MPNetConfig]
WORDS = ("a cat sleeps", "a kitten naps on the sofa", "stocks fell", "is it", "the new line", "the month", "of", "is")
WITH_PADDING = (*WORDS[:-1], "a [PAD] b")
"""Somebody wrote the token into a text."""


def settings_of(**given: object) -> TrainingSettings:
    fast = {"loss": "simcse", "batch_size": 4, "learning_rate": 1e-2, "weight_decay": 0.5, "precision": "float32"}
    return training_settings({**fast, "epochs": 2, "dropout": 0.1, **given})


def words_of(model: SimCSE) -> Tensor:
    return cast(nn.Embedding, model.bert.get_input_embeddings()).weight.detach()


def dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train the whole table."""
    monkeypatch.setattr(frozen_states, "train_rows", lambda part, prepared: None)


@pytest.mark.parametrize("clip", [0.05, 1e6])
@pytest.mark.parametrize("texts", [WORDS, WITH_PADDING], ids=["words", "with padding"])
@pytest.mark.parametrize("family", [*PACKED, *PADDED], ids=lambda family: str(family.model_type))
def test_rows_are_what_the_whole_table_would_be_and_other_rows_stay_without_decay(
    monkeypatch: pytest.MonkeyPatch, family: Callable[..., PreTrainedConfig], clip: float, texts: tuple[str, ...]
) -> None:
    rows, whole, before = tiny(family), tiny(family), words_of(tiny(family)).clone()
    settings = settings_of(clip=clip)
    first = [record for record in train(rows, Texts("t", texts * 2), None, settings) if isinstance(record, Step)]
    dense(monkeypatch)
    second = [record for record in train(whole, Texts("t", texts * 2), None, settings) if isinstance(record, Step)]
    assert [step.loss for step in first] == pytest.approx([step.loss for step in second], rel=1e-4)
    read = sorted({token for ids in rows.prepare(texts) for token in ids} | {rows.padding_id})
    padding = cast(nn.Embedding, rows.bert.get_input_embeddings()).padding_idx
    others = [token for token in range(len(before)) if token not in (*read, padding)]
    assert len(others) > len(read)
    torch.testing.assert_close(words_of(rows)[read], words_of(whole)[read], rtol=1e-3, atol=2e-5)
    assert not torch.equal(words_of(rows)[read], before[read])
    assert torch.equal(words_of(rows)[others], before[others])
    decay = torch.tensor([1 - 0.5 * step.learning_rate for step in second]).prod()
    torch.testing.assert_close(words_of(whole)[others], before[others] * decay)


def test_a_training_that_was_stopped_ends_with_the_same_bits(tmp_path: Path) -> None:
    data, dev, settings, file = data_of("pairs"), data_of("scored"), settings_of(loss="cosent"), tmp_path / "state.pt"
    whole, resumed = tiny_model(), tiny_model()
    list(train(whole, data, dev, settings))
    stops = iter([False] * 5 + [True])
    list(train(tiny_model(), data, dev, settings, checkpoint=file, stop=lambda: next(stops)))
    list(train(resumed, data, dev, settings, checkpoint=file, resume=True))
    assert torch.equal(words_of(whole), words_of(resumed))


def test_a_checkpoint_holds_only_the_rows_that_can_change(tmp_path: Path) -> None:
    model, file = tiny(), tmp_path / "state.pt"
    stops = iter([False] * 2 + [True])
    list(train(model, Texts("t", WORDS * 2), None, settings_of(), checkpoint=file, stop=lambda: next(stops)))
    content = torch.load(file, weights_only=True)
    count = len({token for ids in model.prepare(WORDS) for token in ids} | {model.padding_id})
    assert len(content["weights"]["bert.embeddings.word_embeddings.weight"]) == count
    moments = [state["exp_avg"].shape for state in content["optimizer"]["state"].values()]
    assert len(words_of(model)) not in [shape[0] for shape in moments]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_was_measured_in_the_end_is_the_model_that_is_left(keep: str) -> None:
    model, dev = tiny_model(), data_of("scored")
    end = list(train(model, data_of("pairs"), dev, settings_of(loss="cosent", keep=keep, learning_rate=1e-3)))[-1]
    after = end.dev_after  # type: ignore[union-attr]
    assert after is not None
    assert main_metric(measure(model, dev).metrics) == pytest.approx(main_metric(after), abs=1e-6)


def test_hidden_words_train_the_whole_table_because_each_guess_looks_at_all_of_it() -> None:
    model = tiny()
    before = words_of(model).clone()
    list(train(model, Texts("t", WORDS * 2), None, settings_of(loss="mlm")))
    assert (words_of(model) != before).any(dim=1).all()
