import pickle
import subprocess
import sys

import pytest

from simcse_core.errors import OptionError

HEAVY = (
    "torch",
    "transformers",
    "umap",
    "sklearn",
    "scipy",
    "sentence_transformers",
    "numba",
    "huggingface_hub",
    "tqdm",
)


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import simcse_core, simcse_core.commands.main",
        "import simcse_core.encoding.catalogue as c; [c.is_here(name) for name in (*c.CATALOGUE, 'owner/model', '..')]",
        "import simcse_core.learning.losses, simcse_core.encoding.pooling, simcse_core.meaning.projection",
        "import ui.frame.page, ui.shared.stored, ui.shared.heatmap, ui.training.inputs, ui.training.race, ui.map.view",
    ],
)
def test_nothing_heavy_loads_before_it_is_used(statement: str) -> None:
    assert loaded_after(statement) == set()


def test_a_model_needs_neither_umap_nor_scikit_learn() -> None:
    loaded = loaded_after("from simcse_core import SimCSE; SimCSE.load().encode(['a'])")
    assert {"torch", "transformers"} <= loaded
    assert not {"umap", "numba", "sklearn", "sentence_transformers"} & loaded


def test_errors_cross_process_borders() -> None:
    error = OptionError("{name} is {given!r}", name="x", given="{braces}")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.values) == (OptionError, str(error), error.values)


def test_an_unknown_name_is_an_attribute_error() -> None:
    import simcse_core

    with pytest.raises(AttributeError, match="no attribute 'SimCES'"):
        _ = simcse_core.SimCES
