"""What the tests of large matrices share: sentences that try to be more than text, and a matrix with topics in it."""

import numpy as np
from numpy.typing import NDArray

from simcse_core.meaning.similarity import cosine_similarity

EVIL = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- <script> {value} ${x} $x$ **b**",
    "line\u2028separator\u2029s",
    "null\x00 and \x1b",
    "alone \ud800 and \udfff",
]
TOPICS = 10


def topics(count: int) -> tuple[NDArray[np.float32], list[str]]:
    """Cosines of sentences in ten topics, one topic after the other, and the sentences; the first ones are evil."""
    random = np.random.default_rng(0)
    topic = np.arange(count) * TOPICS // count
    embeddings = random.normal(size=(TOPICS, 64))[topic] + 0.7 * random.normal(size=(count, 64))
    texts = [*EVIL, *(f"Sentence {at} 第{at}句" for at in range(len(EVIL), count))]
    return cosine_similarity(embeddings), texts[:count]
