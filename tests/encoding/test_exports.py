import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from model2vec import StaticModel
from onnxruntime import InferenceSession
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer

from simcse_core.encoding.exports import export, formats
from simcse_core.encoding.exports.registry import Exported, Progress
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError, OptionError
from tests.conftest import SENTENCES
from tests.stand_in_hub import tiny_model

Graph = tuple[str, Path, Exported]
TEXTS = [*SENTENCES, "One sentence that goes on and on. " * 5, ""]


@pytest.fixture(scope="module")
def averaging(minilm: SimCSE) -> SimCSE:
    """A model with everything that a graph and the folder around it have to say."""
    return tiny_model(minilm, layers=1).configured(pooling="first_last_mean", head="random")


@pytest.fixture(scope="module", params=["onnx", "onnx-int8"])
def graph(request: pytest.FixtureRequest, averaging: SimCSE, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("graph")
    exported: list[Exported] = []
    export(averaging, request.param, folder, describe=lambda _folder, one: exported.append(one))
    return request.param, folder, exported[0]


def test_word_embeddings_alone_have_a_graph_where_layers_are_averaged(
    minilm: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []

    def compute(graph: torch.nn.Module, inputs: tuple[torch.Tensor, ...], *_others: object, **_named: object) -> None:
        computed.append(graph(*inputs))
        raise torch.onnx.errors.OnnxExporterError  # a real export takes seconds

    monkeypatch.setattr(torch.onnx, "export", compute)
    model = tiny_model(minilm, layers=1).configured(layer=0, pooling="first_last_mean")
    with pytest.raises(ModelError, match="cannot be exported"):
        export(model, "onnx", tmp_path / "out")
    assert [states.shape for states in computed] == [(2, 7, int(model.bert.config.hidden_size))]


def test_the_folder_where_one_stands_can_be_exported_to(
    averaging: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    export(averaging, "sentence-transformers", Path("."))
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert (tmp_path / "empty" / "modules.json").is_file()


def test_a_graph_gives_the_embeddings_of_the_model_alone_and_in_a_batch(averaging: SimCSE, graph: Graph) -> None:
    form, _folder, exported = graph
    embeddings, least = averaging.encode(TEXTS), {"onnx": 0.99999, "onnx-int8": 0.999}[form]
    for encoded in (exported.encode(TEXTS), np.concatenate([exported.encode([text]) for text in TEXTS])):
        np.testing.assert_array_less(least, (encoded * embeddings).sum(axis=1))


def test_the_folder_of_a_graph_is_complete_but_for_the_weights(graph: Graph, averaging: SimCSE) -> None:
    form, folder, _exported = graph
    file = {"onnx": "model.onnx", "onnx-int8": "model_qint8.onnx"}[form]
    assert [path.name for path in (folder / "onnx").iterdir()] == [file]
    assert not list(folder.glob("*.safetensors"))
    modules = json.loads((folder / "modules.json").read_text())
    assert [module["type"].rpartition(".")[2] for module in modules] == ["Transformer", "Dense", "Pooling", "Normalize"]
    assert (folder / modules[1]["path"] / "model.safetensors").is_file()
    # What optimum, through which sentence-transformers runs a graph, gives to it and takes from it.
    session = InferenceSession(folder / "onnx" / file)
    assert {entry.name for entry in session.get_inputs()} == set(averaging.tokenizer.model_input_names)
    assert [entry.name for entry in session.get_outputs()] == ["last_hidden_state"]
    assert [len(entry.shape) for entry in session.get_outputs()] == [3]


def test_8_bits_are_a_quarter_of_32(minilm: SimCSE, graph: Graph) -> None:
    form, folder, _exported = graph
    whole = sum(weight.nbytes for weight in tiny_model(minilm, layers=1).bert.parameters())
    share = sum(path.stat().st_size for path in (folder / "onnx").iterdir()) / whole
    assert share > 0.9 if form == "onnx" else share < 0.35


def test_a_missing_package_is_named_before_the_work(
    tiny: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = find_spec
    monkeypatch.setattr(
        "simcse_core.encoding.exports.onnx.find_spec", lambda name: None if name == "onnxscript" else here(name)
    )
    with pytest.raises(ModelError, match="pip install onnxscript"):
        export(tiny, "onnx", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_static_table_is_the_same_in_model2vec_and_in_sentence_transformers(tiny: SimCSE, tmp_path: Path) -> None:
    exported: list[Exported] = []
    progress: list[tuple[int, int]] = []
    export(
        tiny.configured(pooling="mean"),
        "static",
        tmp_path,
        describe=lambda _folder, one: exported.append(one),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    ours = exported[0].encode(TEXTS)
    sizes = np.linalg.norm(ours, axis=1)
    assert sizes[-1] == 0
    np.testing.assert_allclose(sizes[sizes > 0], 1, atol=1e-5)
    np.testing.assert_allclose(StaticModel.from_pretrained(tmp_path).encode(TEXTS), ours, atol=1e-5)
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    assert progress[-1][0] == progress[-1][1] > 20_000


def test_a_frequent_token_counts_less_than_a_rare_one_and_a_mark_nothing(tiny: SimCSE, tmp_path: Path) -> None:
    export(tiny, "static", tmp_path)
    table, vocabulary = load_file(tmp_path / "model.safetensors")["embeddings"], tiny.tokenizer.get_vocab()
    sizes = np.linalg.norm(table, axis=1)
    assert not sizes[[vocabulary[mark] for mark in ("[CLS]", "[PAD]", "[UNK]", "[unused3]")]].any()
    ranked = sizes[sizes > 0]
    assert ranked[:50].mean() < 0.3 * ranked[-5_000:].mean()
    np.testing.assert_allclose(table.mean(axis=0, where=sizes[:, None] > 0), 0, atol=0.05)


def test_an_exported_folder_gives_the_same_embeddings_in_sentence_transformers(tiny: SimCSE, tmp_path: Path) -> None:
    model = tiny.configured(pooling="max", layer=1, head="random")
    export(model, "sentence-transformers", tmp_path / "out")
    oracle = SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose(oracle, model.encode(SENTENCES), atol=1e-5)


def test_a_folder_with_files_and_a_file_are_refused_and_stay_as_they_are(tiny: SimCSE, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for taken in (tmp_path, file):
        with pytest.raises(ModelError, match="holds files already"):
            export(tiny, "sentence-transformers", taken)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_format_that_fails_leaves_no_folder(tiny: SimCSE, tmp_path: Path) -> None:
    @formats.register("breaks")
    def breaks(model: SimCSE, folder: Path, on_progress: Progress) -> None:
        (folder / "half").write_text("")
        raise ModelError("no")

    try:
        with pytest.raises(ModelError, match="no"):
            export(tiny, "breaks", tmp_path / "out")
    finally:
        formats.remove("breaks")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_taken_and_an_unknown_format_is_not(tiny: SimCSE, tmp_path: Path) -> None:
    export(tiny, "sentence-transformers", tmp_path)
    assert (tmp_path / "modules.json").is_file()
    with pytest.raises(OptionError, match="sentence-transformers"):
        export(tiny, "onyx", tmp_path / "out")


def test_a_frozen_encoder_is_not_exported(multilingual: FrozenEncoder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no other format can hold it"):
        export(multilingual, "sentence-transformers", tmp_path / "out")
