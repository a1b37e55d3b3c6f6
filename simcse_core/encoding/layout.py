"""What a model's folder says about itself: the modules of sentence-transformers and their settings, without weights.

What a folder asks for is applied as sentence-transformers applies it, or refused: never other embeddings in silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simcse_core.encoding.module_files import (
    AveragingSettings,
    BertConfig,
    DenseSettings,
    ModelSettings,
    Module,
    NormalizeSettings,
    PoolingSettings,
    TransformerSettings,
    is_there,
    read_json,
    read_settings,
    settings_of,
)
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.prompts import Prompts
from simcse_core.errors import ModelError

FROZEN_FILE = "simcse.json"
"""In the folder of a head on a frozen model."""
BASE_FILE, CHANGED_FILE = "base.json", "changed.safetensors"
"""In the folder of a model that stores only what differs from another one (`deltas`)."""
CARRIED_FILE = "simcse_classifier.safetensors"
"""What a training has learned beside the encoder (`classifier`); other libraries leave it alone."""
_KINDS = ("Transformer", "WeightedLayerPooling", "Dense", "Pooling", "LayerNorm", "Normalize")
_ORDER = re.compile(r"Transformer (WeightedLayerPooling )?(Dense )*Pooling ((Dense|LayerNorm|Normalize) )*")
_SETTINGS_FILES = tuple(
    f"sentence_{family}_config.json"
    for family in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
"""The first of these that says anything counts."""
_TOKENIZER_FILES = (
    r"tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|.*\.model"
)
_MODEL_FILES = re.compile(
    r"config\.json|modules\.json|simcse\.json|sentence_[a-z-]+_config\.json|config_sentence_transformers\.json|"
    r"model(?:-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json|head\.safetensors|"
    r"simcse_classifier\.safetensors|"
    rf"base\.json|changed\.safetensors|{_TOKENIZER_FILES}"
)
"""Names of the files from which a model is loaded; `*.model` are tokenizers of sentencepiece."""


@dataclass(frozen=True)
class Part:
    """A module in a folder."""

    kind: str
    """Its name in sentence-transformers."""
    folder: Path


@dataclass(frozen=True)
class Layout:
    """Where the parts of a model are, and what its folder asks for."""

    transformer: Path
    """Folder of the BERT and its tokenizer."""
    layers: int | None = None
    """Of the BERT; None where its config.json does not say."""
    pooling: str = "mean"
    """A name of `poolings`. A plain BERT folder names none; sentence-transformers takes the mean then."""
    averaging: Path | None = None
    """Folder of the weights that average layers, if there are any."""
    token_layers: tuple[Part, ...] = ()
    """Dense layers on each token, in their order."""
    sentence_layers: tuple[Part, ...] = ()
    """What comes between the pooling and the unit rows: Dense, LayerNorm and Normalize, in their order."""
    include_prompt: bool = True
    """Whether the tokens of the prompt count in the pooling."""
    max_tokens: int | None = None
    """Longer texts are cut; None is what tokenizer and BERT can do."""
    lower_case: bool = False
    """Texts are put in lower case, whatever the tokenizer does."""
    whole_dim: int | None = None
    """Length of an embedding that is not cut, as its modules say it; None for a plain BERT folder."""
    dim: int | None = None
    """Only the first so many dimensions of an embedding count; None is all."""
    prompts: Prompts = field(default_factory=Prompts)


def read_layout(folder: Path, name: str) -> Layout:
    """Read a folder that we or sentence-transformers wrote, or a plain BERT folder.

    Raises:
        ModelError: the folder is damaged, or the model does what SimCSE cannot (the message says what).
    """
    if not is_there(folder / "modules.json"):
        return Layout(transformer=folder, layers=_bert(folder, folder, name, is_plain=True).layers)
    modules = module_paths(read_json(folder / "modules.json"), name)
    modules = [(kind, path) for kind, path in modules if kind != "Dropout"]  # which is at work in training only
    kinds = [kind for kind, _path in modules]
    for kind in kinds:
        if kind not in _KINDS:
            raise ModelError("{name} has a module {kind!r}, which SimCSE does not have.", name=name, kind=kind)
    if not _ORDER.fullmatch("".join(f"{kind} " for kind in kinds)):
        raise ModelError(
            "{name} has the modules {kinds}. SimCSE has Transformer, WeightedLayerPooling, Dense and Pooling, in this "
            "order, and after it Dense, LayerNorm and Normalize; only Transformer and Pooling have to be there.",
            name=name,
            kinds=", ".join(kinds),
        )
    parts = [Part(kind, folder / path) for kind, path in modules]
    before, pooling, behind = _around_pooling(parts)
    averaging = next((part.folder for part in before if part.kind == "WeightedLayerPooling"), None)
    token_layers = tuple(part for part in before if part.kind == "Dense")
    whole = read_settings(folder / "config_sentence_transformers.json", ModelSettings, name, optional=True)
    transformer = _transformer(parts[0].folder, name)
    settings = read_settings(pooling.folder / "config.json", PoolingSettings, name)
    layout = Layout(
        transformer=parts[0].folder,
        layers=_bert(parts[0].folder, folder, name).layers,
        pooling=_pooling(settings, name, averages_layers=averaging is not None, is_last=not behind),
        averaging=averaging,
        token_layers=token_layers,
        sentence_layers=behind,
        include_prompt=settings.include_prompt,
        max_tokens=transformer.max_seq_length,
        lower_case=transformer.do_lower_case,
        whole_dim=_whole_dim(settings, behind, name),
        dim=whole.truncate_dim,
        prompts=_prompts(whole, name),
    )
    _check_similarity(whole, name, is_normalised=parts[-1].kind == "Normalize")
    for part in parts:
        if part.kind == "Normalize":
            read_settings(part.folder / "config.json", NormalizeSettings, name, optional=True)
    if layout.averaging is not None:
        read_settings(layout.averaging / "config.json", AveragingSettings, name)
    _check_dense(token_layers, "token_embeddings", name)
    _check_dense(behind, "sentence_embedding", name)
    return layout


def model_files(folder: Path, name: str) -> list[Path]:
    """The files from which a model is loaded, sorted: what lies beside them, such as a README, is not among them.

    Args:
        folder: of the model.
        name: how messages call it.

    Raises:
        ModelError: modules.json is damaged.
    """
    listed = module_paths(read_json(folder / "modules.json"), name) if is_there(folder / "modules.json") else []
    folders = {folder, *(folder / path for _kind, path in listed)}
    return sorted(path for place in folders for path in place.glob("*") if _MODEL_FILES.fullmatch(path.name))


def is_of_tokenizer(path: Path) -> bool:
    """Whether a file is one from which a tokenizer is loaded, by its name."""
    return re.fullmatch(_TOKENIZER_FILES, path.name) is not None


def weight_files(transformer: Path) -> list[Path]:
    """The safetensors of a BERT's folder: one, or several shards; none where it has none."""
    whole = [path for path in (transformer / "model.safetensors", transformer / CHANGED_FILE) if path.exists()]
    return whole[:1] or sorted(transformer.glob("model-*-of-*.safetensors"))


