"""Plausible English sentences that never repeat."""

import random
from collections.abc import Iterator

# One line for each part of a sentence: whose, how, who, did, what.
_WHOSE, _HOW, _WHO, _DID, _WHAT = map(
    str.split,
    """
the a our my her his their this that every another some
quiet old young tired clever hungry famous careful angry cheerful nervous patient stubborn lonely curious friendly
gardener teacher pilot baker lawyer student doctor farmer singer painter driver neighbour captain librarian cat horse
repaired sold borrowed found lost cleaned described ignored admired bought carried counted dropped examined forgot hid
fence bicycle piano ladder suitcase kettle umbrella letter carpet telescope boat camera lamp mirror engine basket
""".strip().splitlines(),
)
_WHEN = """
before breakfast
near the old harbour
without a single word
while the rain kept falling
because nobody else had the time
on the last day of the summer holidays
after the long meeting at the town hall
although the shop had already closed for the night
""".strip().splitlines()


def new_sentences(seed: int) -> Iterator[str]:
    """Sentences of 6 to 16 words, in an order that depends on the seed only. There are millions of them."""
    chance = random.Random(seed)
    seen: set[str] = set()
    while True:
        words = [chance.choice(part) for part in (_WHOSE, _HOW, _WHO, _DID, _WHOSE, _WHAT)]
        if chance.random() < 0.5:
            words.insert(5, chance.choice(_HOW))
        if chance.random() < 0.75:
            words.append(chance.choice(_WHEN))
        sentence = f"{' '.join(words).capitalize()}."
        if sentence not in seen:
            seen.add(sentence)
            yield sentence
