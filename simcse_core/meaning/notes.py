"""What the reader of a result has to know to read it rightly, in words that a screen can translate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """A sentence about a result: a template beside its values, as a `UserError` has them.

    Example:
        >>> str(Note("Groups were found among {sample:,} texts.", (("sample", 20_000),)))
        'Groups were found among 20,000 texts.'
    """

    template: str
    values: tuple[tuple[str, str | int | float], ...] = ()

    def __str__(self) -> str:
        return self.template.format(**dict(self.values))
