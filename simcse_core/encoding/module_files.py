"""What the files of a model's folder may say, as sentence-transformers reads them. What SimCSE cannot do is refused."""

import json
import reprlib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simcse_core.errors import ModelError

_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
"""What families call the number of their layers."""


class _Content(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Module(_Content):
    """A line of `modules.json`."""

    type: str
    path: str
    name: str | None = None


class BertConfig(_Content):
    """`config.json` of transformers, as far as it decides whether SimCSE can be this model."""

    model_type: str | None = None
    layers: Annotated[int | None, Field(ge=0, validation_alias=AliasChoices(*_LAYERS))] = None
    is_decoder: bool = False
    is_encoder_decoder: bool = False
    is_causal: bool = True
    architectures: list[str] | None = None
    quantization_config: None = None


class _Arguments(_Content):
    """Arguments for transformers. One that is not here may make other embeddings, and is refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_trust(cls, content: object) -> object:
        """sentence-transformers takes it out too: a folder cannot decide that its own code is run."""
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if key != "trust_remote_code"}


class _ModelArguments(_Arguments):
    """They change how fast a model is, and not what its hidden states are."""

    add_pooling_layer: bool | None = None
    attn_implementation: str | None = None
    dtype: str | None = None
    torch_dtype: str | None = None


class _TokenizerArguments(_Arguments):
    """They name what is done here anyway."""

    use_fast: Literal[True] = True
    padding_side: Literal["right"] = "right"


class _Modality(_Content):
    model_config = ConfigDict(extra="forbid")

    method: Literal["forward"]
    method_output_name: Literal["last_hidden_state"]


class _Modalities(_Content):
    model_config = ConfigDict(extra="forbid")

    text: _Modality


class TransformerSettings(_Content):
    """`sentence_bert_config.json`. A setting that is not here makes other embeddings, and is refused."""

    model_config = ConfigDict(extra="forbid")

    max_seq_length: Annotated[int, Field(ge=1)] | None = None
    do_lower_case: bool = False
    transformer_task: Literal["feature-extraction"] = "feature-extraction"
    modality_config: _Modalities | None = None
    module_output_name: Literal["token_embeddings"] = "token_embeddings"
    processing_kwargs: _Arguments = _Arguments()
    model_args: _ModelArguments = _ModelArguments()
    model_kwargs: _ModelArguments = _ModelArguments()
    tokenizer_args: _TokenizerArguments = _TokenizerArguments()
    processor_kwargs: _TokenizerArguments = _TokenizerArguments()
    config_args: _Arguments = _Arguments()
    config_kwargs: _Arguments = _Arguments()
    tokenizer_name_or_path: None = None
    unpad_inputs: bool | None = None
    # These count for queries and documents, and not for `encode`.
    query_length: int | None = None
    document_length: int | None = None
    query_expansion: dict[str, Any] | None = None


class WeightsIndex(_Content):
    """`model.safetensors.index.json`: which file has which tensor."""

    weight_map: dict[str, str]


class ModelSettings(_Content):
    """`config_sentence_transformers.json`."""

    model_type: Literal["SentenceTransformer"] = "SentenceTransformer"
    prompts: dict[str, str | None] = {}
    default_prompt_name: str | None = None
    truncate_dim: Annotated[int, Field(ge=1)] | None = None
    similarity_fn_name: str | None = None


class PoolingSettings(_Content):
    """`config.json` of a Pooling, in its new and its old form."""

    embedding_dimension: Annotated[
        int, Field(ge=1, validation_alias=AliasChoices("embedding_dimension", "word_embedding_dimension"))
    ]
    pooling_mode: str | list[str] | None = None
    pooling_mode_mean_tokens: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False
    include_prompt: bool = True

    @property
    def modes(self) -> list[str]:
        """The names of the new form, in the order of their values; mean where none is chosen."""
        if self.pooling_mode is not None:
            return [self.pooling_mode] if isinstance(self.pooling_mode, str) else self.pooling_mode
        old = {
            "cls": self.pooling_mode_cls_token,
            "max": self.pooling_mode_max_tokens,
            "mean": self.pooling_mode_mean_tokens,
            "mean_sqrt_len_tokens": self.pooling_mode_mean_sqrt_len_tokens,
            "weightedmean": self.pooling_mode_weightedmean_tokens,
            "lasttoken": self.pooling_mode_lasttoken,
        }
        return [mode for mode, is_chosen in old.items() if is_chosen] or ["mean"]


IDENTITY = "torch.nn.modules.linear.Identity"
_ACTIVATIONS_OF_TORCH = "torch.nn.modules.activation"
_PLACES_OF_ACTIVATIONS = ("torch.nn", "torch.nn.modules", "torch.nn.modules.linear", _ACTIVATIONS_OF_TORCH)
ACTIVATIONS = (
    *("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid", "ELU", "SELU", "CELU", "LeakyReLU", "ReLU6", "Mish"),
    *("Softplus", "Softsign", "Hardtanh", "Hardswish", "Hardsigmoid", "LogSigmoid", "Tanhshrink", "Softshrink"),
)
"""Those that work number by number and have nothing to learn."""


class DenseSettings(_Content):
    """`config.json` of a Dense."""

    in_features: Annotated[int, Field(ge=1)]
    out_features: Annotated[int, Field(ge=1)]
    bias: bool = True
    activation_function: str = f"{_ACTIVATIONS_OF_TORCH}.Tanh"
    module_input_name: str = "sentence_embedding"
    module_output_name: str | None = None
    use_residual: bool = False

    @field_validator("activation_function")
    @classmethod
    def _of_torch(cls, path: str) -> str:
        """Of any other, sentence-transformers makes Tanh or none at all."""
        module, _, kind = path.rpartition(".")
        if kind not in ACTIVATIONS or module not in _PLACES_OF_ACTIVATIONS:
            raise PydanticCustomError("literal_error", "no activation of torch")
        return path

    @property
    def activation(self) -> str:
        """Its name in torch.nn."""
        return self.activation_function.rpartition(".")[2]

    def works_on(self, of: str) -> bool:
        """Whether it takes tokens ("token_embeddings") resp. embeddings ("sentence_embedding") and replaces them."""
        return self.module_input_name == of and self.module_output_name in (None, of)


class LayerNormSettings(_Content):
    """`config.json` of a LayerNorm."""

    dimension: Annotated[int, Field(ge=1)]


class NormalizeSettings(_Content):
    """`config.json` of a Normalize, where there is one."""

    module_input_name: Literal["sentence_embedding"] = "sentence_embedding"
    module_output_name: Literal["sentence_embedding"] | None = None


class AveragingSettings(_Content):
    """`config.json` of a WeightedLayerPooling."""

    layer_start: int = 4
    num_hidden_layers: int = 12


class FrozenSettings(_Content):
    """`simcse.json`: a head on a frozen model."""

    base: str = "use-multilingual"
    head: bool = False
    dim: Annotated[int, Field(ge=1)] | None = None
    """Only the first so many dimensions of an embedding count."""


_NOT_HERE = ("extra_forbidden", "literal_error", "none_required", "model_type")
"""What pydantic calls a setting, or a value of one, that nobody foresaw."""

_File = TypeVar("_File", bound=BaseModel)


def read_json(path: Path) -> Any:
    """The content of one of the model's files.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError("The model file {file} cannot be read.", file=path.name) from error


def is_there(path: Path) -> bool:
    """Whether the folder has such a file, readable or not.

    Raises:
        ModelError: nobody can tell.
    """
    try:
        return path.exists()
    except OSError as error:
        raise ModelError("The model file {file} cannot be read.", file=path.name) from error


def read_settings(path: Path, kind: type[_File], name: str, *, optional: bool = False) -> _File:
    """One of the model's files as what it has to be.

    Args:
        path: of the file.
        kind: of its content.
        name: how messages call the model.
        optional: a missing file is one without settings.

    Raises:
        ModelError: it cannot be read, or something in it is not what it can be.
    """
    return settings_of({} if optional and not is_there(path) else read_json(path), path.name, kind, name)


def settings_of(content: object, file: str, kind: type[_File], name: str) -> _File:
    """What was read from a file as what it has to be. Arguments and errors as for `read_settings`."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = " ".join(".".join(map(str, first["loc"])).split())  # a key may have lines
        if where and first["type"] in _NOT_HERE:
            raise ModelError(
                "{name} cannot be used: {file} sets {setting} to {given}, which SimCSE does not have.",
                name=name,
                file=file,
                setting=where,
                given=reprlib.repr(first["input"]),
            ) from error
        raise ModelError(
            "{name} cannot be used: {file}{where}: {reason}.",
            name=name,
            file=file,
            where=where and f", {where}",
            reason=first["msg"],
        ) from error
