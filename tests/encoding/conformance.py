"""Folders as sentence-transformers writes them, family by family and feature by feature.

    python -m tests.encoding.conformance

prints, as a table, whether embeddings are equal to those of sentence-transformers or the folder is refused.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    CNN,
    Dense,
    Dropout,
    LayerNorm,
    Normalize,
    Pooling,
    Transformer,
    WeightedLayerPooling,
)
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    AlbertConfig,
    AlbertTokenizer,
    AutoModel,
    AutoModelForMaskedLM,
    BertConfig,
    BertTokenizer,
    CamembertConfig,
    CamembertTokenizer,
    DebertaV2Config,
    DebertaV2Tokenizer,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    MPNetTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaTokenizer,
    XLMRobertaConfig,
    XLMRobertaTokenizer,
)
from transformers.convert_slow_tokenizer import import_protobuf
from transformers.utils.import_utils import is_sentencepiece_available

from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.scratch import make_vocabulary
from simcse_core.errors import ModelError
from tests.encoding.tiny import change

TEXTS = [
    "A cat sleeps on the sofa.",
    "A kitten naps.",
    "",
    "Stocks fell, and the committee POSTPONED its decision on the new tram line until the end of the month.",
    "A cat sleeps on the sofa.",
    "今天天气很好。",
    "你好",
    "Déjà vu 🙂👍🏽 in İstanbul",
    "one long sentence that goes on and " * 8,
]
"""Of several lengths, empty, repeated, too long, Chinese, with emoji."""
HIDDEN, LAYERS, POSITIONS = 16, 2, 40
SIZE = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": 24}
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
PROMPTS = {"query": "find a text: ", "document": "a text: "}
ADDED = ["<one>", "<two>"]


def word_pieces(kind: type[PreTrainedTokenizerBase], special: dict[str, str], **settings: Any) -> Any:
    """Knows the words of `TEXTS` but the emoji; Chinese by character."""
    pieces = make_vocabulary([*TEXTS[:7], *(text.lower() for text in TEXTS[:7])], 260)
    vocabulary = {special.get(piece, piece): number for piece, number in pieces.items()}
    for token in special.values():
        vocabulary.setdefault(token, len(vocabulary))
    return kind(vocab=vocabulary, **settings)


def byte_pairs() -> tuple[dict[str, int], Any]:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def unigrams(before: Sequence[str], behind: Sequence[str] = ()) -> list[tuple[str, float]]:
    """A vocabulary of sentencepiece, between special tokens."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        [*TEXTS[:7], *(text.lower() for text in TEXTS[:7])],
        trainers.UnigramTrainer(vocab_size=180, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False),
    )
    pieces = [(piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"] if piece != "<unk>"]
    return [*((token, 0.0) for token in before), *pieces, *((token, 0.0) for token in behind)]


def modern_tokenizer() -> PreTrainedTokenizerBase:
    """ModernBERT has no class of its own: byte pairs with BERT's marks."""
    vocabulary, merges = byte_pairs()
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = [("<s>", vocabulary["<s>"]), ("</s>", vocabulary["</s>"])]
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B </s>", marks)
    names = {
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=POSITIONS, **names
    )


LENGTH: dict[str, Any] = {"model_max_length": POSITIONS}
FAIRSEQ = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
FROM_FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>"]
FROM_CAMEMBERT = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]


@dataclass(frozen=True)
class Family:
    """An architecture and the tokenizer that it comes with."""

    config: Callable[..., PreTrainedConfig]
    tokenizer: Callable[[], PreTrainedTokenizerBase]
    settings: dict[str, Any] = field(default_factory=dict)
    positions_before_first: int = 0
    """RoBERTa counts them from the padding token's number + 1."""


def bert_tokenizer() -> PreTrainedTokenizerBase:
    return word_pieces(BertTokenizer, {}, do_lower_case=False, **LENGTH)


def roberta_tokenizer() -> PreTrainedTokenizerBase:
    vocabulary, merges = byte_pairs()
    return RobertaTokenizer(vocab=vocabulary, merges=merges, **LENGTH)


FAMILIES = {
    "bert": Family(BertConfig, bert_tokenizer),
    "roberta": Family(RobertaConfig, roberta_tokenizer, positions_before_first=2),
    "xlm-roberta": Family(
        XLMRobertaConfig,
        lambda: XLMRobertaTokenizer(vocab=unigrams(FROM_FAIRSEQ, ["<mask>"]), **LENGTH),
        positions_before_first=2,
    ),
    "distilbert": Family(
        DistilBertConfig,
        lambda: word_pieces(BertTokenizer, {}, do_lower_case=True, **LENGTH),
        {"dim": HIDDEN, "hidden_dim": 24, "n_heads": 2, "n_layers": LAYERS},
    ),
    "mpnet": Family(MPNetConfig, lambda: word_pieces(MPNetTokenizer, FAIRSEQ, **LENGTH), positions_before_first=2),
    "albert": Family(
        AlbertConfig,
        lambda: AlbertTokenizer(vocab=unigrams(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]), **LENGTH),
        {"embedding_size": 8},
    ),
    "electra": Family(ElectraConfig, bert_tokenizer, {"embedding_size": 8}),
    "camembert": Family(
        CamembertConfig,
        lambda: CamembertTokenizer(vocab=unigrams(FROM_CAMEMBERT, ["<mask>"]), **LENGTH),
        positions_before_first=2,
    ),
    "deberta-v2": Family(
        DebertaV2Config,
        lambda: DebertaV2Tokenizer(vocab=unigrams(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]), **LENGTH),
        {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"},
    ),
    "modernbert": Family(ModernBertConfig, modern_tokenizer),
}


