"""Real tokens of a real sentence whose batch is padded, pooled with the padding; stored, so that no model loads."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ui.frame.translation import N_, _, catalogue, language
from ui.shared import defaults
from ui.shared.stored import FOLDER

SENTENCES = (N_("The soup is cold."), N_("It rains today."), N_("We missed our train."), N_("She bakes bread."))
"""The first one is looked at; the others are what it is compared with."""
MOST = 12
"""Positions of padding."""


@dataclass(frozen=True)
class PaddedSentence:
    """A sentence max-pooled without a mask, with 0, 1, 2 … positions of padding behind it."""

    model: str
    tokens: list[str]
    pad: str
    """The token that fills up."""
    wins: list[list[int]]
    """For each number of positions, in how many dimensions each token has the maximum."""
    itself: list[float]
    """Cosine with the same sentence pooled with a mask."""
    others: list[float]
    """Mean cosine with the other sentences, padded to the same length."""


def shown() -> Mapping[str, object] | None:
    """What the rail shows of it, in the language of this session; None where nothing is stored."""
    file = FOLDER / f"padding_{language()}.json"
    if not file.exists():
        return None
    found = PaddedSentence(**json.loads(file.read_text(encoding="utf-8")))
    dimensions = sum(found.wins[0])
    words = {
        "heading": _("A real sentence in {model}: dimensions won in the maximum, of {dimensions}").format(
            model=found.model, dimensions=dimensions
        ),
        "says": _(
            "{n} positions of padding win {padded} dimensions: the cosine of the sentence with itself is {itself}, "
            "with three other sentences {others} (without padding {before})."
        ),
    }
    return {**asdict(found), "words": words}


def compute(language: str) -> PaddedSentence:
    """By the language's model; its layers get the right mask, only the pooling has none."""
    import torch

    from simcse_core import SimCSE

    model = SimCSE.load(defaults.model(language))

    texts = [catalogue(language).gettext(text) for text in SENTENCES]
    tokenizer = model.tokenizer
    ids: list[list[int]] = [tokenizer(text)["input_ids"] for text in texts]
    wins, itself, others = [], [], []
    for positions in range(MOST + 1):
        right, wrong = [], []
        for one in ids:
            padded = torch.tensor([one + [tokenizer.pad_token_id] * (len(ids[0]) + positions - len(one))])
            mask = (torch.arange(padded.shape[1]) < len(one)).long()[None]
            with torch.no_grad():
                (states,) = model.bert(input_ids=padded, attention_mask=mask).last_hidden_state.double()
            right.append(states[: len(one)].max(dim=0).values)
            wrong.append(states.max(dim=0).values)
            if not wrong[1:]:
                wins.append(torch.bincount(states.argmax(dim=0), minlength=len(states)).tolist())
        without, with_padding = (torch.nn.functional.normalize(torch.stack(rows), dim=1) for rows in (right, wrong))
        itself.append(round(float(without[0] @ with_padding[0]), 4))
        others.append(round(float((with_padding[1:] @ with_padding[0]).mean()), 4))
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(ids[0])]
    return PaddedSentence(defaults.model(language), tokens, tokenizer.pad_token, wins, itself, others)
