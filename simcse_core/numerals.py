"""Numbers as people write them. Python reads more than anybody means: `1_000`, Arabic digits, `nan`, `1e400`."""

import math
import re

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
LONGEST = 100
"""Characters of a number; Python refuses to read a whole one of thousands of digits."""


def whole_number(text: str) -> int | None:
    """A whole number of at most 18 ASCII digits; None for all else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def number(text: str) -> float | None:
    """A finite decimal number in ASCII digits; None for all else.

    Example:
        >>> number("2e-5"), number("1_000"), number("nan"), number("1e400")
        (2e-05, None, None, None)
    """
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
