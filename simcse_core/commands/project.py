"""The command `project`: texts, or embeddings of one's own, to points of a map."""

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core import durable
from simcse_core.commands.map_source import MapSource, map_source, mapped_embeddings
from simcse_core.commands.options import (
    COLUMNS_HELP,
    TEXTS_HELP,
    Parser,
    add_model,
    add_option,
    add_reading,
    one_of,
    whole,
)
from simcse_core.commands.output import files_read, output_file
from simcse_core.commands.printing import print_answer, print_table, print_values, to_stderr
from simcse_core.errors import DataError
from simcse_core.jsonable import jsonable
from simcse_core.meaning.projection import projections
from simcse_core.option_fields import OptionField

if TYPE_CHECKING:
    from simcse_core.encoding.texts import Embeddings
    from simcse_core.meaning.groups import GroupName, Groups
    from simcse_core.meaning.projection import Points, Projected, Recipe

NAME = "project"
HELP = "Write a map of texts, or of embeddings of your own, in two or three dimensions."
NEIGHBOURS = 15
"""Of each text, in a Parquet file."""
LABEL = "label"


def add_arguments(parser: Parser) -> None:
    """Add what is read and written, the method, and the options of all methods."""
    parser.add_argument("--input", help=f"{TEXTS_HELP}; other columns of a table are written, too")
    parser.add_argument(
        "--embeddings",
        metavar="F",
        help="embeddings of your own in the place of a model: a .npy file (texts, dimensions) with a row for each text "
        "of --input, or a .parquet table with a column of vectors, which may have the texts itself",
    )
    parser.add_argument(
        "--output",
        required=True,
        help="the file to write, with the columns x, y, text: CSV or, where its name ends in .parquet, Parquet with "
        "the nearest neighbours, which Embedding Atlas opens",
    )
    parser.add_argument("--method", default="pca", help=f"{one_of(projections.names())} (default: pca)")
    parser.add_argument("--dimensions", type=whole(2, 3), default=2, metavar="2|3", help="of the map (default: 2)")
    for option in _method_options():
        add_option(parser, option)
    parser.add_argument("--groups", action="store_true", help="find groups in the original space, and name them")
    parser.add_argument(
        "--labels", metavar="COLUMN", help=f"labels, for a method that learns from them (default: {LABEL})"
    )
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Write the points and print how far their neighbours are neighbours among the embeddings too."""
    recipe = _recipe(options)
    source = map_source(options)
    labels = _labels(options, source) if projections[options.method].needs_labels else None
    output = _output(options)
    with mapped_embeddings(options, source) as embeddings:
        started = time.perf_counter()
        made = _projected(embeddings, recipe, labels)
        seconds = time.perf_counter() - started
        groups, names = _grouped(source.texts, embeddings) if options.groups else (None, ())
        _write(output, source, embeddings, made.points, groups, names)
        answer = {
            "model": None if options.embeddings else options.model,
            "input": options.input or options.embeddings,
            "method": options.method,
            "n": len(embeddings),
            "dim": embeddings.shape[1],
            "trustworthiness": _trust(embeddings, made.points, options.seed),
            "seconds": round(seconds, 3),
        }
    notes = [*source.notes, *map(str, made.notes), *map(str, groups.notes if groups is not None else ())]
    notes += _undefined(answer)
    for note in notes:
        to_stderr(f"note: {note}")
    if groups is not None:
        answer |= {"in_no_group": int((groups.of < 0).sum()), "groups": [_in_answer(name) for name in names]}
    print_answer(jsonable({**answer, "notes": notes}), options.format, _print)


def _method_options() -> list[OptionField]:
    """The options of all methods, each name once."""
    return list({option.name: option for method in projections.entries() for option in method.fields}.values())


def _recipe(options: argparse.Namespace) -> "Recipe":
    """What the flags say of the map; errors as for `Recipe.of`."""
    from simcse_core.meaning.projection import Recipe

    given = {option.name: vars(options)[option.name] for option in _method_options() if option.name in vars(options)}
    return Recipe.of(options.method, dimensions=options.dimensions, seed=options.seed, options=given)


def _output(options: argparse.Namespace) -> Path:
    inputs = files_read(options) if options.input else []
    return output_file(
        options.output, [*inputs, *([("--embeddings", options.embeddings)] if options.embeddings else [])]
    )


def _labels(options: argparse.Namespace, source: MapSource) -> list[str]:
    """The labels of the texts, "" where nothing stands."""
    from simcse_core.data.kinds import normalised

    wanted = options.labels or LABEL
    for name, cells in source.columns.items():
        if normalised(name) == normalised(wanted):
            return ["" if cell is None else str(cell) for cell in cells]
    raise DataError(
        "{method} learns from labels, and there is no column {given!r} beside the texts: the columns are {columns}. "
        "Name the one that holds the labels with --labels.",
        method=options.method,
        given=wanted,
        columns=", ".join(source.columns)[:200] or "none",
    )


def _projected(embeddings: "Embeddings", recipe: "Recipe", labels: Sequence[str] | None) -> "Projected":
    from simcse_core.api.progress import texts_bar
    from simcse_core.meaning.projection import project

    with texts_bar(recipe.method, " rounds") as show:
        return project(embeddings, recipe, labels=labels, on_progress=show)


def _grouped(texts: Sequence[str], embeddings: "Embeddings") -> "tuple[Groups, tuple[GroupName, ...]]":
    from simcse_core.data.language import language_of
    from simcse_core.meaning.groups import find_groups, name_groups

    groups = find_groups(embeddings)
    return groups, name_groups(texts, groups, language_of(texts[:1_000]))


def _write(
    output: Path,
    source: MapSource,
    embeddings: "Embeddings",
    points: "Points",
    groups: "Groups | None",
    names: "Sequence[GroupName]",
) -> None:
    """Write the table; on a full disk the old file stays as it was."""
    from simcse_core.data.map_table import MapTable
    from simcse_core.meaning.projection.neighbours import neighbours_among

    is_parquet = output.suffix.lower() == ".parquet"
    table = MapTable(
        points,
        source.texts,
        source.columns,
        groups=None if groups is None else groups.of,
        group_names=[name.title for name in names],
        neighbours=neighbours_among(embeddings, NEIGHBOURS) if is_parquet else None,
    )
    durable.write(output, table.to_parquet() if is_parquet else table.to_csv().encode())


def _trust(embeddings: "Embeddings", points: "Points", seed: int) -> float:
    from simcse_core.meaning.projection import trustworthiness

    return trustworthiness(embeddings, points, seed=seed)


def _undefined(answer: Mapping[str, Any]) -> list[str]:
    if not math.isnan(answer["trustworthiness"]):
        return []
    reason = "there are too few texts" if answer["n"] < 5 else "all texts have the same embedding, up to rounding"
    return [f"trustworthiness is undefined: {reason}."]


def _in_answer(name: "GroupName") -> dict[str, Any]:
    return {"name": name.title, "size": name.size, "keywords": name.keywords, "central_row": name.central}


def _print(answer: dict[str, Any]) -> None:
    """For people: the values, then the groups; notes stand on stderr."""
    print_values({name: value for name, value in answer.items() if name not in ("groups", "notes")})
    if "groups" in answer:
        rows = [(str(group["size"]), group["name"], str(group["central_row"] + 1)) for group in answer["groups"]]
        print_table(("texts", "group", "most central text"), rows)
