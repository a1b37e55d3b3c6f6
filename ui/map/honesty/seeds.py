"""The view of four seeds: the same texts by the same method, started four times from other random numbers."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.meaning.projection import Recipe, projections, seed_agreement
from simcse_core.meaning.projection.alignment import Alignment
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import _, joined
from ui.map.honesty import choice, grids, maps, panels, texts_list
from ui.map.honesty.maps import NEAR, Sample
from ui.map.honesty.panels import Panel, Panels
from ui.map.source import MapSource

KEY = "map-seeds"


def show(source: MapSource, places: Stage) -> None:
    """Draw the view.

    A method that knows no chance is shown by UMAP in its place.

    Args:
        source: what is on the page.
        places: of the page.
    """
    recipe = choice.recipe(source, places)
    if not grids.has_chance(recipe.method):
        recipe = Recipe.of(grids.USUAL)
    sample = Sample.of(source)
    wanted = grids.seeds(recipe)
    with places.finding:
        made = maps.maps(sample, wanted)
    with places.figure:
        ready = [one.points for one in made if one.points is not None]
        shares = seed_agreement(ready, NEAR) if len(ready) > 1 else None
        if shares is not None and np.isnan(shares).any():  # all texts lie in one place
            shares = None
        drawn = iter(
            [ready[0], *(Alignment.of(points, ready[0]).apply(points) for points in ready[1:])] if ready else []
        )
        title = projections[recipe.method].title
        panels.show(
            Panels(
                about=sample.about,
                texts=sample.texts,
                panels=[
                    Panel(
                        title=_("seed {n}").format(n=one.recipe.seed),
                        points=None if one.points is None else next(drawn),
                        note=trust_in_words(one.trustworthiness),
                        waiting=one.state,
                        hollow=None if shares is None else maps.hollow(shares),
                    )
                    for one in made
                ],
                columns=2,
                label=_("{n} maps of {texts} by {method}, each from another seed.").format(
                    n=len(made), texts=sample.in_words(), method=title
                ),
                classes=sample.classes,
                near=sample.near,
            ),
            key=KEY,
        )
    with places.finding:
        maps.waiting_line(len(ready), len(made))
        if shares is not None:
            st.markdown(plain(in_words(shares, len(ready))))
    with places.rail:
        _explain(title, sample)
        if shares is not None and len(ready) == len(made):
            texts_list.show(_("Where the maps agree least"), sample, shares, unit=_("same neighbours"))


def in_words(shares: NDArray[np.float32], count: int) -> str:
    """How far maps agree.

    Args:
        shares: (N,) of `seed_agreement`.
        count: of the maps.
    """
    n = len(shares)
    said = _(
        "Two of these {count} maps share {share:.0%} of a text's {k} nearest on average; by chance it would be "
        "{chance:.0%}."
    ).format(count=count, share=float(shares.mean()), k=min(NEAR, n - 1), chance=min(NEAR, n - 1) / (n - 1))
    hollow = int(maps.hollow(shares).sum())
    return joined(
        said, _("Hollow: {hollow} of {n} texts, where they share less than a third.").format(hollow=hollow, n=n)
    )


def trust_in_words(trust: float | None) -> str:
    """Beside the title of a small map."""
    return "" if trust is None or not np.isfinite(trust) else _("trust {trust:.2f}").format(trust=trust)


def _explain(title: str, sample: Sample) -> None:
    said = joined(
        _("{method} starts from random numbers, which the seed decides.").format(method=title),
        _("Here {texts} are mapped from four seeds.").format(texts=sample.in_words()),
        _("Each map is turned and mirrored so that it fits the first one as well as it can."),
        _("What only one of them shows may come from its seed."),
    )
    st.caption(plain(said))
