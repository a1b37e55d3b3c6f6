"""A loss over several lengths of the embeddings at once: equal to sentence-transformers', with every loss there is."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer.losses import (
    CoSENTLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from torch import Tensor, nn

from simcse_core.data.kinds import Scored
from simcse_core.errors import OptionError
from simcse_core.learning.ended import Ended
from simcse_core.learning.losses import cosent, cross_entropy
from simcse_core.learning.losses.matryoshka import over_dims, parse_dims
from simcse_core.learning.measuring import measure, measure_cut
from simcse_core.learning.settings import training_settings
from simcse_core.learning.training import train
from tests.encoding.tiny import TEXTS, tiny
from tests.learning.loss_batches import CASES, Case, embeddings, matching

DIMS = (6, 4, 1)


class Ready(nn.Module):
    """In the place of a model: gives embeddings that are there already."""

    def get_embedding_dimension(self) -> int:
        return 6

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        return {"sentence_embedding": features["ready"]}


def peer(loss: Callable[..., nn.Module], columns: list[Tensor], labels: Any) -> Tensor:
    model: Any = Ready()
    weights = [1 / len(DIMS)] * len(DIMS)
    wrapped = MatryoshkaLoss(model, loss(model), list(DIMS), matryoshka_weights=weights)
    value: Tensor = wrapped([{"ready": column} for column in columns], labels)
    return value


def same_twice() -> tuple[list[Tensor], list[Tensor]]:
    columns = [embeddings(5), embeddings(5, seed=1)]
    return columns, [column.clone() for column in columns]


def check_equal(ours: Callable[..., Tensor], theirs: Callable[[list[Tensor]], Tensor]) -> None:
    mine, other = ([column.requires_grad_() for column in columns] for columns in same_twice())
    value, expected = ours(*mine), theirs(other)
    torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-6)
    for got, wanted in zip(torch.autograd.grad(value, mine), torch.autograd.grad(expected, other), strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-6)


def test_ranking_over_several_lengths_is_that_of_sentence_transformers() -> None:
    loss = over_dims(cross_entropy, DIMS)
    check_equal(
        lambda *columns: loss(*columns, targets=matching(5), temperature=0.05),
        lambda columns: peer(lambda model: MultipleNegativesRankingLoss(model, scale=20), columns, None),
    )


def test_cosent_over_several_lengths_is_that_of_sentence_transformers() -> None:
    scores = torch.tensor([0.0, 1.0, 2.0, 2.0, 5.0])
    loss = over_dims(cosent, DIMS)
    check_equal(
        lambda *columns: loss(*columns, scores=scores, temperature=0.05),
        lambda columns: peer(lambda model: CoSENTLoss(model, scale=20), columns, scores),
    )


@pytest.fixture(params=CASES, ids=lambda case: "-".join([case.loss.name, case.input, *case.options.values()]))
def case(request: pytest.FixtureRequest) -> Case:
    return cast(Case, request.param)


def of_parameters(case: Case) -> list[str]:
    return [name for name in case.random_batch().rest if name in ("centers", "classifier")]


def test_every_loss_is_the_mean_of_itself_over_the_lengths(case: Case) -> None:
    batch, names = case.random_batch(), of_parameters(case)

    def at(dim: int) -> Tensor:
        kept = {name: batch.rest[name].norm(dim=1, keepdim=True) for name in names}
        shorter = {name: value[:, :dim] for name, value in batch.tensors().items() if name in ("anchor", "positive")}
        scaled = {
            name: torch.nn.functional.normalize(batch.rest[name][:, :dim], dim=1) * length
            for name, length in kept.items()
        }
        return case.value(batch.having(**shorter, **scaled))

    value = over_dims(case.loss.function, DIMS, names)(*batch.embeddings(), **{**case.options, **batch.rest})
    torch.testing.assert_close(value, torch.stack([at(dim) for dim in DIMS]).mean())


def test_one_length_that_is_the_whole_changes_no_loss(case: Case) -> None:
    batch, names = case.random_batch(), of_parameters(case)
    value = over_dims(case.loss.function, [6], names)(*batch.embeddings(), **{**case.options, **batch.rest})
    torch.testing.assert_close(value, case.value(batch))


@pytest.mark.parametrize("text", ["", "x", "48,96", "96,96", "96,0", "96,-1", "96,,48", "9.5", ",".join("9" * 17)])
def test_lengths_have_to_become_smaller(text: str) -> None:
    with pytest.raises(OptionError, match="write up to 16 whole numbers, the largest first"):
        training_settings({"matryoshka": text})
    assert parse_dims("96, 48,1") == (96, 48, 1)


WORDS = [text for text in dict.fromkeys(TEXTS) if text]
SCORED = Scored("scored", tuple(WORDS[:7]), tuple(WORDS[1:8]), (5, 1, 0, 2, 4, 3, 0))


def trained(**settings: object) -> tuple[Any, Ended]:
    model = tiny(layers=1)
    *_records, ended = train(
        model, SCORED, SCORED, training_settings({"loss": "cosent", "epochs": 1, "batch_size": 4, **settings})
    )
    assert isinstance(ended, Ended)
    return model, ended


def test_a_training_goes_over_the_lengths_whole_and_in_chunks() -> None:
    whole, _ended = trained(matryoshka="16,4", dropout=0.0, precision="float32", keep="last")
    chunked, _ended = trained(matryoshka="16,4", dropout=0.0, precision="float32", keep="last", chunk_size=2)
    plain, _ended = trained(dropout=0.0, precision="float32", keep="last")
    np.testing.assert_allclose(whole.encode(TEXTS), chunked.encode(TEXTS), atol=1e-5)
    assert np.abs(whole.encode(TEXTS) - plain.encode(TEXTS)).max() > 1e-4


def test_lengths_that_the_model_does_not_have_and_pre_training_are_refused() -> None:
    with pytest.raises(OptionError, match="has embeddings of 16 dimensions: Matryoshka cannot cut them to 17"):
        trained(matryoshka="17,4")
    with pytest.raises(OptionError, match="mlm guesses words and has no embeddings"):
        trained(loss="mlm", matryoshka="16,4")


def test_metrics_at_each_length_are_those_of_the_model_that_cuts() -> None:
    model = tiny(layers=1)
    for dim, metrics in measure_cut(model, SCORED, (16, 5)).items():
        expected = measure(model.configured(dim=dim), SCORED).metrics
        assert vars(metrics) == pytest.approx(vars(expected), abs=1e-5, nan_ok=True)
