"""What every loss promises, whatever it rewards."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any, cast, get_args

import pytest
import torch
from torch import Tensor

from simcse_core.data.kinds import KINDS
from simcse_core.errors import OptionError, ShapeError
from simcse_core.learning.losses import (
    Input,
    Loss,
    cross_entropy,
    learned_options,
    losses,
    naive_losses,
)
from tests.learning.loss_batches import CASES, CODES, LABELS, Batch, Case, embeddings


@pytest.fixture(params=CASES, ids=lambda case: "-".join([case.loss.name, case.input, *case.options.values()]))
def case(request: pytest.FixtureRequest) -> Case:
    return cast(Case, request.param)


@pytest.fixture(params=losses.entries(), ids=lambda loss: loss.name)
def loss(request: pytest.FixtureRequest) -> Loss:
    return cast(Loss, request.param)


def test_every_loss_is_a_finite_scalar_and_moves_every_text_and_parameter(case: Case) -> None:
    batch = case.random_batch()
    given = {name: value for name, value in batch.tensors().items() if name not in ("targets", "scores", "classes")}
    moving = {name: value.clone().requires_grad_() for name, value in given.items()}
    widest = (
        {"margin": 2.0} if "margin" in [field.name for field in case.loss.fields] else {}
    )  # no triplet is far enough apart
    value = replace(case, options=case.options | widest).value(batch.having(**moving))
    value.backward()  # type: ignore[no-untyped-call]
    assert value.ndim == 0
    assert torch.isfinite(value)
    for name, tensor in moving.items():
        assert tensor.grad is not None
        assert (tensor.grad.abs().sum(dim=1) > 0).all(), name


def test_every_loss_ignores_the_length_of_the_embeddings(case: Case) -> None:
    batch = case.random_batch()
    longer = {
        name: value * torch.linspace(0.1, 9, len(value)).unsqueeze(1)
        for name, value in batch.tensors().items()
        if name in ("anchor", "positive", "classifier")
    }
    torch.testing.assert_close(case.value(batch), case.value(batch.having(**longer)))


def test_every_loss_falls_when_what_belongs_together_comes_together(case: Case) -> None:
    n = len(LABELS)
    if case.input in ("classes", "class_pairs", "class_codes"):
        apart = case.batch(torch.eye(3)[CODES], torch.eye(3)[CODES])
    elif case.input == "scores":  # 0, 45 and 90 degrees
        directions = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
        apart = case.batch(torch.tensor([[1.0, 0.0]]).expand(n, 2), directions[CODES].repeat(2, 1))
    else:
        apart = case.batch(torch.eye(n, 2 * n), torch.eye(2 * n))
        if case.input in ("marked_pairs", "marked_rows"):
            swapped = torch.where((apart.rest["targets"].diagonal() == 1).unsqueeze(1), torch.eye(n), -torch.eye(n))
            apart = case.batch(torch.eye(n), swapped.repeat(2, 1))
    assert case.value(apart) < case.value(case.random_batch())


def test_every_gradient_is_right(case: Case) -> None:
    """Against numerical differences, in float64, for the texts and for everything that training learns."""
    batch = case.random_batch(list("aabbca"), dtype=torch.float64)
    options = case.loss.with_options(case.options)
    learned = {name: torch.tensor(options[name], dtype=torch.float64) for name in learned_options(case.loss.name)}
    moving = {name: value for name, value in batch.tensors().items() if value.dtype == torch.float64} | learned
    assert torch.autograd.gradcheck(
        lambda *given: case.value(batch.having(**dict(zip(moving, given, strict=True)))),
        [value.clone().requires_grad_() for value in moving.values()],
    )


@pytest.mark.parametrize("labels", ["a", "aa", "ab", "aaaaa", "aabc"])
def test_every_loss_survives_degenerate_batches(case: Case, labels: str) -> None:
    """One row, one class, equal vectors, vectors without a direction, equal texts of which no two are a mismatch."""
    n = len(labels)
    for vectors in (embeddings(3 * n), torch.ones(3 * n, 4), torch.zeros(3 * n, 4)):
        batch = case.batch(vectors[:n], vectors[n:], list(labels))
        batches = [batch]
        if "targets" in batch.rest:
            no_mismatch, nothing = batch.rest["targets"].clamp(min=0), torch.zeros_like(batch.rest["targets"])
            batches += [batch.having(targets=no_mismatch), batch.having(targets=nothing)]
        for given in batches:
            anchor = given.anchor.clone().requires_grad_()
            value = case.value(given.having(anchor=anchor))
            (gradient,) = torch.autograd.grad(value, anchor)
            assert torch.isfinite(value)
            assert gradient.isfinite().all()
            if case.loss.observe is not None:
                assert all(map(math.isfinite, case.observed(given).values()))


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_every_loss_computes_half_precision_in_float32(case: Case, half: torch.dtype) -> None:
    batch = case.random_batch()
    rough = {name: batch.tensors()[name].to(half) for name in ("anchor", "positive") if name in batch.tensors()}
    exact = {name: value.float() for name, value in rough.items()}
    expected = case.value(batch.having(**exact))
    torch.testing.assert_close(case.value(batch.having(**rough)), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(case.value(batch.having(**exact)), expected)


def test_every_loss_refuses_shapes_that_do_not_fit(case: Case) -> None:
    batch = case.random_batch()
    for name, tensor in batch.tensors().items():
        narrower = [tensor[:, :-1]] if name in ("positive", "centers", "classifier") else []
        for wrong in (tensor[:-1], tensor[0], *narrower):
            with pytest.raises(ShapeError, match="must"):
                case.value(batch.having(**{name: wrong}))


def test_the_parts_of_a_loss_add_up_to_it_and_stand_where_it_is_asked(case: Case) -> None:
    for labels in (LABELS, list("aab"), list("aaa")):
        batch = case.random_batch(labels, dtype=torch.float64)
        parts = case.parts(batch)
        torch.testing.assert_close(parts.shares.sum(), case.value(batch))
        asked = (
            batch.rest["targets"] != 0 if "targets" in batch.rest else torch.ones_like(parts.shares, dtype=torch.bool)
        )
        if batch.positive is None and "targets" in batch.rest:
            asked = asked.clone().fill_diagonal_(False)
        assert (parts.shares[~asked] == 0).all()
        for matrix in (parts.logits, parts.probabilities):
            if matrix is not None:
                assert matrix.shape == parts.shares.shape
                assert matrix[~asked].isnan().all()
        if parts.probabilities is not None:
            probabilities = parts.probabilities[~parts.probabilities.isnan()]
            assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_an_argument_goes_by_its_former_name_too() -> None:
    """`positive` was once called `other`."""
    anchor, positive, targets = embeddings(3), embeddings(3, seed=1), torch.eye(3)
    former: Any = cross_entropy
    torch.testing.assert_close(
        former(anchor, other=positive, targets=targets), cross_entropy(anchor, positive=positive, targets=targets)
    )


def test_no_loss_keeps_more_than_a_matrix_for_its_gradient(case: Case) -> None:
    """Triplets are N × M × M: at 512 texts of two classes that would be gigabytes."""
    labels = list("ab" * 32)
    batch = case.random_batch(labels)
    sizes = []

    def measured(tensor: Tensor) -> Tensor:
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(measured, lambda tensor: tensor):
        case.value(batch.having(anchor=batch.anchor.clone().requires_grad_()))
    assert max(sizes) <= 64 * 2 * 64


def candidates(batch: Batch) -> Tensor:
    """How many columns each row has to choose from."""
    return (batch.rest["targets"] != 0).sum(dim=1)


LEARNED_NOTHING: dict[str, Callable[[Batch], Any]] = {
    "cosent": lambda batch: math.log(1 + sum(a > b for a, b in product(batch.rest["scores"], repeat=2))),
    "cross_entropy": lambda batch: candidates(batch).log().mean(),
    "simcse": lambda batch: candidates(batch).log().mean(),
    "supcon": lambda batch: candidates(batch).log().mean(),
    "triplet": lambda batch: 0.2,
    "center": lambda batch: math.log(3) + 0.5 * 0.4,
}


@pytest.mark.parametrize("case", [case for case in CASES if case.loss.name != "bce"], indirect=True)
def test_the_value_that_means_learned_nothing_is_that_of_texts_that_are_all_alike(case: Case) -> None:
    n = len(LABELS)
    batch = case.batch(torch.ones(n, 4), torch.ones(2 * n, 4))
    expected = LEARNED_NOTHING[case.loss.name](batch)
    assert float(case.value(batch)) == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("case", [case for case in CASES if case.input == "classes"], indirect=True)
def test_a_text_is_no_match_of_itself_whatever_the_targets_say(case: Case) -> None:
    batch = case.random_batch()
    with_diagonal = batch.rest["targets"].clone().fill_diagonal_(1)
    torch.testing.assert_close(case.value(batch.having(targets=with_diagonal)), case.value(batch))
    assert with_diagonal.diagonal().all()  # the caller's matrix stays as it was


@pytest.mark.parametrize(
    "loss", [*losses.entries(), *naive_losses.entries()], ids=lambda loss: loss.name, indirect=True
)
def test_every_loss_and_option_explains_itself(loss: Loss) -> None:
    assert len(loss.summary) > 20
    assert "Source:" in (loss.function.__doc__ or "")
    for sentence in (loss.learned_nothing, loss.collapse):
        assert sentence.endswith(".")
        assert len(sentence) > 20
    for field in loss.fields:
        assert field.explanation, f"{loss.name} does not explain {field.name}"


def test_every_kind_of_data_has_losses_and_every_input_is_used() -> None:
    assert set().union(*(loss.kinds for loss in losses.entries())) == set(KINDS)
    inputs = [{*loss.inputs.values(), *loss.in_batch.values()} for loss in losses.entries()]
    assert set().union(*inputs) == set(get_args(Input))
    assert losses["simcse"].kinds[0] == "texts"
    assert losses["triplet"].inputs == {
        "labelled": "classes",
        "triplets": "own_triplets",
        "pairs": "matches",
        "scored": "matches",
        "answers": "own_triplets",
    }


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("triplet", {"margin": -1}, "margin is -1"),
        ("triplet", {"margin": "wide"}, "margin is 'wide'"),
        ("triplet", {"mining": "soft"}, "mining is 'soft'"),
        ("cross_entropy", {"temperature": 0}, "temperature is 0"),
        ("cross_entropy", {"temp": 1}, "no option 'temp'"),
        ("center", {"margin": 5}, "margin is 5"),
        ("center", {"centers": 1}, "no option 'centers'"),
        (
            "infonce",
            {},
            "Unknown loss 'infonce'. Choose one of: bce, center, cosent, cross_entropy, simcse, supcon, trip",
        ),
    ],
)
def test_wrong_options_are_refused_in_words(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        losses[name].with_options(given)


def test_what_training_learns_besides_the_model() -> None:
    options = {name: learned_options(name) for name in losses.names()}
    assert {name: found for name, found in options.items() if found} == {"bce": ["scale", "bias"]}
    assert [loss.name for loss in losses.entries() if loss.parameters is not None] == ["center"]
