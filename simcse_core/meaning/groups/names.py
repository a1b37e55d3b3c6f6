"""What groups are about: the words that are frequent in a group and rare elsewhere."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simcse_core.meaning.groups.clusters import Groups
from simcse_core.meaning.groups.terms import Terms, terms_of
from simcse_core.plain import one_line, shortened

KEYWORDS = 6
IN_TITLE = 3
LONGEST_TITLE = 40
"""Letters of a title that is a text, because a group has no words of its own."""
MORE_OFTEN = 2.0
"""So many times as often as elsewhere a keyword has to be in its group."""
SAME_PLACES = 0.7
"""A pair of words replaces those of its words that have so large a share of their texts in the pair."""


@dataclass(frozen=True)
class GroupName:
    """What a group is called until somebody calls it otherwise."""

    keywords: tuple[str, ...]
    """The most telling first; none where a group has no words of its own."""
    title: str
    """Short enough for a map; no two groups have the same."""
    central: int
    """The row of the most central text."""
    size: int
    """How many texts it has."""


def name_groups(texts: Sequence[str], groups: Groups, language: str) -> tuple[GroupName, ...]:
    """Names for groups, by class-based TF-IDF: each group counts as one long text.

    A word counts once in a text, however often it stands there. Those in no group count as a group of their own.

    Args:
        texts: N texts.
        groups: of them.
        language: of who reads the names, such as "en" or "zh_CN"; the texts may be in any.

    Source: Grootendorst 2022, arXiv 2203.05794.
    """
    terms = terms_of(texts)
    keywords = [tuple(_written(terms, ranked)) for ranked in _ranked(terms, groups)]
    texts_shortened = [shortened(one_line(texts[row]), LONGEST_TITLE) for row in groups.central]
    titles = _different([_joined(words[:IN_TITLE], language) for words in keywords], texts_shortened)
    return tuple(map(GroupName, keywords, titles, groups.central, groups.sizes))


def _joined(words: Iterable[str], language: str) -> str:
    return ("、" if language.startswith("zh") else ", ").join(words)


def _written(terms: Terms, ranked: Iterable[str]) -> list[str]:
    return [terms.written[term].most_common(1)[0][0] for term in ranked]


def _different(titles: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Titles; those that several groups would have get the central text behind them, and at last a number."""
    often = Counter(titles)
    longer = [
        title if title and often[title] == 1 else f"{title}: {text}" if title else text
        for title, text in zip(titles, texts, strict=True)
    ]
    seen: Counter[str] = Counter()
    numbered: list[str] = []
    for title in longer:
        seen[title] += 1
        numbered.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return numbered


def _ranked(terms: Terms, groups: Groups) -> list[list[str]]:
    """By group, its keywords, the most telling first."""
    counts = [
        Counter(term for row in groups.rows(group) for term in terms.of[row]) for group in range(-1, groups.count)
    ]
    everywhere: Counter[str] = Counter()
    for count in counts:
        everywhere.update(count)
    average = everywhere.total() / max(1, sum(1 for count in counts if count))
    return [
        _keywords(count, size, everywhere, len(terms.of), average)
        for count, size in zip(counts[1:], groups.sizes, strict=True)
    ]


def _keywords(count: Counter[str], size: int, everywhere: Counter[str], n: int, average: float) -> list[str]:
    fewest = max(2, round(0.05 * size))
    others = max(1, n - size)
    weights = {
        term: number * math.log(1 + average / everywhere[term])
        for term, number in count.items()
        if number >= fewest and number / size >= MORE_OFTEN * (everywhere[term] - number) / others
    }
    chosen: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        if len(chosen) == KEYWORDS:
            break
        _choose(term, chosen, count)
    return chosen


def _choose(term: str, chosen: list[str], count: Counter[str]) -> None:
    """Add a term unless one says the same already; a pair takes the place of words that are rarely without it."""
    words = set(term.split())
    sharing = [other for other in chosen if words & set(other.split())]
    if not sharing:
        chosen.append(term)
    elif len(words) > 1 and all(" " not in other and count[term] >= SAME_PLACES * count[other] for other in sharing):
        chosen[chosen.index(sharing[0])] = term
        for other in sharing[1:]:
            chosen.remove(other)
