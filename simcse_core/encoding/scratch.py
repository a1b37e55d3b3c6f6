"""A BERT that knows nothing yet: random weights, and a vocabulary made from the texts it will learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.errors import DataError

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FEWEST_TEXTS = 20


@dataclass(frozen=True)
class Size:
    """The shape of a BERT, after arXiv 1908.08962."""

    layers: int
    hidden: int
    heads: int
    vocabulary: int


SIZES = {
    "scratch-tiny": Size(layers=2, hidden=128, heads=2, vocabulary=8_000),
    "scratch-mini": Size(layers=4, hidden=256, heads=4, vocabulary=16_000),
    "scratch-small": Size(layers=4, hidden=512, heads=8, vocabulary=30_000),
}
"""By the name that stands in the place of a model's name."""

MAX_TOKENS = 128


def check_enough(texts: Sequence[str]) -> None:
    """See that there are enough texts for a vocabulary.

    Raises:
        DataError: there are too few.
    """
    if len(texts) < FEWEST_TEXTS:
        raise DataError(
            "{given} texts are too few for a vocabulary: a new model needs at least {fewest}.",
            given=len(texts),
            fewest=FEWEST_TEXTS,
        )


def new_model(name: str, texts: Sequence[str], *, device: str = "auto", seed: int = 0) -> "SimCSE":
    """A model of one of the `SIZES`, with mean pooling.

    Args:
        name: of `SIZES`.
        texts: the vocabulary is made of their words and, where these are rare, parts of words; Chinese by character.
        device: as for `SimCSE.load`.
        seed: for the weights.

    Raises:
        DataError: there are too few texts for a vocabulary.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer, PreTrainedModel

    from simcse_core.encoding.device import pick_device
    from simcse_core.encoding.model import SimCSE

    check_enough(texts)
    size = SIZES[name]
    vocabulary = make_vocabulary(texts, size.vocabulary)
    tokenizer = BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=MAX_TOKENS)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.hidden,
        max_position_embeddings=MAX_TOKENS,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPUs too
        bert: PreTrainedModel = BertModel(config).requires_grad_(False)
    bert.to(pick_device(device))  # type: ignore[arg-type] # transformers' decorator hides the signature
    return SimCSE(bert, tokenizer, max_tokens=MAX_TOKENS, name=name)


def make_vocabulary(texts: Sequence[str], size: int) -> dict[str, int]:
    """Word pieces and their numbers, the most frequent of `texts`; at most `size`, and every character that occurs."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    letters = sorted({letter for text in texts for letter in tokenizer.normalizer.normalize_str(text) if letter != " "})
    # Given an alphabet in an order, the trainer makes the same vocabulary each time; its own order is by chance.
    tokens = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(vocab_size=max(size, len(tokens)), special_tokens=tokens, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda piece: piece[1])
    return {piece: number for number, (piece, _old) in enumerate(pieces)}
