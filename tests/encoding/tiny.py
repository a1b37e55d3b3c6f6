"""Models so small that a test can save, damage and load many of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoModel,
    BertConfig,
    BertTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.scratch import make_vocabulary
from tests.conftest import SENTENCES

TEXTS = [*SENTENCES, "Zwei Männer spielen Schach.", "İstanbul IST GROSS", "a [PAD] b"]
SIZE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
POSITIONS = 48


def tiny_tokenizer(**settings: Any) -> PreTrainedTokenizerBase:
    """Knows the words of `TEXTS`, in lower case."""
    return BertTokenizer(
        vocab=make_vocabulary([*TEXTS, *(text.lower() for text in TEXTS)], 400),
        **{"do_lower_case": True, "model_max_length": POSITIONS, **settings},
    )


def unigram_tokenizer(*pieces: str) -> PreTrainedTokenizerBase:
    """As those of XLM-R: pieces of several characters, of which ▁ marks a word's start; white space is split off."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    scored = [(piece, -float(number > 3)) for number, piece in enumerate([*special, "▁", *pieces])]
    whole = Tokenizer(models.Unigram(scored, unk_id=3))
    whole.normalizer = normalizers.NFKC()
    whole.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    whole.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), special, strict=True))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=whole, cls_token="<s>", sep_token="</s>", **names
    )


def tiny(
    family: Callable[..., PreTrainedConfig] = BertConfig,
    layers: int = 3,
    tokenizer: PreTrainedTokenizerBase | None = None,
    **settings: Any,
) -> SimCSE:
    """A random encoder of a family, whose attention chooses."""
    tokenizer = tokenizer or tiny_tokenizer()
    special = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2}
    size = {**SIZE, "num_hidden_layers": layers, "vocab_size": len(tokenizer), "max_position_embeddings": POSITIONS}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = family(**{**size, **special, "sep_token_id": 3, **settings})
        bert = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter in bert.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return SimCSE(bert.eval(), tokenizer, max_tokens=POSITIONS, name="tiny")


def change(file: Path, **changes: Any) -> None:
    """Set keys of a JSON file; it is made when it is missing."""
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**content, **changes}))
