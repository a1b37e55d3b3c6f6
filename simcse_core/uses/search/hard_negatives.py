"""Hard negatives: texts that are close to an anchor and no match of it, mined from the data's own texts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np

from simcse_core.data.kinds import Answers, Dataset, Pairs, Triplets, normalised, texts_of
from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import DataError, OptionError
from simcse_core.limits import check_texts, limits
from simcse_core.uses.search.encoders import Sides
from simcse_core.uses.search.lexical import Lexical
from simcse_core.uses.search.nearest import cosines, in_blocks, nearest

Source = Literal["dense", "bm25"]
SOURCES: tuple[Source, ...] = get_args(Source)
KINDS_MINED = ("pairs", "answers", "triplets")


@dataclass(frozen=True)
class NegativeOptions:
    """How hard negatives are chosen."""

    method: Source = "dense"
    """Where candidates come from: the closest embeddings, or the texts that share most words."""
    first_rank: int = 1
    """Candidates before this rank are left out: the closest of all are often matches that nobody has labelled."""
    last_rank: int = 50
    margin: float = 0.05
    """A candidate counts when its cosine is at most (1 - margin) of the positive's. What is closer is likely to be a
    match that nobody has labelled. What the data itself calls no match counts however close it is."""
    per_pair: int = 1
    """Triplets for each anchor with its positive, at most."""

    def __post_init__(self) -> None:
        if self.method not in SOURCES:
            raise OptionError(
                "Unknown method {given!r}. Choose one of: {choices}.", given=self.method, choices=", ".join(SOURCES)
            )
        if not 1 <= self.first_rank <= self.last_rank <= limits().max_results:
            raise OptionError(
                "Ranks {first} to {last} are no window: they count from 1, and the last is at most {most:,} "
                "(SIMCSE_MAX_RESULTS).",
                first=self.first_rank,
                last=self.last_rank,
                most=limits().max_results,
            )
        if not 0 <= self.margin <= 1:
            raise OptionError("A margin of {given} is no share: it has to be from 0 to 1.", given=self.margin)
        if not 1 <= self.per_pair <= self.last_rank:
            raise OptionError(
                "{given} negatives for each pair are out of range: 1 to the last rank, {last}.",
                given=self.per_pair,
                last=self.last_rank,
            )


@dataclass(frozen=True)
class MinedTriplet:
    """An anchor, its positive, and a text that is close to the anchor and no match."""

    anchor: str
    positive: str
    negative: str
    positive_score: float
    """The cosine of the anchor with the positive, in six decimals ..."""
    negative_score: float
    """... and with the negative."""
    rank: int
    """Of the negative among the candidates of the anchor, from 1; what is known to match has none."""


@dataclass(frozen=True)
class LeftOut:
    """How many pairs of an anchor and a positive have no negative, by reason."""

    no_candidate: int
    """Nothing stands in the rank window: all texts are matches, or none shares a word."""
    too_close: int
    """All that stands there is within the margin of the positive."""

    @property
    def total(self) -> int:
        """Of all reasons."""
        return self.no_candidate + self.too_close


@dataclass(frozen=True)
class Mined:
    """What mining has found."""

    triplets: tuple[MinedTriplet, ...]
    left_out: LeftOut


COLUMNS = (*(field.name for field in fields(MinedTriplet)), "approved")
"""Of the table that a person looks through; reading it as triplets leaves out the rows that are not approved."""


def table_rows(mined: Mined) -> Iterator[tuple[object, ...]]:
    """The rows of that table: all are approved until somebody writes "no"."""
    for triplet in mined.triplets:
        yield (*(getattr(triplet, field.name) for field in fields(triplet)), "yes")


def mine(
    data: Dataset,
    sides: Sides,
    options: NegativeOptions | None = None,
    *,
    precision: str = "float32",
    on_progress: Progress | None = None,
) -> Mined:
    """Find hard negatives for everything in the data that matches.

    Candidates are the data's own texts: the answers where the data is questions and answers, else all texts. What the
    data calls a match is no candidate; among pairs, neither is what matches a match.

    Args:
        data: of the kinds pairs, answers or triplets.
        sides: the encoder; questions are read as queries, all else as documents.
        options: how they are chosen.
        precision: as for `SimCSE.encode`.
        on_progress: receives (texts encoded, texts in all).

    Returns:
        Triplets in the order of the data, of each pair the hardest negative first.

    Raises:
        DataError: the data is of another kind, or nothing in it matches.
        InputError: it has too many texts.
    """
    options = options or NegativeOptions()
    facts = _Facts.of(data)
    pairs = _matching(data)
    anchors = list(dict.fromkeys(anchor for anchor, _positive in pairs))
    candidates = _distinct(data.answer if isinstance(data, Answers) else texts_of(data))
    check_texts([*anchors, *candidates], limits().max_mined_texts, "max_mined_texts")
    reader = sides.query if isinstance(data, Answers) else sides.document
    documents = [*candidates, *(positive for _anchor, positive in pairs)]
    of_documents = sides.document.encode(documents, precision=precision, on_progress=on_progress)
    of_anchors = dict(zip(anchors, reader.encode(anchors, precision=precision), strict=True))
    of_candidates, of_positives = of_documents[: len(candidates)], of_documents[len(candidates) :]
    pool = _Pool(candidates, of_candidates, facts, options)
    windows = pool.windows(anchors, np.stack(list(of_anchors.values())))
    triplets: list[MinedTriplet] = []
    reasons: Counter[str] = Counter()
    for pair, of_positive in zip(pairs, of_positives, strict=True):
        window = windows[pair[0]]
        hardest = pool.hardest(pair, of_anchors[pair[0]], of_positive, window)
        if not hardest:
            reasons["too_close" if window else "no_candidate"] += 1
        triplets += hardest
    return Mined(tuple(triplets), LeftOut(reasons["no_candidate"], reasons["too_close"]))


def _matching(data: Dataset) -> list[tuple[str, str]]:
    """Each anchor with each of its positives, once.

    Raises:
        DataError: the data is of another kind, or nothing matches.
    """
    if not isinstance(data, Pairs | Answers | Triplets):
        raise DataError(
            "{file} holds {kind}: hard negatives are mined for {wanted}, which say what matches what.",
            file=data.name,
            kind=data.kind,
            wanted=", ".join(KINDS_MINED),
        )
    texts = texts_of(data)
    pairs = dict.fromkeys((texts[first], texts[second]) for first, second in data.positive_pairs())
    pairs = {pair: None for pair in pairs if normalised(pair[0]) != normalised(pair[1])}
    if not pairs:
        raise DataError("Nothing in {file} matches: there is no positive to find a negative for.", file=data.name)
    return list(pairs)


def _distinct(texts: Iterable[str]) -> list[str]:
    """Texts that differ by more than case and blanks, as they are first written."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(normalised(text), text)
    return list(first.values())


