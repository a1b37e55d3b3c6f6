"""Constant vectors, and texts that are the same: what cannot be ranked is undefined, and rounding is never ranked."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as oracle

from simcse_core.commands.main import main
from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Triplets
from simcse_core.encoding.texts import Embeddings
from simcse_core.jsonable import jsonable
from simcse_core.learning.baselines import centre_hits
from simcse_core.learning.measuring import main_metric, measure
from simcse_core.learning.race import Contestant, table, verdict
from simcse_core.meaning.evaluation import (
    average_precisions,
    evaluate_answers,
    evaluate_pairs,
    evaluate_scored,
    evaluate_triplets,
    nearest_class_hits,
)
from simcse_core.meaning.intervals import difference, interval
from simcse_core.meaning.items import PAIR_METRICS, Items
from simcse_core.meaning.projection import nearest, pca, trustworthiness
from simcse_core.meaning.similarity import Background, pair_cosines, without_rounding
from tests.meaning.test_evaluation import on_the_circle, unit_rows

WIDTH = 384
N = 60
LABELS = [at % 2 for at in range(N)]


def noisy(n: int, seed: int = 0, noise: float = 2e-8) -> Embeddings:
    """One direction, n times, as rounding in a model leaves it."""
    rng = np.random.default_rng(seed)
    rows = unit_rows(1, WIDTH)[None] + rng.normal(size=(n, WIDTH)) * noise
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def identical_pairs(n: int = N) -> tuple[Embeddings, Embeddings]:
    """The same text twice in each pair: a cosine of 1, give or take 1e-7."""
    embeddings = unit_rows(0, n, WIDTH)
    raw = (embeddings * embeddings).sum(axis=1)
    assert np.ptp(raw) > 0  # there is noise to be ranked
    return embeddings, embeddings.copy()


CONSTANT: list[tuple[Embeddings, Embeddings]] = [identical_pairs(), (noisy(N), noisy(N, 1)), (noisy(N), -noisy(N, 1))]


@pytest.mark.parametrize("parts", CONSTANT, ids=["the same text", "one direction", "opposite directions"])
def test_what_ranks_pairs_that_are_equally_close_is_undefined(parts: tuple[Embeddings, Embeddings]) -> None:
    scores = [float(at % 6) for at in range(N)]
    scored = evaluate_scored(*parts, scores, unique=parts[0])
    assert math.isnan(scored.spearman)
    assert math.isnan(scored.pearson)
    pairs = evaluate_pairs(*parts, LABELS)
    assert pairs.n == N
    assert all(math.isnan(value) for value in (pairs.average_precision, pairs.auc, pairs.best_f1, pairs.threshold))
    assert jsonable(pairs)["auc"] is None
    texts = tuple(map(str, range(N)))
    data: list[Dataset] = [Scored("d", texts, texts, tuple(scores)), Pairs("d", texts, texts, tuple(LABELS))]
    for one in data:
        items = one.items(parts)
        for metric in items.metrics:
            assert math.isnan(interval(items, metric).value)
            assert math.isnan(difference(items, items, metric).value)


def test_a_pair_that_is_closer_by_more_than_rounding_is_ranked() -> None:
    first, second = identical_pairs(4)
    second[0] = unit_rows(5, WIDTH)
    assert evaluate_pairs(first, second, [0, 1, 1, 1]).auc == 1
    assert evaluate_pairs(first, second, [1, 0, 0, 0]).auc == 0
    assert evaluate_pairs(first, second, [0, 0, 1, 1]).auc == 0.75  # the other three are one rank: 1 and a half of 2
    assert evaluate_scored(first, second, [0, 5, 5, 5], unique=first).spearman == pytest.approx(1)


def test_the_threshold_keeps_the_promise_for_cosines_as_they_come() -> None:
    """It is no rounded number that the pairs themselves might miss."""
    first, second = identical_pairs(40)
    second[:20] = unit_rows(6, 20, WIDTH)
    labels = [0] * 20 + [1] * 20
    metrics = evaluate_pairs(first, second, labels)
    assert metrics.best_f1 == 1
    assert ((first * second).sum(axis=1) >= metrics.threshold).tolist() == [bool(label) for label in labels]


def test_equal_cosines_are_equal_and_others_stay_apart() -> None:
    assert without_rounding([1.0000001, 0.9999999, 0.5, 0.50001]).tolist() == [1, 1, 0.5, 0.50001]
    assert without_rounding([0.7000004, 0.7000006, 0.7]).tolist() == [0.7000004] * 3  # they straddle two decimals
    assert without_rounding([]).tolist() == []
    a, b = unit_rows(2, 30, 8), unit_rows(3, 30, 8)
    np.testing.assert_allclose(pair_cosines(a, b), (a * b).sum(axis=1), atol=1e-6)


def test_being_as_close_up_to_rounding_is_no_hit_whichever_way_rounding_goes() -> None:
    anchor, positive, negative = noisy(N), noisy(N, 1), noisy(N, 2)
    assert evaluate_triplets(anchor, positive, negative).accuracy == 0
    labels = [str(label) for label in LABELS]
    assert not nearest_class_hits(noisy(N), labels).any()
    assert centre_hits(noisy(N), labels, noisy(N, 1), labels) == [0.0] * N
    np.testing.assert_allclose(average_precisions(noisy(N), labels), (N / 2 - 1) / (N - 1))
    answers = evaluate_answers(noisy(N), noisy(N, 1), ["q"] * N, LABELS)
    assert answers.mrr == 1 / (N / 2 + 1)  # behind all wrong ones
    near = on_the_circle(0), on_the_circle(10), on_the_circle(11)
    assert evaluate_triplets(*near).accuracy == 1


@pytest.mark.parametrize("embeddings", [noisy(N), np.repeat(unit_rows(3, 1, WIDTH), N, axis=0)], ids=["noise", "exact"])
def test_no_picture_of_one_and_the_same_vector_can_be_trusted_or_not(embeddings: Embeddings) -> None:
    assert math.isnan(trustworthiness(embeddings, pca(embeddings)))
    assert math.isnan(trustworthiness(embeddings, unit_rows(4, N, 2)))


def test_a_picture_of_one_point_is_no_picture() -> None:
    assert math.isnan(trustworthiness(unit_rows(0, N, 8), np.zeros((N, 2), dtype=np.float32)))


def test_texts_that_are_the_same_share_a_rank_so_a_perfect_picture_is_trusted() -> None:
    """Three places with 30 texts each: whoever of the 29 others is drawn next, it is a real neighbour."""
    rows = np.repeat(unit_rows(7, 3, WIDTH), 30, axis=0)
    chance = np.random.default_rng(0)
    embeddings = np.asarray(rows + chance.normal(size=rows.shape) * 2e-8, dtype=np.float32)
    points = np.asarray(np.repeat(np.eye(3, 2), 30, axis=0) + chance.normal(size=(90, 2)) * 0.01, dtype=np.float32)
    assert trustworthiness(embeddings, points) == 1
    assert oracle(embeddings, points, n_neighbors=15, metric="cosine") < 0.95  # which ranks rounding


def test_neighbours_that_are_equally_near_come_in_their_order() -> None:
    assert [at for at, _cosine in nearest(noisy(30), 3, 5)] == [0, 1, 2, 4, 5]


def test_a_pair_is_no_closer_than_others_where_all_unrelated_pairs_are_equally_close() -> None:
    assert math.isnan(Background.of(noisy(20)).percentile(1.0))
    background = Background(np.array([0.2, 0.5, 0.5 + 3e-8, 0.8], dtype=np.float32))
    for cosine in (0.5 - 2e-7, 0.5, 0.5 + 2e-7):
        assert background.percentile(cosine) == 50


class Collapsed:
    """A model that gives the same embedding for every text, up to rounding."""

    name = "collapsed"

    def encode(self, texts: list[str], *, precision: str = "float32") -> Embeddings:
        return noisy(len(texts), seed=len(texts))


def test_a_loss_that_collapses_leaves_the_verdict_about_the_others() -> None:
    rng = np.random.default_rng(0)
    gold = [float(at % 2) for at in range(40)]

    def ended(cosines: list[float]) -> Items:
        return Items(cosines=cosines, gold=gold, of_pairs=PAIR_METRICS)

    before = ended(rng.normal(size=40).tolist())
    learned = [ended((np.array(gold) + 0.1 * rng.normal(size=40)).tolist()) for _seed in range(3)]
    contestants = [
        *(Contestant("good", seed, before, after, 1.0, None) for seed, after in enumerate(learned)),
        *(Contestant("collapsing", seed, before, ended([1.0] * 40), 1.0, None) for seed in range(3)),
    ]
    found = verdict(contestants)
    assert found is not None
    assert (found.ahead, found.helped, found.diverged) == ("good", ("good",), ("collapsing",))
    assert math.isnan(next(line for line in table(contestants) if line.name == "collapsing").metrics["auc"].value)
    assert verdict(contestants[3:]) is None


TEXTS = tuple(f"text {at}" for at in range(12))
KINDS: list[Dataset] = [
    Scored("d", TEXTS, TEXTS[::-1], tuple(float(at) for at in range(12))),
    Pairs("d", TEXTS, TEXTS[::-1], (0, 1) * 6),
    Labelled("d", TEXTS, ("a", "b") * 6),
    Triplets("d", TEXTS, TEXTS[::-1], TEXTS[1:] + TEXTS[:1]),
    Answers("d", ("q", "r") * 6, TEXTS, (1, 1, 0, 0) * 3),
]


@pytest.mark.parametrize("data", KINDS, ids=lambda data: type(data).__name__)
def test_a_collapsed_model_is_measured_without_noise_and_a_race_survives_it(data: Dataset) -> None:
    first, again = measure(Collapsed(), data), measure(Collapsed(), data)  # type: ignore[arg-type]
    np.testing.assert_equal(jsonable(first.items), jsonable(again.items))
    value = main_metric(first.metrics)
    assert math.isnan(value) == isinstance(data, Scored | Pairs)
    contestants = [Contestant("a", seed, first.items, again.items, 1.0, None, False) for seed in range(3)]
    lines = table(contestants, {"tfidf": first.items})
    found = verdict(contestants, {"tfidf": first.items})
    assert (found is None) == math.isnan(value)
    assert len(lines) == 3


def test_the_command_line_says_why_a_result_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences paired with themselves: ranking them would rank rounding."""
    words = ["cat", "rain", "train", "school", "stock", "market", "window", "child", "mother", "book", "river", "bread"]
    rows = [
        f"The {word} number {at} is here.,The {word} number {at} is here.,{at % 6}" for at, word in enumerate(words)
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(["sentence1,sentence2,score", *rows]))
    assert main(["evaluate", "--data", str(tmp_path / "pairs.csv"), "--format", "json"]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert (answer["spearman"], answer["pearson"], answer["n"]) == (None, None, 12)
    assert "spearman, pearson are undefined: all pairs are equally close" in said.err
    (tmp_path / "texts.txt").write_text("\n".join(["the same"] * 20))
    output = str(tmp_path / "map.csv")
    assert main(["project", "--input", str(tmp_path / "texts.txt"), "--output", output, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["trustworthiness"] is None
    assert "trustworthiness is undefined: all texts have the same embedding" in said.err


ONE, TWO = unit_rows(8, 2, 4, WIDTH)


@pytest.mark.parametrize(
    ("data", "parts", "reason"),
    [
        (Scored("d", TEXTS[:4], TEXTS[4:8], (1.0,) * 4), (ONE, TWO), "spearman, pearson are undefined: all scores"),
        (Scored("d", TEXTS[:1], TEXTS[4:5], (1.0,)), (ONE[:1], TWO[:1]), "there are fewer than two pairs"),
        (Pairs("d", TEXTS[:4], TEXTS[4:8], (1,) * 4), (ONE, TWO), "all labels are the same"),
        (Pairs("d", TEXTS[:4], TEXTS[4:8], (1, 0, 1, 0)), (ONE, ONE), "all pairs are equally close"),
        (Labelled("d", TEXTS[:4], tuple("aaaa")), (ONE,), "there is one class only"),
        (
            Labelled("d", TEXTS[:4], tuple("abcd")),
            (ONE,),
            "mean_average_precision is undefined: no class has two texts",
        ),
        (Answers("d", tuple("qqrr"), TEXTS[:4], (1, 1, 0, 0)), (ONE, TWO), "no question has both"),
        (Scored("d", TEXTS[:4], TEXTS[4:8], (1.0, 2.0, 3.0, 4.0)), (ONE, TWO), None),
    ],
)
def test_the_reason_is_that_of_the_data(data: Dataset, parts: tuple[Embeddings, ...], reason: str | None) -> None:
    class Given:
        name = "given"

        def encode(self, texts: list[str], *, precision: str = "float32") -> Embeddings:
            return np.concatenate(parts)

    measured = measure(Given(), data)  # type: ignore[arg-type]
    said = data.why_undefined(measured.metrics, measured.items)
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_equal_cosines_at_the_edge_of_a_step_stay_equal_beside_others() -> None:
    equal = 0.5000005 + np.random.default_rng(0).uniform(-1e-7, 1e-7, 100)
    assert len(set(without_rounding(np.append(equal, 0.9)).tolist())) == 2


def test_a_map_of_texts_that_are_all_alike_is_one_point() -> None:
    alike = np.full((30, 8), 8**-0.5, dtype=np.float32)
    noisy = alike + np.random.default_rng(0).normal(0, 1e-7, alike.shape).astype(np.float32)
    assert not pca(alike).any()
    assert not pca(noisy).any()
    assert np.ptp(pca(noisy + np.eye(30, 8, dtype=np.float32) / 1_000), axis=0).min() > 1e-4
