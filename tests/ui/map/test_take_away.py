"""The map as files, and as Python and a command that make the same."""

import ast
import csv
import shlex
from io import BytesIO, StringIO

import numpy as np
import pytest
from pyarrow import parquet

from simcse_core.meaning.projection import Recipe
from ui.map import take_away
from ui.map.source import MapSource, MapTexts
from ui.shared.cache import EncoderSettings

TEXTS = MapTexts.of("t", ("a", "=1+1", "caf\udce9", "d"))
POINTS = np.array([[0, 1], [2, 3], [4, 5], [6, 7.5]], dtype=np.float32)
SOURCE = MapSource(TEXTS, np.eye(4, dtype=np.float32), EncoderSettings("minilm", layer=2, prompt="q: "), "c", "en")
RECIPES = [Recipe.of("pca"), Recipe.of("umap", dimensions=3, seed=4, options={"n_neighbors": 30})]
OWN = MapSource(TEXTS, np.eye(4, dtype=np.float32), None, "c", "en")


def test_a_table_has_coordinates_and_all_columns_and_no_formulas() -> None:
    rows = list(csv.reader(StringIO(take_away.csv(SOURCE, POINTS, {"x": ("1", "2", "3", "=4")}))))
    assert rows[0] == ["text", "map_x", "map_y", "x"], "a column x is not overwritten"
    assert rows[2] == ["'=1+1", "2.0", "3.0", "2"]
    assert rows[4][3] == "'=4"


def test_parquet_has_the_same_letter_for_letter() -> None:
    table = parquet.read_table(BytesIO(take_away.parquet(SOURCE, POINTS, {"label": tuple("wxyz")})))
    assert table.column_names == ["text", "x", "y", "label"]
    assert table["text"].to_pylist() == ["a", "=1+1", "caf?", "d"], "only what UTF-8 has no place for is replaced"
    assert table["y"].to_pylist() == [1, 3, 5, 7.5]


@pytest.mark.parametrize("source", [SOURCE, OWN], ids=["model", "own vectors"])
@pytest.mark.parametrize(
    "recipe", [Recipe.of("pca"), Recipe.of("umap", dimensions=3, seed=4, options={"n_neighbors": 30})]
)
def test_python_and_the_command_name_the_recipe(source: MapSource, recipe: Recipe) -> None:
    script = take_away.python(source, recipe)
    ast.parse(script)
    assert recipe.to_python() in script
    words = shlex.split(take_away.command(source, recipe))
    assert words[:4] == ["python", "-m", "simcse_core", "project"]
    assert words[words.index("--method") + 1] == recipe.method
    assert ("--model" in words) == (source.settings is not None)
