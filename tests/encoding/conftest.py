"""A hub of our own that has a tiny model, for the tests of fetching."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simcse_core.encoding.model import SimCSE
from simcse_core.home import models_folder
from tests.stand_in_hub import StandInHub, stand_in_hub, tiny_model


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, source: Path) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch) as hub:
        hub.add("someone/tiny-bert", source)
        yield hub


@pytest.fixture(scope="module")
def tiny(minilm: SimCSE) -> SimCSE:
    return tiny_model(minilm)


@pytest.fixture(scope="module")
def source(tiny: SimCSE, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as they are: with much that nobody here needs."""
    folder = tmp_path_factory.mktemp("source")
    tiny.save(folder)
    extras = "pytorch_model.bin train.py README.md tf_model.h5 fp16.safetensors .gitattributes 1_Pooling/handler.py"
    for extra in (*extras.split(), "onnx/model.onnx", "onnx/config.json", "openvino/openvino_model.bin"):
        (folder / extra).parent.mkdir(exist_ok=True)
        (folder / extra).write_bytes(b"import os")
    return folder


@pytest.fixture
def folder() -> Path:
    return models_folder() / "someone--tiny-bert"