def module_paths(modules: object, name: str) -> list[tuple[str, str]]:
    """Kind and path of each module in the content of a modules.json; the path is "" or leads further into the folder.

    Raises:
        ModelError: it is no list of modules, a path leads out of the folder, or a module is code of the model's own.
    """
    if not isinstance(modules, list) or not modules or not all(isinstance(entry, dict) for entry in modules):
        raise ModelError("{name} is damaged: modules.json lists no modules.", name=name)
    try:
        entries = [settings_of(entry, "modules.json", Module, name) for entry in modules]
    except ModelError as error:
        raise ModelError("{name} is damaged: modules.json lists no modules.", name=name) from error
    if any("\0" in entry.path or Path(entry.path).is_absolute() or ".." in Path(entry.path).parts for entry in entries):
        raise ModelError("{name} is damaged: modules.json leads out of the model's folder.", name=name)
    names = [entry.name for entry in entries if entry.name is not None]
    if len(set(names)) < len(names):
        raise ModelError("{name} is damaged: modules.json has two modules of one name.", name=name)
    for entry in entries:
        if not entry.type.startswith("sentence_transformers."):
            raise ModelError(
                "{name} has a module {kind!r}, which SimCSE does not have: code that a model brings is never run.",
                name=name,
                kind=entry.type,
            )
    return [(entry.type.rpartition(".")[2], entry.path) for entry in entries]


