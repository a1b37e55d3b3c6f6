"""The command `models`: the catalogue, and downloads from the hub."""

import argparse
import time

from simcse_core.commands.options import Parser, add_action, add_actions
from simcse_core.commands.printing import print_answer, print_models

NAME = "models"
HELP = "List the models of the catalogue, or fetch one from the hub."
SHOWN = (
    *("name", "title", "languages", "licence", "megabytes", "layers"),
    *("pooling", "note", "package", "sha256", "hub"),
)
"""Of a card in JSON; what else it says is for the pages."""


def add_arguments(parser: Parser) -> None:
    """Add the action `fetch`."""
    fetch = add_action(
        add_actions(parser, "[fetch NAME]"),
        "fetch",
        _fetch,
        "Download a model from the hub into the models folder (SIMCSE_MODELS); what is there already is kept.",
    )
    fetch.add_argument("name", help="name of the catalogue, or owner/model")


def run(options: argparse.Namespace) -> None:
    """List the catalogue."""
    from simcse_core.encoding.catalogue import CATALOGUE, is_here

    cards = [
        {**{field: getattr(card, field) for field in SHOWN}, "here": is_here(card.name)} for card in CATALOGUE.values()
    ]
    print_answer(cards, options.format, print_models)


def _fetch(options: argparse.Namespace) -> None:
    from simcse_core.commands.progress import download_bar
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
