"""A model's tokenizer: read, put in lower case where the folder asks for it, and refused where it does not fit."""

from itertools import islice
from pathlib import Path

from tokenizers import normalizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.import_utils import is_protobuf_available, is_sentencepiece_available

from simcse_core.encoding.foreign_errors import model_errors, without_panic_messages
from simcse_core.encoding.module_files import is_there
from simcse_core.errors import ModelError

_ODD_TEXT = "Zebra \u9f98 \u2603 \U000f0000"
"""Whatever the vocabulary is, some of this is not in it."""
_PIECES_TRIED = 200


def load_tokenizer(folder: Path, name: str, *, lower_case: bool, embeddings: int) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder.

    Args:
        folder: with its files.
        name: how messages call the model.
        lower_case: put texts in lower case before the tokenizer does what it does.
        embeddings: how many word embeddings the model has.

    Raises:
        ModelError: there is none, or its tokens are not those of the model, so that embeddings would mean nothing.
    """
    _check_packages(folder, name)
    with model_errors(name, "tokenizer"), without_panic_messages():
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        tokenizer.padding_side = "right"  # embeddings here do not depend on it; those of whom we save a folder for do
        if lower_case:
            _put_in_lower_case(tokenizer, name)
        _check_vocabulary(tokenizer, name, embeddings)
        _check_markers(tokenizer, name)
    return tokenizer


def _check_packages(folder: Path, name: str) -> None:
    """Refuse a tokenizer that only a package reads that is not here: transformers would name another one.

    Raises:
        ModelError: that.
    """
    models = sorted(path.name for path in folder.glob("*.model"))
    if not models or is_there(folder / "tokenizer.json"):
        return
    needed = {"sentencepiece": is_sentencepiece_available(), "protobuf": is_protobuf_available()}
    if missing := [package for package, is_here in needed.items() if not is_here]:
        raise ModelError(
            "{name} has its tokenizer in {file} only, which cannot be read here. Run: pip install {packages}; or save "
            "the model with tokenizer.json, as save_pretrained of a fast tokenizer writes it.",
            name=name,
            file=models[0],
            packages=" ".join(missing),
        )


def puts_in_lower_case(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether there is a step of its own for it, as `load_tokenizer` and sentence-transformers put it there."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    steps = getattr(backend, "normalizer", None)
    every = list(steps) if isinstance(steps, normalizers.Sequence) else [steps]  # type: ignore[call-overload]
    return any(isinstance(step, normalizers.Lowercase) for step in every)


def _put_in_lower_case(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    if not tokenizer.is_fast:
        raise ModelError("{name} asks for lower case, and its kind of tokenizer has no such setting.", name=name)
    if not puts_in_lower_case(tokenizer):
        backend = tokenizer.backend_tokenizer
        old = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *old])


def _check_vocabulary(tokenizer: PreTrainedTokenizerBase, name: str, embeddings: int) -> None:
    vocabulary = tokenizer.get_vocab()
    special = {*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()}
    pieces = [piece for piece in vocabulary if piece not in special]
    if not pieces:
        raise ModelError(
            "{name} has no tokenizer, or one without words. Its folder needs tokenizer.json or vocab.txt, as "
            "save_pretrained writes them.",
            name=name,
        )
    beyond = {piece for piece, number in vocabulary.items() if number >= embeddings}
    if beyond and beyond <= set(tokenizer.get_added_vocab()):
        raise ModelError(
            "The folder of {name} does not fit together: its tokenizer has {count:,} added tokens for which the model "
            "has no embeddings ({tokens}). Resize the embeddings (resize_token_embeddings) and train them, or take the "
            "tokenizer without these tokens.",
            name=name,
            count=len(beyond),
            tokens=", ".join(sorted(beyond)[:4]),
        )
    if beyond:
        raise ModelError(
            "The tokenizer of {name} is of another model: its tokens have numbers up to {last:,}, and there are only "
            "{embeddings:,} word embeddings.",
            name=name,
            last=max(vocabulary.values()),
            embeddings=embeddings,
        )
    if 2 * len(vocabulary) < embeddings:
        raise ModelError(
            "The tokenizer of {name} is of another model: it has {tokens:,} tokens, and there are {embeddings:,} word "
            "embeddings.",
            name=name,
            tokens=len(vocabulary),
            embeddings=embeddings,
        )
    tried = " ".join(piece.strip("#▁Ġ") for piece in islice(pieces, 0, None, max(len(pieces) // _PIECES_TRIED, 1)))
    ids = tokenizer(f"{tried} {_ODD_TEXT}", add_special_tokens=False, verbose=False)["input_ids"]
    if all(token == tokenizer.unk_token_id for token in ids):
        raise ModelError("The tokenizer of {name} does not know its own vocabulary: every text is unknown.", name=name)


def _check_markers(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    if tokenizer.pad_token_id is None:
        raise ModelError(
            "The tokenizer of {name} has no padding token, which sentences of different length need.", name=name
        )
    encoded = tokenizer("", verbose=False)
    if not encoded["input_ids"]:
        raise ModelError(
            "The tokenizer of {name} puts no markers such as [CLS] and [SEP] around a text, so an empty text has no "
            "embedding.",
            name=name,
        )
    if any(tokenizer("A cat.", verbose=False).get("token_type_ids") or []):
        raise ModelError("The tokenizer of {name} counts a single text as the second of a pair.", name=name)
