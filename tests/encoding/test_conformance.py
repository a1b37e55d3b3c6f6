"""Embeddings of whatever sentence-transformers writes are its own, or the folder is refused in words."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simcse_core.encoding import tokenizer
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError, OptionError
from tests.encoding.conformance import (
    FAMILIES,
    FEATURES,
    LAYERS,
    POSITIONS,
    TEXTS,
    Base,
    expected_rows,
    loaded,
    make_base,
)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    """A random encoder of each family."""
    place = tmp_path_factory.mktemp("bases")
    return {family: make_base(family, place / family) for family in FAMILIES}


def cases() -> Iterator[tuple[str, str]]:
    """Each feature with each family; modules that only see hidden states with BERT and one other, in turn.

    `python -m tests.encoding.conformance` goes through all of them.
    """
    others = cycle([family for family in FAMILIES if family != "bert"])
    for name, feature in FEATURES.items():
        for family in ("bert", next(others)) if feature.is_behind_the_encoder else FAMILIES:
            yield family, name


@pytest.mark.parametrize(("family", "name"), list(cases()))
def test_embeddings_are_those_of_sentence_transformers_or_the_folder_is_refused(
    bases: dict[str, Base], tmp_path: Path, family: str, name: str
) -> None:
    feature = FEATURES[name]
    theirs = feature.build(bases[family], tmp_path)
    if (refusal := feature.refusal_of(family)) is not None:
        with pytest.raises(ModelError, match=refusal) as refused:
            SimCSE.load(str(tmp_path))
        assert "\n" not in str(refused.value)
        return
    ours = SimCSE.load(str(tmp_path), **feature.ours).encode(TEXTS)
    np.testing.assert_allclose(ours, expected_rows(theirs, feature), atol=1e-5)


@pytest.mark.parametrize("name", [name for name, feature in FEATURES.items() if feature.refusal is None])
def test_what_was_read_is_written_again_with_the_same_embeddings(
    bases: dict[str, Base], tmp_path: Path, name: str
) -> None:
    feature = FEATURES[name]
    feature.build(bases["bert"], tmp_path / "theirs")
    model = SimCSE.load(str(tmp_path / "theirs"), **feature.ours)
    model.save(tmp_path / "ours")
    expected = model.encode(TEXTS)
    np.testing.assert_allclose(expected_rows(loaded(tmp_path / "ours")), expected, atol=1e-5)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path / "ours")).encode(TEXTS), expected, atol=1e-5)


def states_alone(base: Base) -> list[NDArray[np.float32]]:
    """For each layer, by transformers: the mean over the tokens of each text alone, as unit rows."""
    rows = []
    tokenize: Any = base.transformer.tokenizer
    for text in TEXTS:
        tokens = tokenize(text, return_tensors="pt", truncation=True, max_length=POSITIONS, return_token_type_ids=False)
        with torch.inference_mode():
            states = base.transformer.model(**tokens, output_hidden_states=True).hidden_states
        rows.append(torch.stack([state[0].mean(dim=0) for state in states]))
    return list(torch.nn.functional.normalize(torch.stack(rows, dim=1), dim=-1).numpy())


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_those_of_transformers_whatever_stands_beside_a_text(bases: dict[str, Base], family: str) -> None:
    model = SimCSE.load(str(bases[family].folder))
    expected = states_alone(bases[family])
    grid = model.encode_grid(TEXTS, ["mean"])
    for layer in range(LAYERS + 1):
        np.testing.assert_allclose(grid[layer, "mean"], expected[layer], atol=1e-5)
        if layer == 0 and family == "deberta-v2":
            continue  # its word embeddings cannot be taken alone, and are refused
        np.testing.assert_allclose(model.configured(layer=layer).encode(TEXTS), expected[layer], atol=1e-5)


def test_albert_is_cut_saved_and_trained_from_a_layer_although_its_layers_are_one(
    bases: dict[str, Base], tmp_path: Path
) -> None:
    model = SimCSE.load(str(bases["albert"].folder))
    expected = model.encode(TEXTS)
    for layer in range(LAYERS + 1):
        states = dict(model.states_of(model.prepare(TEXTS), layer))
        with torch.no_grad():
            above = model.above(layer).embed([states[number] for number in range(len(TEXTS))])
        np.testing.assert_allclose(above.numpy(), expected, atol=1e-5)
    cut = model.configured(layer=1)
    cut.save(tmp_path)
    np.testing.assert_allclose(expected_rows(loaded(tmp_path)), cut.encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), cut.encode(TEXTS), atol=1e-5)
    with pytest.raises(OptionError, match="uses one layer 2 times"):
        model.tune("top:1")
    model.tune("head")
    assert model.frozen_layers() == LAYERS
    model.tune("all")
    assert model.frozen_layers() is None


@pytest.mark.parametrize("package", ["sentencepiece", "protobuf"])
def test_a_tokenizer_that_only_a_missing_package_reads_names_it(
    bases: dict[str, Base], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    FEATURES["tokenizer without tokenizer.json"].build(bases["xlm-roberta"], tmp_path)
    for name in ("sentencepiece", "protobuf"):
        monkeypatch.setattr(tokenizer, f"is_{name}_available", lambda is_here=name != package: is_here)
    with pytest.raises(ModelError, match=f"sentencepiece.bpe.model only, .* pip install {package};"):
        SimCSE.load(str(tmp_path))


def test_loading_says_nothing_of_heads_that_nobody_uses(bases: dict[str, Base], tmp_path: Path) -> None:
    """transformers would report what is missing and left over, and show bars."""
    FEATURES["weights with a head for a task"].build(bases["bert"], tmp_path)  # without the pooler, with another head
    code = f"from simcse_core import SimCSE; SimCSE.load({str(tmp_path)!r}).encode(['A cat.'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert (ended.stdout, ended.stderr) == ("", "")