@dataclass(frozen=True)
class Base:
    """A random encoder of a family, in a folder of its own, as transformers writes it."""

    family: str
    folder: Path

    @cached_property
    def transformer(self) -> Transformer:
        """As sentence-transformers reads it; it is not changed."""
        return Transformer(str(self.folder), max_seq_length=POSITIONS)

    def encoder(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """To change and save again."""
        module = Transformer(str(self.folder), max_seq_length=POSITIONS)
        return module.model, module.tokenizer


def make_base(family: str, folder: Path) -> Base:
    """Write a random encoder, whose attention chooses, and its tokenizer."""
    made = FAMILIES[family]
    tokenizer = made.tokenizer()
    marks = {
        "pad_token_id": tokenizer.pad_token_id,
        **dict.fromkeys(("bos_token_id", "cls_token_id"), tokenizer.cls_token_id),
        **dict.fromkeys(("eos_token_id", "sep_token_id"), tokenizer.sep_token_id),
    }
    positions = POSITIONS + made.positions_before_first
    size = {**SIZE, "vocab_size": len(tokenizer), "max_position_embeddings": positions}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        bert = AutoModel.from_config(made.config(**{**size, **marks, **made.settings}))  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter in bert.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    bert.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Base(family, folder)


Build = Callable[[Base, Path], SentenceTransformer]
"""Writes a folder and gives the model that sentence-transformers has for it."""


@dataclass(frozen=True)
class Feature:
    """Something that folders bring."""

    name: str
    build: Build
    refusal: str | None = None
    """What the refusal has to say; None where embeddings have to be equal."""
    one_by_one: bool = False
    """Whether sentence-transformers has to encode each text alone, because padding changes what it gives."""
    refused_by: dict[str, str] = field(default_factory=dict)
    """By family, where only some refuse."""
    ours: dict[str, Any] = field(default_factory=dict)
    """What is asked for when SimCSE loads the folder."""
    theirs: dict[str, Any] = field(default_factory=dict)
    """What is asked for when sentence-transformers encodes."""
    is_behind_the_encoder: bool = False
    """Whether it is nothing but modules that see hidden states, whatever family they are of."""

    def refusal_of(self, family: str) -> str | None:
        """What the refusal of a family has to say, if it is one."""
        return self.refusal or self.refused_by.get(family)


FEATURES: dict[str, Feature] = {}


def feature(name: str, **settings: Any) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        FEATURES[name] = Feature(name, build, **settings)
        return build

    return add


def saved(base: Base, folder: Path, *modules: nn.Module, **settings: Any) -> SentenceTransformer:
    """The encoder with modules behind it, written by sentence-transformers."""
    model = SentenceTransformer(modules=[base.transformer, *modules], device="cpu", **settings)
    model.save_pretrained(str(folder), create_model_card=False)
    return model


def loaded(folder: Path, **settings: Any) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", **settings)


def pooling(*modes: str, width: int = HIDDEN, **settings: Any) -> Pooling:
    return Pooling(width, modes or "mean", **settings)


def dense(
    width: int, out: int, activation: nn.Module | None = None, *, on_tokens: bool = False, **settings: Any
) -> Dense:
    """With weights by a seed, large enough that an activation bends."""
    with torch.random.fork_rng():
        torch.manual_seed(width + out)
        layer = Dense(
            width,
            out,
            activation_function=activation,
            module_input_name="token_embeddings" if on_tokens else "sentence_embedding",
            **settings,
        )
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(0.5 * torch.randn_like(parameter))
    return layer


def layer_norm(width: int) -> LayerNorm:
    norm = LayerNorm(width)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(width)
        norm.norm.weight.add_(0.5 * torch.randn(width))
        norm.norm.bias.add_(torch.randn(width))
    return norm


def modules(name: str, make: Callable[[], Sequence[nn.Module]], **settings: Any) -> None:
    """A feature that is nothing but modules behind the encoder."""
    model_settings = settings.pop("model", {})
    build = feature(name, is_behind_the_encoder=not model_settings, **settings)
    build(lambda base, folder: saved(base, folder, *make(), **model_settings))


for mode in MODES:
    modules(f"pooling {mode}", partial(lambda mode: [pooling(mode), Normalize()], mode))
modules("poolings concatenated", lambda: [pooling("max", "cls", "mean"), Normalize()])
modules("all poolings concatenated", lambda: [pooling(*MODES)])
modules("no Normalize", lambda: [pooling("mean")])
modules("token Dense", lambda: [dense(16, 12, on_tokens=True), pooling(width=12), Normalize()])
modules("token Dense, Tanh", lambda: [dense(16, 20, nn.Tanh(), on_tokens=True), pooling("max", width=20)])
modules(
    "three token Dense",
    lambda: [
        dense(16, 20, nn.GELU(), on_tokens=True),
        dense(20, 12, on_tokens=True, bias=False),
        dense(12, 12, nn.ReLU(), on_tokens=True, use_residual=True),
        pooling("mean", "cls", width=12),
    ],
)
modules("Dense, Tanh", lambda: [pooling(), dense(16, 10, nn.Tanh()), Normalize()])
modules("Dense, Identity", lambda: [pooling("cls"), dense(16, 24, bias=False)])
modules("Dense with residual", lambda: [pooling(), dense(16, 10, nn.SiLU(), use_residual=True)])
modules("several Dense", lambda: [pooling(), dense(16, 30, nn.GELU()), dense(30, 8), Normalize()])
modules("Dense behind poolings", lambda: [pooling("mean_sqrt_len_tokens", "lasttoken"), dense(32, 9, nn.Tanh())])
modules("Dense behind sqrt-length", lambda: [pooling("mean_sqrt_len_tokens"), dense(16, 9, nn.Tanh())])
modules("LayerNorm", lambda: [pooling(), layer_norm(16), Normalize()])
modules("Normalize, then Dense", lambda: [pooling(), Normalize(), dense(16, 9, nn.Tanh())])
modules("Dense, LayerNorm, Dense", lambda: [pooling("cls"), dense(16, 12), layer_norm(12), dense(12, 5, nn.Sigmoid())])
modules("Dropout", lambda: [Dropout(0.5), pooling(), Dropout(0.5), dense(16, 9), Normalize()][1:])
modules("default prompt", lambda: [pooling()], model={"prompts": PROMPTS, "default_prompt_name": "query"})
modules("named prompts", lambda: [pooling()], model={"prompts": PROMPTS})
modules(
    "prompt chosen by name",
    lambda: [pooling()],
    model={"prompts": PROMPTS, "default_prompt_name": "query"},
    ours={"prompt": "document"},
    theirs={"prompt_name": "document"},
)
modules(
    "prompt and dimensions chosen",
    lambda: [pooling("mean", "lasttoken", include_prompt=False), Normalize()],
    ours={"prompt": "say: ", "dim": 20},
    theirs={"prompt": "say: ", "truncate_dim": 20},
)
modules(
    "prompt left out of the pooling",
    lambda: [pooling(*MODES, include_prompt=False)],
    model={"prompts": PROMPTS, "default_prompt_name": "document"},
)
modules("truncate_dim", lambda: [pooling(), Normalize()], model={"truncate_dim": 5})
modules(
    "truncate_dim behind Dense", lambda: [pooling("max", "cls"), dense(32, 12, nn.Tanh())], model={"truncate_dim": 7}
)
modules("module of another kind", lambda: [CNN(16, 8), pooling(width=24)], refusal="has a module 'CNN'")
modules(
    "average of the upper layers",
    lambda: [WeightedLayerPooling(16, LAYERS, layer_start=1), pooling()],
    refusal="averages other layers than the first and the last",
)


@feature("old form of the pooling")
def _(base: Base, folder: Path) -> SentenceTransformer:
    saved(base, folder, pooling())
    old = {"word_embedding_dimension": HIDDEN, "pooling_mode_max_tokens": True, "pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({**old, "pooling_mode_mean_tokens": False}))
    return loaded(folder)


@feature("average of first and last layer")
def _(base: Base, folder: Path) -> SentenceTransformer:
    weights = torch.zeros(LAYERS + 1)
    weights[[0, -1]] = 1.0
    averaging = WeightedLayerPooling(HIDDEN, LAYERS, 0, nn.Parameter(weights))
    saved(base, folder, averaging, dense(16, 12, on_tokens=True), pooling(width=12))
    change(folder / "config.json", output_hidden_states=True)
    return loaded(folder)


@feature("do_lower_case")
def _(base: Base, folder: Path) -> SentenceTransformer:
    saved(base, folder, pooling())
    change(folder / "sentence_bert_config.json", do_lower_case=True)
    return loaded(folder)


@feature("max_seq_length")
def _(base: Base, folder: Path) -> SentenceTransformer:
    saved(base, folder, pooling())
    change(folder / "sentence_bert_config.json", max_seq_length=6)
    return loaded(folder)


@feature("no length but the positions")
def _(base: Base, folder: Path) -> SentenceTransformer:
    """sentence-transformers takes all rows of RoBERTa's table for positions, and stumbles over texts that long."""
    saved(base, folder, pooling())
    change(folder / "tokenizer_config.json", model_max_length=10**30)
    settings = folder / "sentence_bert_config.json"
    settings.write_text(json.dumps({"max_seq_length": None, "do_lower_case": False}))
    model = loaded(folder)
    model.max_seq_length = POSITIONS
    return model


@feature("plain folder")
def _(base: Base, folder: Path) -> SentenceTransformer:
    model, tokenizer = base.encoder()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return loaded(folder)


@feature("weights in half precision")
def _(base: Base, folder: Path) -> SentenceTransformer:
    """Both compute in float32: sentence-transformers would compute in half precision, too, and less exactly."""
    saved(base, folder, pooling(), dense(16, 9, nn.Tanh()).to(torch.float16))
    model, _tokenizer = base.encoder()
    model.to(torch.float16)  # type: ignore[arg-type] # transformers' decorator hides the signature
    model.save_pretrained(folder)
    return loaded(folder, model_kwargs={"dtype": torch.float32}).float()


@feature("weights in several files")
def _(base: Base, folder: Path) -> SentenceTransformer:
    model, _tokenizer = base.encoder()
    expected = saved(base, folder, pooling())
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="10KB")
    assert len(list(folder.glob("model-*-of-*.safetensors"))) > 1
    return expected


@feature("padding on the left", one_by_one=True)
def _(base: Base, folder: Path) -> SentenceTransformer:
    saved(base, folder, pooling(*MODES))
    change(folder / "tokenizer_config.json", padding_side="left")
    return loaded(folder)


@feature("added tokens with embeddings")
def _(base: Base, folder: Path) -> SentenceTransformer:
    model, tokenizer = base.encoder()
    saved(base, folder, pooling())
    tokenizer.add_tokens([*ADDED, "kitten"])
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return loaded(folder)


@feature("added tokens without embeddings", refusal="has 2 added tokens for which the model has no embeddings")
def _(base: Base, folder: Path) -> SentenceTransformer:
    _model, tokenizer = base.encoder()
    expected = saved(base, folder, pooling())
    tokenizer.add_tokens(ADDED)
    tokenizer.save_pretrained(folder)
    return expected


SENTENCE_PIECES = {
    "xlm-roberta": "sentencepiece.bpe.model",
    "albert": "spiece.model",
    "camembert": "sentencepiece.bpe.model",
    "deberta-v2": "spm.model",
}
"""How families call the file of sentencepiece."""
IN_FILES: dict[str, Callable[[list[Any]], list[Any]]] = {
    "xlm-roberta": lambda vocabulary: [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *vocabulary[4:-1]],
    "camembert": lambda vocabulary: [("<unk>", 0.0), *vocabulary[5:-1]],
}
"""What of a vocabulary stands in the file of sentencepiece, where transformers adds to it."""


@feature(
    "tokenizer without tokenizer.json",
    refused_by={
        **({} if is_sentencepiece_available() else dict.fromkeys(SENTENCE_PIECES, "Run: pip install sentencepiece")),
        "modernbert": r"cannot be read \(tokenizer\): .* from one of: \(1\) a .tokenizers. library serialization file",
    },
)
def _(base: Base, folder: Path) -> SentenceTransformer:
    expected = saved(base, folder, pooling())
    content = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    if base.family in SENTENCE_PIECES:
        pieces = import_protobuf().ModelProto()  # type: ignore[no-untyped-call]
        for piece, score in IN_FILES.get(base.family, list)(content["vocab"]):
            pieces.pieces.add(piece=piece, score=score)
        (folder / SENTENCE_PIECES[base.family]).write_bytes(pieces.SerializeToString())
    elif "merges" in content:
        (folder / "vocab.json").write_text(json.dumps(content["vocab"]))
        lines = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["merges"]]
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]) + "\n")
    else:
        words = sorted(content["vocab"], key=content["vocab"].__getitem__)
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    return expected


