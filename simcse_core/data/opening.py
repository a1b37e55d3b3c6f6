"""Opening data by name: a bundled set, a data set of the hub, or a file."""

import os
from collections.abc import Callable, Mapping
from typing import Literal

from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset
from simcse_core.data.piped import is_piped
from simcse_core.data.readers import read_data
from simcse_core.errors import DataError
from simcse_core.hub.names import DATA_PREFIX

Source = Literal["bundled", "hub", "file"]


def source_of(name: str) -> Source:
    """Where data of this name come from, whether or not there are any."""
    if name.startswith(DATA_PREFIX):
        return "hub"
    return "bundled" if name in bundled.names() else "file"


def open_data(
    name: str,
    columns: Mapping[str, str] | None = None,
    on_fetch: Callable[[int, int], None] | None = None,
    *,
    encoding: str = "",
    sheet: str = "",
) -> Dataset:
    """A bundled data set by name, one of the hub by its id, or a file by path.

    Args:
        name: of the data set, `hub:owner/name` or `hub:owner/name/config:split`, or the path; "-" is standard input.
        columns: the file's own names of columns, by ours, as for `read_data`.
        on_fetch: receives (bytes done, bytes in all) while data of the hub are fetched.
        encoding: of a file, as for `read_data`.
        sheet: of a workbook, as for `read_data`.

    Raises:
        DataError: there is none of them, it cannot be fetched, or it cannot be used.
        OptionError: no kind of data has a column that is to be mapped.

    Example:
        >>> open_data("pairs-en").columns
        ('sentence1', 'sentence2', 'label')
    """
    source = source_of(name)
    if (encoding or sheet) and source != "file":
        raise DataError("The data {given} needs neither an encoding nor a sheet. Leave it out.", given=name)
    if source == "hub":
        from simcse_core.data.hub_data import open_hub_data  # which loads an HTTP client

        return open_hub_data(name, columns, on_fetch)
    if source == "bundled":
        if columns:
            raise DataError("The columns of the bundled data {given} need no mapping. Leave it out.", given=name)
        return bundled.load(name)
    if not os.path.isfile(name) and not is_piped(name):  # which never raise
        raise DataError(
            "There is no file {given}, and no bundled data of that name ({choices}).",
            given=name,
            choices=", ".join(bundled.names()),
        )
    return read_data(name, columns, encoding=encoding, sheet=sheet)
