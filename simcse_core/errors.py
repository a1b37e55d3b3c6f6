"""What a user can cause. Everything else that raises is a bug and shows its traceback."""


class UserError(Exception):
    """A mistake the user can mend: says what was given, what is accepted and what to do.

    The message is kept as a template beside its values, so that a screen can show it in another language.

    Example:
        >>> str(OptionError("Unknown loss {given!r}. Choose one of: {choices}.", given="x", choices="bce, triplet"))
        "Unknown loss 'x'. Choose one of: bce, triplet."
    """

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders (a worker's answer): template and values, not the finished message."""
        return _rebuild, (type(self), self.template, self.values)


def _rebuild(kind: type[UserError], template: str, values: dict[str, object]) -> UserError:
    return kind(template, **values)


class InputError(UserError):
    """A text, or a list of texts, that cannot be used."""


class DataError(UserError):
    """A file or table that cannot be used."""


class ModelError(UserError):
    """A model that does not exist, is damaged, or cannot do what is asked of it."""


class HubError(ModelError, DataError):
    """A model or data of the hub that cannot be fetched; what only one of them can cause is an error of its own."""


class OptionError(UserError):
    """A setting that does not exist or is out of range."""


class RunError(UserError):
    """A run that does not exist or cannot be changed."""


class CheckpointError(RunError):
    """A checkpoint that a training cannot go on from: damaged, missing, or of another training."""


class ShapeError(UserError):
    """Tensors whose shapes do not fit together."""