@feature("weights with a head for a task")
def _(base: Base, folder: Path) -> SentenceTransformer:
    model, _tokenizer = base.encoder()
    expected = saved(base, folder, pooling())
    whole: Any = AutoModelForMaskedLM.from_config(model.config)  # type: ignore[no-untyped-call]
    getattr(whole, whole.base_model_prefix).load_state_dict(model.state_dict(), strict=False)
    whole.save_pretrained(folder)
    return expected


def rewritten(base: Base, folder: Path, edit: Callable[[dict[str, torch.Tensor]], None]) -> SentenceTransformer:
    from safetensors.torch import load_file, save_file

    expected = saved(base, folder, pooling())
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return expected


def last_weight(tensors: dict[str, torch.Tensor]) -> str:
    """The name of a matrix inside the layers."""
    return next(name for name in sorted(tensors, reverse=True) if "layer" in name and tensors[name].ndim == 2)


@feature("missing weights", refusal=r"1 are missing, .*random")
def _(base: Base, folder: Path) -> SentenceTransformer:
    return rewritten(base, folder, lambda tensors: tensors.__delitem__(last_weight(tensors)))


@feature("weights left over", refusal="holds parts that its config.json does not use")
def _(base: Base, folder: Path) -> SentenceTransformer:
    return rewritten(base, folder, lambda tensors: tensors.update({f"{last_weight(tensors)}_lora": torch.ones(2)}))