@dataclass(frozen=True)
class _Pool:
    """The texts that negatives are taken from."""

    texts: Sequence[str]
    embeddings: Embeddings
    facts: "_Facts"
    options: NegativeOptions

    def windows(self, anchors: Sequence[str], of_anchors: Embeddings) -> dict[str, list[int]]:
        """For each anchor the places of the texts between its first and its last rank that are no matches of it."""
        keys = [normalised(text) for text in self.texts]
        first, last = self.options.first_rank, self.options.last_rank
        depth = last + max(len(self.facts.matches(anchor)) for anchor in anchors)
        if self.options.method == "bm25":
            lexical = Lexical.of(self.texts)
            rankings = [lexical.search(anchor, depth) for anchor in anchors]
        else:
            rankings = nearest(of_anchors, in_blocks(self.embeddings), depth)
        windows = {}
        for anchor, ranking in zip(anchors, rankings, strict=True):
            matches = self.facts.matches(anchor)
            windows[anchor] = [place for place in ranking.rows.tolist() if keys[place] not in matches][first - 1 : last]
        return windows

    def hardest(
        self, pair: tuple[str, str], of_anchor: Embeddings, of_positive: Embeddings, window: Sequence[int]
    ) -> list[MinedTriplet]:
        """The triplets of an anchor and its positive, both (D,): with what is closest of the window, and outside the
        margin or known to be no match."""
        compared = np.vstack([of_positive[None], self.embeddings[window]])
        score, *scores = cosines(compared, of_anchor.astype(np.float64)).tolist()
        limit = score - self.options.margin * abs(score)
        fitting = [
            MinedTriplet(*pair, self.texts[place], score, cosine, rank)
            for rank, (place, cosine) in enumerate(zip(window, scores, strict=True), self.options.first_rank)
            if cosine <= limit or self.facts.is_mismatch(pair[0], self.texts[place])
        ]
        return sorted(fitting, key=lambda triplet: -triplet.negative_score)[: self.options.per_pair]


class _Facts:
    """What the data says about two texts, whatever their case and blanks."""

    def __init__(self, matches: Mapping[str, set[str]], mismatches: Mapping[str, set[str]]) -> None:
        self._matches = matches
        self._mismatches = mismatches

    @classmethod
    def of(cls, data: Dataset) -> "_Facts":
        """Among pairs and triplets, what matches a match is a match too."""
        matches: dict[str, set[str]] = {}
        mismatches: dict[str, set[str]] = {}
        for texts, value in (fact for row in data.facts() for fact in row):
            first, second = texts[0], texts[-1]
            if value == 1 and data.judges_matches:
                group = matches.setdefault(first, {first}) | matches.setdefault(second, {second})
                matches.update(dict.fromkeys(group, group))
            else:
                (matches if value == 1 else mismatches).setdefault(first, {first}).add(second)
                (matches if value == 1 else mismatches).setdefault(second, {second}).add(first)
        return cls(matches, mismatches)

    def matches(self, anchor: str) -> set[str]:
        """The normalised texts that are no negatives of an anchor: itself among them."""
        key = normalised(anchor)
        return self._matches.get(key, {key})

    def is_mismatch(self, anchor: str, text: str) -> bool:
        """Whether the data says that they do not match."""
        return normalised(text) in self._mismatches.get(normalised(anchor), ())
