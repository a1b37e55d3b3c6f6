from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from simcse_core.encoding.exports import export, formats
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError, OptionError
from tests.conftest import SENTENCES


def test_an_exported_folder_gives_the_same_embeddings_in_sentence_transformers(tiny: SimCSE, tmp_path: Path) -> None:
    model = tiny.configured(pooling="max", layer=1, head="random")
    export(model, "sentence-transformers", tmp_path / "out")
    oracle = SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose(oracle, model.encode(SENTENCES), atol=1e-5)


def test_a_folder_with_files_and_a_file_are_refused_and_stay_as_they_are(tiny: SimCSE, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for taken in (tmp_path, file):
        with pytest.raises(ModelError, match="holds files already"):
            export(tiny, "sentence-transformers", taken)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_format_that_fails_leaves_no_folder(tiny: SimCSE, tmp_path: Path) -> None:
    @formats.register("breaks")
    def breaks(model: SimCSE, folder: Path) -> None:
        (folder / "half").write_text("")
        raise ModelError("no")

    try:
        with pytest.raises(ModelError, match="no"):
            export(tiny, "breaks", tmp_path / "out")
    finally:
        formats.remove("breaks")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_taken_and_an_unknown_format_is_not(tiny: SimCSE, tmp_path: Path) -> None:
    export(tiny, "sentence-transformers", tmp_path)
    assert (tmp_path / "modules.json").is_file()
    with pytest.raises(OptionError, match="sentence-transformers"):
        export(tiny, "onyx", tmp_path / "out")


def test_a_frozen_encoder_is_not_exported(multilingual: FrozenEncoder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no other format can hold it"):
        export(multilingual, "sentence-transformers", tmp_path / "out")
