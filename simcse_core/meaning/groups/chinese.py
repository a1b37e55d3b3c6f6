"""Words of Chinese texts, found in the texts themselves: no dictionary is needed, and none knows a shop's own words.

A word is a sequence of two to four characters that comes again, that holds together (its parts meet more often than by
chance), and that stands freely (many different characters come before and behind it).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from simcse_core.meaning.groups.stop_words import NOT_FIRST, NOT_LAST

RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
LONGEST = 4
FEWEST = 2
"""Texts in which a word has to be."""
COHESION = 6.0
"""So many times as often as by chance the parts of a word meet."""
FREEDOM = 0.6
"""Least entropy, in nats, of the characters on either side: about two of them, equally often."""
FRAGMENT = 0.75
"""What stands inside one longer sequence in so large a share of its places is a piece of it."""


def chinese_words(texts: Sequence[str]) -> dict[str, int]:
    """The words that texts themselves show, and in how many of the texts each is found.

    Args:
        texts: the more there are, the more words are seen.

    Source: Sproat and Shih 1990 for cohesion; Jin and Tanaka-Ishii 2006 for the entropy of branching.
    """
    runs = [run for text in texts for run in set(RUN.findall(text))]
    counts = _sequences(runs)
    total = sum(count for sequence, count in counts.items() if len(sequence) == 1) or 1
    often = {sequence for sequence, count in counts.items() if len(sequence) > 1 and count >= FEWEST}
    before, behind = _sides(runs, often)
    return {
        word: counts[word]
        for word in sorted(often)
        if len(word) <= LONGEST
        and word[0] not in NOT_FIRST
        and word[-1] not in NOT_LAST
        and _cohesion(word, counts, total) >= COHESION
        and min(_entropy(before[word]), _entropy(behind[word])) >= FREEDOM
        and not _is_fragment(counts[word], before[word], behind[word])
    }


def segmented(run: str, words: dict[str, int]) -> list[str]:
    """A run of characters as the most likely sequence of words and single characters.

    Example:
        >>> segmented("续借按钮坏了", {"续借": 5, "按钮": 3})
        ['续借', '按钮', '坏', '了']
    """
    total = math.log(sum(words.values()) + 1)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(run) + 1):
        options = [(best[end - 1][0] - total, end - 1)]
        options += [
            (best[start][0] + math.log(count) - total, start)
            for start in range(max(0, end - LONGEST), end - 1)
            if (count := words.get(run[start:end])) is not None
        ]
        best.append(max(options))
    pieces, end = [], len(run)
    while end:
        start = best[end][1]
        pieces.append(run[start:end])
        end = start
    return pieces[::-1]


def _sequences(runs: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for run in runs:
        for length in range(1, LONGEST + 2):
            counts.update(run[start : start + length] for start in range(len(run) - length + 1))
    return counts


def _sides(runs: Iterable[str], often: set[str]) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """What stands before and behind each sequence; an edge of a run counts as a different character each time."""
    before: dict[str, Counter[str]] = defaultdict(Counter)
    behind: dict[str, Counter[str]] = defaultdict(Counter)
    edge = 0
    for run in runs:
        for length in range(2, LONGEST + 1):
            for start in range(len(run) - length + 1):
                sequence, edge = run[start : start + length], edge + 1
                if sequence in often:
                    before[sequence][run[start - 1] if start else f"<{edge}"] += 1
                    behind[sequence][run[start + length] if start + length < len(run) else f">{edge}"] += 1
    return before, behind


def _entropy(counts: Counter[str]) -> float:
    total = counts.total()
    return -sum(count / total * math.log(count / total) for count in counts.values())


def _cohesion(word: str, counts: Counter[str], total: int) -> float:
    """How many times as often as by chance the two parts meet, where they are least tied."""
    return min(counts[word] * total / (counts[word[:place]] * counts[word[place:]]) for place in range(1, len(word)))


def _is_fragment(count: int, before: Counter[str], behind: Counter[str]) -> bool:
    """Whether nearly always the same character stands on one side, which then belongs to it."""
    sides = ((before, NOT_LAST), (behind, NOT_FIRST))
    most = ((*side.most_common(1)[0], apart) for side, apart in sides)
    return any(share >= FRAGMENT * count and character not in apart for character, share, apart in most)
