"""The table "What counting gets without understanding" in the data card, computed anew."""

import re
from collections import defaultdict
from collections.abc import Callable
from statistics import mean

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from simcse_core.data import bundled
from simcse_core.data.kinds import Answers, Labelled, Pairs, Scored, Triplets, rows

CARD = (bundled.FOLDER / "README.md").read_text(encoding="utf-8")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+|[\u3400-\u9fff]", text.lower())


def length(text: str) -> int:
    return len(text.split()) if " " in text.strip() else len(text)


def share(first: str, second: str) -> float:
    one, other = set(words(first)), set(words(second))
    return len(one & other) / len(one | other)


def shares(data: Pairs | Scored) -> NDArray[np.float64]:
    return np.array([share(*pair) for pair in zip(data.sentence1, data.sentence2, strict=True)])


def best_accuracy(is_match: ArrayLike, closeness: NDArray[np.float64]) -> float:
    return max(float(np.mean((closeness >= threshold) == is_match)) for threshold in np.unique(closeness))


def naive_bayes(data: Labelled) -> float:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    classifier = make_pipeline(CountVectorizer(analyzer=words), MultinomialNB())
    folds = (StratifiedKFold(5, shuffle=True, random_state=seed) for seed in range(5))
    return 100 * mean(float(cross_val_score(classifier, data.text, data.label, cv=fold).mean()) for fold in folds)


def always_the_largest(data: Labelled) -> float:
    return 100 * max(data.label.count(label) for label in data.classes) / len(data)


def area_under_the_curve(data: Pairs) -> float:
    from sklearn.metrics import roc_auc_score

    return 100 * float(roc_auc_score(data.label, shares(data)))


def read_backwards(data: Pairs) -> float:
    return 100 * best_accuracy(np.array(data.label) == 1, -shares(data))


def difference_of_length(data: Pairs) -> float:
    pairs = zip(data.sentence1, data.sentence2, strict=True)
    differences = np.array([float(abs(length(one) - length(other))) for one, other in pairs])
    return 100 * best_accuracy(np.array(data.label) == 1, differences)


def spearman(data: Scored) -> float:
    from scipy.stats import spearmanr

    return 100 * float(spearmanr(shares(data), data.score).statistic)


def negative_shares_more(data: Triplets) -> float:
    return sum(
        share(data.anchor[at], data.negative[at]) > share(data.anchor[at], data.positive[at]) for at in range(220)
    )


def right_when(data: Answers, is_chosen_by: Callable[[str, str], float]) -> int:
    """In how many questions the first answer with the highest value is right."""
    candidates: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for question, answer, label in zip(data.question, data.answer, data.label, strict=True):
        candidates[question].append((is_chosen_by(question, answer), label))
    return sum(max(of_one, key=lambda candidate: candidate[0])[1] for of_one in candidates.values())


BASELINES: dict[str, Callable[..., float]] = {
    "`intents`: naive Bayes on words, accuracy in %": naive_bayes,
    "`sentiment`: naive Bayes on words, accuracy in %": naive_bayes,
    "`spam`: naive Bayes on words, accuracy in %": naive_bayes,
    "`spam`: always the larger class, accuracy in %": always_the_largest,
    "`pairs`: share of common words, area under the curve in %": area_under_the_curve,
    "`pairs`: the same read backwards, best accuracy in %": read_backwards,
    "`pairs`: difference of length, best accuracy in %": difference_of_length,
    "`scored`: share of common words, Spearman × 100": spearman,
    "`triplets`: the negative shares more words, rows of 220": negative_shares_more,
    "`answers`: most common words, right of 60": lambda data: right_when(data, share),
    "`answers`: the longest one, right of 60": lambda data: right_when(data, lambda _question, answer: length(answer)),
}


@pytest.mark.parametrize("what", BASELINES)
def test_the_data_card_states_what_counting_gets(what: str) -> None:
    name = re.findall("`(.+)`", what)[0]
    found = [round(BASELINES[what](bundled.load(f"{name}-{language}"))) for language in ("en", "zh")]
    assert f"| {what} | {found[0]} | {found[1]} |" in CARD


def test_every_line_of_the_card_is_computed() -> None:
    table = CARD[CARD.index("| What is done") : CARD.index("Naive Bayes is the mean")]
    assert re.findall(r"^\| (`.+?) \| \d", table, re.MULTILINE) == list(BASELINES)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_shortcut_gives_the_right_answer_away(language: str) -> None:
    data = bundled.load(f"answers-{language}")
    assert isinstance(data, Answers)
    chance = 60 * mean(label for _question, _answer, label in rows(data) if isinstance(label, int))
    assert right_when(data, share) < chance
    assert right_when(data, lambda _question, answer: length(answer)) < 1.2 * chance
