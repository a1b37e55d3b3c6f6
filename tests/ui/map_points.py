"""Points in groups for the tests and the measurement of the map."""

import numpy as np
from numpy.typing import NDArray

from tests.hostile import NAMES
from ui.map.plot import Classes, Layout, Numbers, Placed, Plot, Touched

GROUPS = 12
WORDS = ("card payment", "lost luggage on the way", "银行 转账 失败", "weather tomorrow", "refund")


def blobs(
    count: int,
    *,
    color: str = "classes",
    at: str = "",
    third: bool = False,
    steps: bool = False,
    small: bool = False,
    found: bool = False,
    away: str = "two",
    touched: Touched | None = None,
) -> Plot:
    """Texts in groups, with everything that a map can show; every twentieth text tries to be more than text."""
    chance = np.random.default_rng(0)
    group = np.sort(chance.integers(0, GROUPS, count))
    middles = chance.uniform(-10, 10, (GROUPS, 3))
    cloud = (middles[group] + chance.normal(0, 1 + group[:, None] / 8, (count, 3))).astype(np.float32)
    turned = cloud[:, [1, 0, 2]] * np.array([1, -1, 1], dtype=np.float32) + chance.normal(0, 0.5, (count, 3))
    texts = [
        NAMES[row // 20 % len(NAMES)] if row % 20 == 0 else f"Sentence {row} about {WORDS[group[row] % 5]} 第{row}句"
        for row in range(count)
    ]
    first = Layout("one", "PCA", cloud[:, :2])
    second = Layout("two", "UMAP", turned[:, : 3 if third else 2].astype(np.float32))
    chosen = touched.chosen if touched and touched.latest else None
    near = [] if chosen is None else np.argsort(((cloud - cloud[chosen]) ** 2).sum(1))[1:9].tolist()
    return Plot(
        content=f"blobs-{count}",
        texts=texts,
        layouts=(first, second),
        shown=at or away,
        color=_color(color, group, cloud),
        unsure=chance.uniform(0.1, 1, count),
        groups=np.where(chance.uniform(size=count) < 0.1, -1, group),
        group_names=(*(f"{WORDS[number % 5]}, {number}" for number in range(GROUPS - 1)), NAMES[1]),
        chosen=chosen,
        neighbours=tuple((row, 0.9 - 0.05 * place) for place, row in enumerate(near)),
        selection=touched.selection if touched else None,
        found=(np.arange(count) % 37 == 0) if found else None,
        placed=(Placed("a typed sentence <b>", {"one": (0.0, 0.0), "two": (0.0, 0.0, 0.0)}),),
        trails=tuple(range(0, count, max(1, count // 8))) if steps else (),
        steps=steps,
        small=small,
        title="Twelve groups 十二个组",
        labels={"source": [f"file {row % 3}" for row in range(count)]},
    )


def _color(name: str, group: NDArray[np.int64], cloud: NDArray[np.float32]) -> Classes | Numbers | None:
    if name == "none":
        return None
    if name == "cosine":
        return Numbers(cloud[:, 0] / 15, -1, 1, "cosine with “card”", "cosine")
    if name == "length":
        return Numbers(np.where(group == 3, np.nan, cloud[:, 1]), -12, 12, "length")
    names = [NAMES[1], *(f"label {number}" for number in range(1, GROUPS))]
    if name == "many":
        return Classes(group, names, "label")
    return Classes(np.where(group < 5, group, -1), names[:5], "label", "no label")
