"""The view of noise: the same method on as many random vectors, beside the texts."""

import numpy as np
import streamlit as st

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection import Recipe, projections
from simcse_core.meaning.projection.noise import NOISES
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, joined, language
from ui.map import grouping
from ui.map.honesty import choice, counting, grids, maps, panels
from ui.map.honesty.counting import Counted
from ui.map.honesty.maps import Sample, SmallMap
from ui.map.honesty.panels import Panel, Panels
from ui.map.honesty.seeds import trust_in_words
from ui.map.source import MapSource
from ui.shared import projecting, work

KEY = "map-noise"
KINDS = {
    "directions": N_("Any direction"),
    "spread": N_("Spread of the texts"),
}
EXPLANATIONS = {
    "directions": N_("As many random unit vectors of the same dimensions. Every direction is as likely as any other."),
    "spread": N_(
        "As many random unit vectors from one normal distribution with the mean and the covariance of the embeddings: "
        "they lie in the same region and spread as much in every direction, but there are no groups among them."
    ),
}
NEIGHBOURS = (5, 15, 50)


def show(source: MapSource, places: Stage) -> None:
    """Draw the view; arguments as for `seeds.show`."""
    recipe = choice.recipe(source, places)
    sample = Sample.of(source)
    with places.rail:
        kind = _choose_kind()
        made_by = _recipe(recipe, len(sample.rows))
        st.caption(_(EXPLANATIONS[kind]))
    random = noise(sample.about, kind, sample.embeddings)
    with places.finding:
        real = maps.maps(sample, [made_by])[0]
        of_noise = _map_of_noise(sample, kind, random, made_by)
    with places.figure:
        panels.show(
            Panels(
                about=f"{sample.about}-{kind}",
                texts=sample.texts,
                panels=[
                    Panel(
                        _("Your texts"),
                        real.points,
                        note=trust_in_words(real.trustworthiness),
                        waiting=real.state,
                    ),
                    Panel(
                        _("Noise"),
                        of_noise.points,
                        note=trust_in_words(of_noise.trustworthiness),
                        waiting=of_noise.state,
                        is_linked=False,
                    ),
                ],
                columns=2,
                label=_("A map of {texts} by {method}, and beside it one of as many random vectors.").format(
                    texts=sample.in_words(), method=projections[made_by.method].title
                ),
                classes=sample.classes,
                near=sample.near,
            ),
            key=KEY,
        )
    with places.finding:
        maps.waiting_line(sum(one.points is not None for one in (real, of_noise)), 2)
        if real.points is None or of_noise.points is None:
            return
        counted = work.result(
            grouping.WORKER,
            f"{sample.about} {kind} {made_by.to_json()}",
            _("Counting groups"),
            counting.count_both,
            (sample.embeddings, real.points),
            (random, of_noise.points),
        )
        if counted is not None:
            st.markdown(plain(in_words(*counted)))
            with places.rail:
                _table(counted, (real, of_noise))


def _choose_kind() -> str:
    key, keep = address.widget("noise", list(KINDS), next(iter(KINDS)), language=language())
    kind: str | None = st.segmented_control(
        _("Noise"), list(KINDS), format_func=lambda name: _(KINDS[name]), required=True, key=key, on_change=keep
    )
    return kind or next(iter(KINDS))


def _recipe(recipe: Recipe, count: int) -> Recipe:
    """The page's recipe in the plane; of UMAP the number of neighbours can be changed here."""
    if recipe.method != grids.USUAL:
        return Recipe.of(recipe.method, seed=recipe.seed, options=recipe.option_values)
    usual = int(recipe.option_values["n_neighbors"])
    offered = sorted({usual, *(value for value in NEIGHBOURS if value < count)})
    key, keep = address.widget("noise-neighbors", offered, usual)
    value: int = st.select_slider("n_neighbors", offered, key=key, on_change=keep)
    return Recipe.of(recipe.method, seed=recipe.seed, options={**recipe.option_values, "n_neighbors": value})


@st.cache_resource(max_entries=16, show_spinner=False)
def noise(about: str, kind: str, _embeddings: Embeddings) -> Embeddings:
    """Noise of the shape of embeddings, drawn once for everybody.

    Args:
        about: names the embeddings.
        kind: one of `NOISES`.
        _embeddings: (N, D) unit rows.
    """
    return NOISES[kind](_embeddings, seed=0)


def _map_of_noise(sample: Sample, kind: str, random: Embeddings, recipe: Recipe) -> SmallMap:
    job = projecting.request(f"{sample.about}-{kind}", random, recipe)
    maps.poll([job])
    return maps.small(recipe, job)


def in_words(texts: Counted, noise: Counted) -> str:
    """What the map shows of both, and what there is in the original space."""
    return joined(
        _("On the map of noise {islands} groups can be circled; in the noise itself {groups} are found.").format(
            islands=noise.islands, groups=noise.groups
        ),
        _("Among the texts it is {islands} on the map and {groups} in the original space.").format(
            islands=texts.islands, groups=texts.groups
        ),
    )


def _table(counted: tuple[Counted, Counted], small: tuple[SmallMap, SmallMap]) -> None:
    """Every figure of texts and noise beside each other."""
    rows = (
        (_("groups on the map"), *(str(one.islands) for one in counted)),
        (_("groups in the original space"), *(str(one.groups) for one in counted)),
        (_("trustworthiness"), *(_number(one.trustworthiness) for one in small)),
        (_("cosine with the nearest, median"), *(_number(one.nearest) for one in counted)),
    )
    names, of_texts, of_noise = zip(*rows, strict=True)
    st.table({" ": list(names), _("Your texts"): list(of_texts), _("Noise"): list(of_noise)}, hide_index=True)
    st.caption(_("The same rules count the groups among texts and among noise."))


def _number(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.2f}"
