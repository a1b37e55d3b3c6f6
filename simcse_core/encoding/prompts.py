"""Prompts: what is put before each text, as a model was trained to read it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from simcse_core.encoding.texts import checked
from simcse_core.errors import ModelError, OptionError

OF_DOCUMENTS = ("document", "passage", "corpus")
"""What makers call the prompt of what is searched; the first is sentence-transformers' name."""
MOST_CHARACTERS = 4_000
"""Of a prompt."""
_UNNAMED = "default"
"""Name, in a saved folder, of a prompt that has none."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(,[A-Za-z][A-Za-z0-9_.-]*)?")
"""One or two. No prompt that is a text looks like it: a blank or a colon parts it from what follows."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of a model, and which of them is used.

    Example:
        >>> prompts = Prompts({"query": "query: ", "document": "passage: "})
        >>> prompts.using("query", "e5").text
        'query: '
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    """By the name of their use. sentence-transformers gives every model an empty "query" and "document"."""
    default: str | None = None
    """Name of the one that is used; None is none."""

    @property
    def text(self) -> str:
        """What is put before each text."""
        return self.texts.get(self.default, "") if self.default is not None else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the prompts that are not empty, in the folder's order."""
        return tuple(name for name, text in self.texts.items() if text)

    def using(self, prompt: str, model: str) -> "Prompts":
        """The same prompts, with another one in use.

        Args:
            prompt: a name; anything else is the text itself, and "" is none.
            model: how messages call it.

        Raises:
            OptionError: it is the name of a prompt that the model does not have, it names two, or it is too long.
        """
        (prompt,) = checked([prompt])
        if len(prompt) > MOST_CHARACTERS:
            raise OptionError(
                "A prompt of {given:,} characters is too long: at most {most:,}.",
                given=len(prompt),
                most=MOST_CHARACTERS,
            )
        if self.pair(prompt) is not None:
            raise OptionError(
                "{given!r} names two prompts, one for questions and one for answers: that is for data of the "
                "kind answers. Name one of them here.",
                given=prompt,
            )
        name = self._name(prompt)
        if name is None and _NAME.fullmatch(prompt):
            raise _unknown(prompt, model, self.names)
        text = prompt if name is None else self.texts[name]
        if not text:
            return replace(self, default=None)
        if name is None:
            name = next((named for named in self.names if self.texts[named] == text), _UNNAMED)
        return replace(self, texts={**self.texts, name: text}, default=name)

    def pair(self, prompt: str) -> tuple[str, str] | None:
        """The texts of the prompts of questions and of answers, where "query,document" names two; else None."""
        names = [self._name(part) for part in prompt.split(",")]
        if len(names) != 2 or names[0] is None or names[1] is None:
            return None
        return self.texts[names[0]], self.texts[names[1]]

    def _name(self, name: str) -> str | None:
        """The name under which the folder has a prompt; None where it is no name, or names nothing here."""
        if not self.names:  # what sentence-transformers gives every model says nothing of this one
            return None
        candidates = (name, *(OF_DOCUMENTS if name in OF_DOCUMENTS else ()))
        there = [candidate for candidate in candidates if candidate in self.texts]
        return next((candidate for candidate in there if self.texts[candidate]), next(iter(there), None))


def names_two(prompt: str) -> bool:
    """Whether this can only be the names of two prompts, for questions and for answers."""
    return "," in prompt and _NAME.fullmatch(prompt) is not None


def _unknown(prompt: str, model: str, names: Sequence[str]) -> OptionError:
    if not names:
        return OptionError(
            "{name} names no prompts, so there is none called {given!r}. Write the text itself, such as '{given}: '.",
            name=model,
            given=prompt,
        )
    return OptionError(
        "{name} has no prompt called {given!r}. Choose one of: {choices}; or write the text itself, such as "
        "'{given}: '. An empty text means no prompt.",
        name=model,
        given=prompt,
        choices=", ".join(names),
    )


def no_prompts(name: str) -> ModelError:
    """What to say where a frozen encoder is asked for a prompt."""
    return ModelError(
        "{name} reads texts without a prompt. Leave the prompt out, or write it into the texts.", name=name
    )


def prompt_too_long(name: str, most: int) -> OptionError:
    """What to say about a prompt that leaves no room for a text."""
    return OptionError(
        "The prompt has more tokens than {name} reads of a text ({most}). Choose a shorter one.", name=name, most=most
    )