@feature("everything at once")
def _(base: Base, folder: Path) -> SentenceTransformer:
    parts = (
        dense(16, 14, nn.Tanh(), on_tokens=True),
        pooling("weightedmean", "max", width=14, include_prompt=False),
        dense(28, 20, nn.GELU()),
        layer_norm(20),
        Normalize(),
    )
    saved(base, folder, *parts, prompts=PROMPTS, default_prompt_name="query", truncate_dim=9)
    change(folder / "sentence_bert_config.json", do_lower_case=True, max_seq_length=17)
    return loaded(folder)


def expected_rows(model: SentenceTransformer, case: Feature | None = None) -> NDArray[np.float32]:
    """(N, D) unit rows of sentence-transformers for `TEXTS`."""
    settings = {} if case is None else case.theirs
    batches = [[text] for text in TEXTS] if case is not None and case.one_by_one else [TEXTS]
    return np.concatenate([model.encode(batch, normalize_embeddings=True, **settings) for batch in batches])


def outcome(base: Base, case: Feature, folder: Path) -> str:
    """ "equal", or "refused", or what is wrong."""
    theirs = expected_rows(case.build(base, folder), case)
    try:
        ours = SimCSE.load(str(folder), **case.ours).encode(TEXTS)
    except ModelError:
        return "refused"
    if ours.shape != theirs.shape:
        return f"other dimensions: {ours.shape[1]} and {theirs.shape[1]}"
    gap = float(np.abs(ours - theirs).max())
    return "equal" if gap <= 1e-5 else f"DIFFERENT by {gap:.0e}"


def table() -> Iterator[str]:
    """Features by families, as the lines of a table in Markdown."""
    yield "| " + " | ".join(["", *FAMILIES]) + " |"
    yield "|" + "---|" * (1 + len(FAMILIES))
    with TemporaryDirectory() as place:
        bases = [make_base(family, Path(place) / family) for family in FAMILIES]
        for number, case in enumerate(FEATURES.values()):
            cells = [outcome(base, case, Path(place) / f"{base.family}-{number}") for base in bases]
            yield "| " + " | ".join([case.name, *cells]) + " |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
