"""What a training has given is a model wherever one is used."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simcse_core import Answers, Classifier, Index
from simcse_core.errors import ModelError
from tests.learning.small import TEXTS, tiny_model


@dataclass
class Result:
    """As `simcse_core.train` gives it."""

    model: Any = field(default_factory=tiny_model)
    id: str = "20260101-000000-abcdef"


def test_the_result_of_a_training_can_be_searched_with(tmp_path: Path) -> None:
    result = Result()
    Index.build(list(TEXTS), result, tmp_path / "index")
    found = Index.open(tmp_path / "index", result).search(TEXTS[1], top_k=1)
    assert [hit.text for hit in found] == [TEXTS[1]]


def test_the_result_of_a_training_can_classify_and_answer() -> None:
    result = Result()
    labels = ["a", "b"] * (len(TEXTS) // 2) + ["a"] * (len(TEXTS) % 2)
    classifier = Classifier.fit(TEXTS, labels, model=result, method="centre")
    assert classifier.encoder is result.model
    assert classifier.with_encoder(result).encoder is result.model
    answers = Answers([(TEXTS[0], "x"), (TEXTS[1], "y")], model=result, threshold=None)
    assert answers.ask(TEXTS[1]).matches[0].answer == "y"


def test_what_is_no_model_is_refused_in_words() -> None:
    for call in (
        lambda: Index.build(["a"], 3),  # type: ignore[arg-type]
        lambda: Classifier.fit(["a", "b"], ["x", "y"], model=object()),  # type: ignore[arg-type]
        lambda: Answers([("a", "b")], model=[]),  # type: ignore[arg-type]
    ):
        with pytest.raises(ModelError, match=r"is no model\. Name one of the catalogue"):
            call()
