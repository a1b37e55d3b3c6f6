"""A file with a row for each row of the data: its columns, and what the model makes of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.commands.output import output_file
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.api.measuring import Evaluation


def rows_file(name: str, data: str) -> Path:
    """The file that --output names.

    Raises:
        OptionError: it does not end in .csv, is the data itself, or cannot be written.
    """
    if Path(name).suffix.lower() != ".csv":
        raise OptionError("{file} does not end in .csv: the rows are written as a CSV file.", file=name)
    return output_file(name, [("--data", data)])


def write_rows(file: Path, of: "Evaluation") -> None:
    """Write a row for each row of the data; on a full disk the old file stays as it was."""
    from simcse_core import durable
    from simcse_core.data.writers import to_csv

    rows = zip(*(map(_cell, cells) for cells in of.rows.values()), strict=True)
    durable.write(file, to_csv(list(of.rows), rows).encode())


def _cell(value: object) -> object:
    if value is None:
        return ""
    return round(value, 6) if isinstance(value, float) else value
