"""A model and data that train in moments."""

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.scratch import new_model

SUBJECTS = ("cat", "dog", "train", "cook", "storm", "river", "piano", "garden")
VERBS = ("sleeps", "runs", "waits", "turns", "shines", "stops")
TEXTS = tuple(
    f"the {subject} {verb} {'today' * (at % 2)}".strip() for at, subject in enumerate(SUBJECTS) for verb in VERBS
)
LABELS = tuple(text.split()[1] for text in TEXTS)


def tiny_model(seed: int = 0) -> SimCSE:
    """A new BERT of two layers that has read `TEXTS`."""
    return new_model("scratch-tiny", TEXTS, device="cpu", seed=seed)


def data_of(kind: str) -> Dataset:
    """48 rows of a kind, out of `TEXTS`: what has the same subject belongs together."""
    n = len(TEXTS)
    same = tuple(TEXTS[at // 6 * 6 + (at + 1) % 6] for at in range(n))
    other = tuple(TEXTS[(at + 6) % n] for at in range(n))
    half = tuple(same[at] if at % 2 else other[at] for at in range(n))
    marks = tuple(at % 2 for at in range(n))
    by_kind: dict[str, Dataset] = {
        "texts": Texts("t", TEXTS),
        "labelled": Labelled("l", TEXTS, LABELS),
        "pairs": Pairs("p", TEXTS, half, marks),
        "scored": Scored("s", TEXTS, half, tuple(5.0 * mark for mark in marks)),
        "triplets": Triplets("3", TEXTS, same, other),
        "answers": Answers("a", (*TEXTS, *TEXTS), (*same, *other), (1,) * n + (0,) * n),
    }
    return by_kind[kind]
