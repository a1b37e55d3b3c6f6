"""ONNX, in 32 and in 8 bits: the BERT as a graph, and around it the folder that sentence-transformers knows.

Pooling, a linear head and what is done to texts stay where they are in the folder; an average of layers goes into the
graph, because sentence-transformers gets one layer from ONNX.
"""

import copy
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from simcse_core.encoding.exports.registry import Progress, formats
from simcse_core.errors import ModelError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.texts import Embeddings

FILES = {"onnx": "model.onnx", "onnx-int8": "model_qint8.onnx"}
"""In the folder `onnx`; without a name sentence-transformers loads `model.onnx`."""
SAME = 0.99999
"""The smallest cosine between an embedding by the model and by its graph in 32 bits."""
_TRIED = ("", "A cat sleeps on the sofa.", "猫在沙发上睡觉。", "One sentence that goes on and on. " * 12)
_OPSET = 18
_USE = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer(folder, backend="onnx", model_kwargs={{"file_name": "{file}"}})
embeddings = model.encode(texts)"""


class OnnxEncoder:
    """A model whose hidden states come from ONNX Runtime.

    Args:
        model: that was exported: its tokenizer, head and pooling are used.
        graph: the file.
    """

    note = (
        "sentence-transformers needs `optimum-onnx` for this. Any program with ONNX Runtime can use the graph alone: "
        "it gives the hidden states of the tokens; pooling and what comes behind it stand in `modules.json`."
    )

    def __init__(self, model: "SimCSE", graph: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.use = _USE.format(file=graph.name)
        self.name = model.name
        self.model = model
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.inputs = [entry.name for entry in self.session.get_inputs()]

    def encode(self, texts: Iterable[str], *, precision: str = "float32") -> "Embeddings":
        """(N, D) float32, unit rows, for N texts; the precision is that of the file."""
        from simcse_core.encoding.batching import batches_by_length
        from simcse_core.encoding.texts import once_each

        def encode(distinct: Sequence[str]) -> "Embeddings":
            prepared = self.model.prepare(distinct)
            embeddings = np.empty((len(distinct), self.model.dim), dtype=np.float32)
            for batch in batches_by_length([len(ids) for ids in prepared], 1_024):
                embeddings[batch] = self._embed([prepared[position] for position in batch])
            return embeddings

        return once_each(list(texts), self.model.dim, encode)

    def _embed(self, prepared: Sequence[Sequence[int]]) -> "Embeddings":
        import torch
        import torch.nn.functional as F

        from simcse_core.encoding.batching import pad

        ids, mask = pad(prepared, self.model.padding_id, torch.device("cpu"))
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
        (states,) = self.session.run(None, {name: inputs[name].numpy() for name in self.inputs})
        tokens = torch.from_numpy(states)
        with torch.inference_mode():
            if self.model.head is not None:
                tokens = self.model.head(tokens)
            # The graph has averaged first and last layer already where that is the pooling.
            return F.normalize(self.model.pool(tokens, mask, tokens), dim=-1).numpy()


@formats.register("onnx")
def in_32_bits(model: "SimCSE", folder: Path, on_progress: Progress) -> OnnxEncoder:
    """ONNX in 32 bits: the same embeddings in any program with ONNX Runtime, and in sentence-transformers.

    Args:
        model: with layers.
        folder: an empty one.
        on_progress: is not called: nobody can tell how far it is.

    Raises:
        ModelError: a package is missing, or the model's family cannot be exported.
    """
    _check_packages("onnx", "onnxruntime", "onnxscript")
    graph = _surroundings(model, folder) / FILES["onnx"]
    _write_graph(model, graph, _plain_copy(model))
    exported = OnnxEncoder(model, graph)
    if (closest := (exported.encode(_TRIED) * model.encode(_TRIED)).sum(axis=1).min()) < SAME:
        raise ModelError(
            "{name} cannot be exported: as ONNX its embeddings differ (cosine {cosine:.5f}). Choose another format.",
            name=model.name,
            cosine=closest,
        )
    return exported


@formats.register("onnx-int8")
def in_8_bits(model: "SimCSE", folder: Path, on_progress: Progress) -> OnnxEncoder:
    """ONNX in 8 bits: a quarter of the size, faster on processors without bfloat16, nearly the same embeddings.

    Weights are rounded for each output on its own, and what goes into a layer for each token on its own.

    Arguments and errors as for `in_32_bits`.
    """
    _check_packages("onnx", "onnxruntime", "onnxscript")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = _surroundings(model, folder) / FILES["onnx-int8"]
    whole = folder / "whole.onnx"
    _write_graph(model, whole, _scaled_by_token(_plain_copy(model)))
    with _quiet():
        # 7 bits: with 8, processors without VNNI run over.
        quantize_dynamic(whole, graph, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()
    return OnnxEncoder(model, graph)


def _check_packages(*packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ModelError(
            "This format needs a package that is not installed. Run: pip install {packages}", packages=" ".join(missing)
        )


def _surroundings(model: "SimCSE", folder: Path) -> Path:
    """All of the model's folder but the weights of the BERT, and the average of layers, which goes into the graph.

    Returns:
        The folder for the graph.
    """
    model.save(folder)
    for weights in folder.glob("model*.safetensors*"):
        weights.unlink()
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    for module in modules:
        if module["type"].endswith("WeightedLayerPooling"):
            shutil.rmtree(folder / module["path"])
    modules = [module for module in modules if not module["type"].endswith("WeightedLayerPooling")]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n", encoding="utf-8")
    (folder / "onnx").mkdir()
    return folder / "onnx"


def _plain_copy(model: "SimCSE") -> "PreTrainedModel":
    """The BERT with attention that can be exported; the weights are shared."""
    from transformers import PreTrainedConfig

    bert = copy.deepcopy(model.bert, {id(weight): weight for weight in model.bert.parameters()})
    for module in bert.modules():
        if isinstance(config := getattr(module, "config", None), PreTrainedConfig):
            config._attn_implementation = "eager"
    if getattr(bert, "pooler", None) is not None:
        setattr(bert, "pooler", None)  # noqa: B010 - modules are typed as tensors
    return cast("PreTrainedModel", bert.train(False))


def _scaled_by_token(bert: "PreTrainedModel") -> "PreTrainedModel":
    """The same model with what goes into each linear layer divided by its largest number, token by token, and
    multiplied again behind it. ONNX Runtime rounds with one step for all tokens of a batch: so it suits each of them,
    and no text changes another's embedding.
    """
    from torch import nn

    for module in list(bert.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, _scaled(child))
    return bert


def _scaled(linear: "nn.Linear") -> "nn.Module":
    import torch.nn.functional as F
    from torch import Tensor, nn

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.bias = linear.weight, linear.bias

        def forward(self, tokens: Tensor) -> Tensor:
            size = tokens.abs().amax(dim=-1, keepdim=True) + 1e-9
            out = F.linear(tokens / size, self.weight) * size
            return out if self.bias is None else out + self.bias

    return Scaled()


def _graph(bert: "PreTrainedModel", names: Sequence[str], *, averages: bool) -> "nn.Module":
    """A module whose inputs stand in the order of `names`, and whose output is one layer: (N, T, H)."""
    from torch import Tensor, nn

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, *inputs: Tensor) -> Tensor:
            output = self.bert(**dict(zip(names, inputs, strict=True)), output_hidden_states=averages)
            last = output.last_hidden_state
            return cast(Tensor, (output.hidden_states[0] + last) / 2 if averages else last)

    return Graph()


def _write_graph(model: "SimCSE", path: Path, bert: "PreTrainedModel") -> None:
    import torch

    from simcse_core.encoding.pooling import poolings

    averages = poolings.saved(model.pooling).averages_layers and model.layers > 0  # at layer 0 there is one alone
    # Two texts of a length that is no other size in the model.
    ids = torch.full((2, 7), model.padding_id)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "token_type_ids" in model.tokenizer.model_input_names:
        inputs["token_type_ids"] = torch.zeros_like(ids)
    dynamic = {name: {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC} for name in inputs}
    with _quiet(), torch.no_grad():
        try:
            torch.onnx.export(
                _graph(bert, list(inputs), averages=averages),
                tuple(inputs.values()),
                path,
                input_names=list(inputs),
                output_names=["last_hidden_state"],
                dynamic_shapes=(tuple(dynamic.values()),),
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise ModelError(
                "{name} cannot be exported: torch has no ONNX for what its family, {family}, computes. Choose another "
                "format.",
                name=model.name,
                family=model.bert.config.model_type,
            ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what the exporters say about themselves."""
    import warnings

    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "root", "torch.export")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
