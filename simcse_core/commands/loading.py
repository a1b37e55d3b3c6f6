"""What commands read: data, models and embeddings, with downloads shown and what a model cannot do justice to."""

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from simcse_core.commands.printing import to_stderr
from simcse_core.data.kinds import Dataset

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable
    from simcse_core.encoding.texts import TextCheck
    from simcse_core.meaning.similarity import Matrix
    from simcse_core.uses.search.encoders import Sides
    from simcse_core.uses.search.index import Index


def open_data(name: str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = "") -> Dataset:
    """Data by name, showing a download; errors as for `opening.open_data`."""
    from simcse_core.api.progress import download_bar
    from simcse_core.data import opening

    with download_bar(name) as on_fetch:
        return opening.open_data(name, columns or None, on_fetch, encoding=encoding, sheet=sheet)


def load_sides(options: argparse.Namespace) -> "Sides":
    """The model that the flags of `add_model` say, as it reads queries and as it reads what is searched."""
    from simcse_core.api.progress import download_bar
    from simcse_core.uses.search.encoders import EncoderSettings

    settings = EncoderSettings(
        options.model, options.pooling, options.layer, options.head, options.prompt, options.dim, options.seed
    )
    with download_bar(options.model) as on_fetch:
        return settings.load(device=options.device, on_fetch=on_fetch)


def open_index(options: argparse.Namespace, folder: str) -> "Index":
    """The index in a folder, with what the flags of `add_model` say where they are written; errors as for `Index.open`.

    Args:
        options: of a parser that tells what is written.
        folder: of the index.
    """
    from simcse_core.api.progress import download_bar
    from simcse_core.uses.search.index import Index

    names = ("model", "pooling", "layer", "head", "prompt", "dim")
    given = {name: options.written[name] for name in names if name in options.written}
    with download_bar(given.get("model", folder)) as on_fetch:
        return Index.open(folder, **given, device=options.device, on_fetch=on_fetch)


class Checks:
    """Counts what a model cannot do justice to in a corpus that is encoded part by part."""

    def __init__(self) -> None:
        self._truncated: list[int] = []
        self._unreadable: list[int] = []

    def add(self, check: "TextCheck") -> None:
        """What is so in a part, as positions in the whole."""
        self._truncated += check.truncated
        self._unreadable += check.unreadable

    def counts(self) -> dict[str, int]:
        """For the answer of a command."""
        return {"truncated": len(self._truncated), "unreadable": len(self._unreadable)}

    def warn(self, model: str) -> None:
        """Say it on stderr."""
        warn_unreadable(model, len(self._unreadable), next(iter(self._unreadable), None))
        warn_truncated(model, len(self._truncated), next(iter(self._truncated), None))


def load_model(options: argparse.Namespace, *, prompt: bool = True) -> "Trainable":
    """The model that the flags of `add_model` say, showing a download; errors as for `catalogue.load`.

    Args:
        options: as `add_model` reads them.
        prompt: False leaves the prompt out, for who asks `prompting.prompted`.
    """
    from simcse_core.api.progress import download_bar
    from simcse_core.encoding import catalogue

    with download_bar(options.model) as on_fetch:
        return catalogue.load(
            options.model,
            pooling=options.pooling,
            layer=options.layer,
            head=options.head,
            prompt=options.prompt if prompt else None,
            dim=options.dim,
            device=options.device,
            seed=options.seed,
            on_fetch=on_fetch,
        )


def encode_texts(options: argparse.Namespace, model: "Trainable", texts: list[str], of: str = "") -> "Matrix":
    """(N, D) for N texts; says on stderr what the model cannot do justice to. `of` names a second list of texts."""
    warn_line_breaks(texts, of)
    return model.encode(texts, precision=options.precision, on_check=lambda check: warn(options.model, check, of))


def warn(model: str, check: "TextCheck", of: str = "") -> None:
    """Say on stderr which texts a model cannot do justice to."""
    warn_unreadable(model, len(check.unreadable), next(iter(check.unreadable), None), of)
    warn_truncated(model, len(check.truncated), next(iter(check.truncated), None), of)


def warn_unreadable(model: str, count: int, first: int | None, of: str = "") -> None:
    """Say how many texts a model cannot read; `first` is the position of the first, None for none."""
    from simcse_core.encoding.catalogue import can_read_instead

    if first is not None:
        other = can_read_instead(model)
        to_stderr(
            f"warning: {model} cannot read {count} of the texts (the first is text {first + 1}{of}): "
            f"their embeddings mean little.{f' Try --model {other}.' if other else ''}"
        )


def warn_truncated(model: str, count: int, first: int | None, of: str = "") -> None:
    """Say how many texts were cut; `first` is the position of the first, None for none."""
    if first is not None:
        to_stderr(
            f"warning: {count} of the texts are too long for {model} and were cut (the first is text {first + 1}{of})."
        )


def warn_line_breaks(texts: Iterable[str], of: str = "") -> None:
    """Say how many texts have several lines: a quotation mark that is a text's own joins the lines of a CSV file."""
    from simcse_core.data.cells import has_several_lines

    places = [number for number, text in enumerate(texts, 1) if has_several_lines(text)]
    if places:
        to_stderr(
            f"warning: {len(places)} of the texts have several lines (the first is text {places[0]}{of}). If that is "
            "not meant, a quotation mark in the file opens a text and closes it lines later: write it twice."
        )
