"""The command `models`: the catalogue, downloads from the hub, and models for other programs."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from simcse_core.commands.options import ANSWER_FORMATS, Parser, add_action, add_actions, one_of
from simcse_core.commands.printing import print_answer, print_export, print_models
from simcse_core.encoding.exports import check_free, formats

NAME = "models"
HELP = "List the models of the catalogue, fetch one from the hub, or export one for other programs."
SHOWN = (
    *("name", "title", "languages", "licence", "megabytes", "layers"),
    *("pooling", "note", "package", "sha256", "hub"),
)
"""Of a card in JSON; what else it says is for the pages."""


def add_arguments(parser: Parser) -> None:
    """Add the actions `fetch` and `export`."""
    actions = add_actions(parser, "[fetch NAME | export NAME]")
    fetch = add_action(
        actions,
        "fetch",
        _fetch,
        "Download a model from the hub into the models folder (SIMCSE_MODELS); what is there already is kept.",
    )
    fetch.add_argument("name", help="name of the catalogue, or owner/model")
    export = add_action(
        actions,
        "export",
        _export,
        "Write a model to a folder that is complete, for other programs: " + _summaries(),
        has_format=False,
    )
    export.add_argument(
        "--format",
        action=_Format,
        default=argparse.SUPPRESS,
        choices=(*formats.names(), *ANSWER_FORMATS),
        help=f"of the model: {one_of(formats.names())} (default: {formats.names()[0]}); of the answer: text or json",
    )
    export.add_argument("name", metavar="NAME", help="catalogue name, run id, folder or owner/model of the hub")
    export.add_argument("--output", required=True, help="the folder to write; a new or an empty one")
    export.add_argument(
        "--data",
        action="append",
        default=[],
        help="scored pairs or other data on which the loss of quality is measured; may be given several times "
        "(default: bundled pairs that the model reads, and a run's dev data)",
    )
    export.set_defaults(model_format=formats.names()[0])


def _summaries() -> str:
    return "; ".join(f"{entry.name}: {entry.summary}" for entry in formats.entries())


class _Format(argparse.Action):
    """Of the answer, as everywhere, or of the model: the names differ."""

    def __call__(self, _parser: object, options: argparse.Namespace, value: Any, _flag: object = None) -> None:
        setattr(options, "format" if value in ANSWER_FORMATS else "model_format", value)


def run(options: argparse.Namespace) -> None:
    """List the catalogue."""
    from simcse_core.encoding.catalogue import CATALOGUE, is_here

    cards = [
        {**{field: getattr(card, field) for field in SHOWN}, "here": is_here(card.name)} for card in CATALOGUE.values()
    ]
    print_answer(cards, options.format, print_models)


def _fetch(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import download_bar
    from simcse_core.encoding.hub_models import fetch

    started = time.perf_counter()
    with download_bar(options.name) as on_progress:
        folder = fetch(options.name, on_progress)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    answer = {
        "name": options.name,
        "path": str(folder),
        "megabytes": round(size / 1_000_000, 1),
        "seconds": round(seconds, 3),
    }
    print_answer(answer, options.format)


def _export(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import download_bar, texts_bar
    from simcse_core.commands.loading import open_data
    from simcse_core.encoding.catalogue import load
    from simcse_core.jsonable import jsonable
    from simcse_core.runs.exports import measured_export

    folder = Path(os.path.abspath(options.output))  # of ".", too, which has no name
    check_free(folder)  # before minutes of work
    data = [open_data(name) for name in options.data]
    started = time.perf_counter()
    with download_bar(options.name) as on_fetch:
        model = load(options.name, device="cpu", on_fetch=on_fetch)
    with texts_bar("exporting", " tokens") as show:
        costs = measured_export(model, options.model_format, folder, data, on_progress=show)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    answer: dict[str, Any] = {
        "name": options.name,
        "format": options.model_format,
        "path": str(folder),
        "megabytes": round(size / 1_000_000, 1),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if costs is not None:
        answer["costs"] = [jsonable(cost) for cost in costs.of_data]
        answer["speeds"] = {"model": round(costs.model_speed), "export": round(costs.export_speed)}
    print_answer(answer, options.format, print_export)
