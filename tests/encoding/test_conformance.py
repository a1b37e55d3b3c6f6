"""Embeddings of whatever sentence-transformers writes are its own, or the folder is refused in words."""

from pathlib import Path

import numpy as np
import pytest

from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError
from tests.encoding.conformance import FAMILIES, FEATURES, TEXTS, Base, expected_rows, loaded, make_base


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    """A random encoder of each family."""
    place = tmp_path_factory.mktemp("bases")
    return {family: make_base(family, place / family) for family in FAMILIES}


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("family", FAMILIES)
def test_embeddings_are_those_of_sentence_transformers_or_the_folder_is_refused(
    bases: dict[str, Base], tmp_path: Path, family: str, name: str
) -> None:
    feature = FEATURES[name]
    theirs = feature.build(bases[family], tmp_path)
    if feature.refusal is not None:
        with pytest.raises(ModelError, match=feature.refusal) as refused:
            SimCSE.load(str(tmp_path))
        assert "\n" not in str(refused.value)
        return
    expected = expected_rows(theirs, one_by_one=feature.one_by_one)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("name", [name for name, feature in FEATURES.items() if feature.refusal is None])
def test_what_was_read_is_written_again_with_the_same_embeddings(
    bases: dict[str, Base], tmp_path: Path, name: str
) -> None:
    feature = FEATURES[name]
    feature.build(bases["bert"], tmp_path / "theirs")
    model = SimCSE.load(str(tmp_path / "theirs"))
    model.save(tmp_path / "ours")
    expected = model.encode(TEXTS)
    np.testing.assert_allclose(expected_rows(loaded(tmp_path / "ours")), expected, atol=1e-5)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path / "ours")).encode(TEXTS), expected, atol=1e-5)