def _bert(transformer: Path, folder: Path, name: str, *, is_plain: bool = False) -> BertConfig:
    """The BERT's configuration.

    Raises:
        ModelError: it is an adapter, a decoder, or has one.
    """
    if any(is_there(place / "adapter_config.json") for place in (transformer, folder)):
        raise ModelError(
            "{name} is an adapter for another model. Merge it into that model (peft: merge_and_unload), save the "
            "result and load that.",
            name=name,
        )
    config = read_settings(transformer / "config.json", BertConfig, name)
    # A plain folder of a decoder is pooled by its last token in sentence-transformers.
    is_causal = is_plain and config.is_causal and (config.architectures or [""])[0].endswith("ForCausalLM")
    if config.is_encoder_decoder:
        raise two_parts_error(name, config.model_type)
    if config.is_decoder or is_causal:
        raise decoder_error(name, config.model_type)
    return config


def decoder_error(name: str, kind: object) -> ModelError:
    """What to say about a model whose tokens do not see those behind them."""
    return ModelError(
        "{name} is a decoder ({kind}), made to write texts: its tokens do not see what follows. SimCSE needs an "
        "encoder such as BERT.",
        name=name,
        kind=kind,
    )


def two_parts_error(name: str, kind: object) -> ModelError:
    """What to say about a model of the kind of T5 or BART, also where only its encoder was saved."""
    return ModelError(
        "{name} is of the kind {kind!r}, which has an encoder and a decoder; only models that are an encoder alone are "
        "read, such as BERT. Choose another model.",
        name=name,
        kind=kind,
    )


def _transformer(path: Path, name: str) -> TransformerSettings:
    for file in _SETTINGS_FILES:
        if is_there(path / file) and (content := read_json(path / file)) != {}:
            return settings_of(content, file, TransformerSettings, name)
    return TransformerSettings()


def _prompts(settings: ModelSettings, name: str) -> Prompts:
    texts = {"query": "", "document": "", **{use: text or "" for use, text in settings.prompts.items()}}
    default = settings.default_prompt_name
    if default is not None and default not in texts:
        raise ModelError(
            "{name} is damaged: config_sentence_transformers.json has no prompt {prompt!r}, which it uses.",
            name=name,
            prompt=default,
        )
    return Prompts(texts, default)


def _whole_dim(pooling: PoolingSettings, behind: Sequence[Part], name: str) -> int:
    """Length of an embedding that is not cut, as the last module says it that changes it."""
    dense = [part.folder for part in behind if part.kind == "Dense"]
    if dense:
        return read_settings(dense[-1] / "config.json", DenseSettings, name).out_features
    return pooling.embedding_dimension * len(pooling.modes)


def _check_similarity(settings: ModelSettings, name: str, *, is_normalised: bool) -> None:
    """Refuse a model that is meant to be compared otherwise."""
    asked = settings.similarity_fn_name
    if asked in ("euclidean", "manhattan") or (asked == "dot" and not is_normalised):
        raise ModelError(
            "{name} is made to be compared by {similarity}; SimCSE compares by cosine, which would give other numbers.",
            name=name,
            similarity={"dot": "dot product"}.get(asked, f"{asked} distance"),
        )


def _around_pooling(parts: Sequence[Part]) -> tuple[tuple[Part, ...], Part, tuple[Part, ...]]:
    """The parts before the pooling, the pooling, and those behind it up to the last that changes a direction."""
    place = next(number for number, part in enumerate(parts) if part.kind == "Pooling")
    behind = list(parts[place + 1 :])
    while behind and behind[-1].kind == "Normalize":
        behind.pop()
    return tuple(parts[:place]), parts[place], tuple(behind)


def _pooling(settings: PoolingSettings, name: str, *, averages_layers: bool, is_last: bool) -> str:
    pooling = poolings.loaded(settings.modes, averages_layers=averages_layers, is_last=is_last)
    modes = " and ".join(settings.modes)
    if pooling is None and averages_layers:
        raise ModelError(
            "{name} averages layers and pools by {modes}, which SimCSE does not have.", name=name, modes=modes
        )
    if pooling is None:
        raise ModelError("{name} pools by {modes}, which SimCSE does not have.", name=name, modes=modes)
    return pooling


def _check_dense(parts: Sequence[Part], of: str, name: str) -> None:
    for part in parts:
        if part.kind == "Dense" and not (
            settings := read_settings(part.folder / "config.json", DenseSettings, name)
        ).works_on(of):
            raise ModelError(
                "{name} has a dense layer in {layer} that makes {output} of {input}. SimCSE has layers on "
                "token_embeddings before the pooling and on sentence_embedding after it.",
                name=name,
                layer=part.folder.name,
                input=settings.module_input_name,
                output=settings.module_output_name or settings.module_input_name,
            )
