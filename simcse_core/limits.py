"""Every limit of the app and the command line, in one place.

A limit is checked before the work starts and is named in the error. Set one with an environment variable of the same
name in capitals, for example `SIMCSE_MAX_HEATMAP_TEXTS=100`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

from simcse_core.errors import InputError, OptionError
from simcse_core.numerals import whole_number
from simcse_core.plain import shortened

MOST = 1_000_000_000
"""No limit is higher: counts of it still fit everywhere, in a database and in a message to the browser."""


@dataclass(frozen=True)
class Limits:
    """The limits in force; each field is a whole number."""

    max_heatmap_texts: int = 5_000
    max_attribution_words: int = 60
    max_grid_texts: int = 60
    max_grid_pairs: int = 5_000
    max_similarity_texts: int = 5_000
    max_map_points: int = 100_000
    max_map_memory_megabytes: int = 4_000
    """Of the process that makes one map."""
    max_map_cache_megabytes: int = 500
    """Of maps on the disk that were computed before; those that were not used for the longest time go first."""
    map_workers: int = 2
    """Maps that are made at once; never more than there are cores."""
    max_circle_texts: int = 12
    max_search_texts: int = 50_000
    """Encoded by the page Search; the commands `index` and `search` take more."""
    max_text_characters: int = 20_000
    max_table_rows: int = 200_000
    max_file_megabytes: int = 50
    max_index_texts: int = 5_000_000
    """In the index of a search; a million texts in 384 dimensions take 1.6 GB of disk."""
    max_queries: int = 10_000
    """Of one search."""
    max_results: int = 1_000
    """For each query."""
    max_mined_texts: int = 200_000
    """Compared with each other, for duplicates or hard negatives."""
    max_mined_pairs: int = 1_000_000
    """Of duplicates, the closest first."""
    max_training_rows: int = 100_000
    max_cache_memory_megabytes: int = 1_000
    max_cache_disk_megabytes: int = 20_000
    max_training_steps: int = 100_000
    max_queued_runs: int = 500
    max_queued_runs_per_user: int = 40
    max_bundle_megabytes: int = 2_000
    max_run_memory_megabytes: int = 16_000
    max_run_minutes: int = 10_080
    """Of training; a run that takes longer ends with what it has by then."""
    workers: int = 1
    """Runs at work at once."""
    checkpoint_seconds: int = 30
    """Between two checkpoints of a run, which can have hundreds of megabytes each."""


def limits() -> Limits:
    """The limits, with what the environment sets.

    Raises:
        OptionError: a variable is not a whole number from 1 to `MOST`.
    """
    values: dict[str, int] = {}
    for field in fields(Limits):
        variable = f"SIMCSE_{field.name.upper()}"
        if text := os.environ.get(variable):
            value = whole_number(text)
            if value is None or not 1 <= value <= MOST:
                raise OptionError(
                    "{variable} is {given!r}: it has to be a whole number above 0, at most {most:,}.",
                    variable=variable,
                    given=shortened(text),
                    most=MOST,
                )
            values[field.name] = value
    return Limits(**values)


def check_texts(texts: Sequence[str], most: int, setting: str) -> None:
    """Refuse more texts than `most`, or a text longer than allowed.

    Raises:
        InputError: names the limit and the setting that changes it.
    """
    if len(texts) > most:
        raise InputError(
            "{given:,} texts are too many here: the limit is {most:,} ({setting}). Take a sample of them.",
            given=len(texts),
            most=most,
            setting=f"SIMCSE_{setting.upper()}",
        )
    check_lengths(texts)


def check_lengths(texts: Sequence[str]) -> None:
    """Refuse a text longer than allowed.

    Raises:
        InputError: names the text, the limit and the setting that changes it.
    """
    longest = limits().max_text_characters
    for number, text in enumerate(texts, 1):
        check_length(text, number, longest)


def check_length(text: str, number: int, longest: int) -> None:
    """Refuse one text, the `number`-th from 1, of more than `longest` characters; errors as for `check_lengths`."""
    if len(text) > longest:
        raise InputError(
            "Text {number} has {given:,} characters: the limit is {most:,} (SIMCSE_MAX_TEXT_CHARACTERS). "
            "Split it into sentences, one a line.",
            number=number,
            given=len(text),
            most=longest,
        )
