"""The view of settings: the same texts under several values of the two options that change a map most."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from simcse_core.meaning.projection import Recipe, projections, seed_agreement
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import _, joined
from ui.map import recipes
from ui.map.honesty import choice, grids, maps, panels
from ui.map.honesty.maps import NEAR, Sample, SmallMap
from ui.map.honesty.panels import Panel, Panels
from ui.map.honesty.seeds import trust_in_words
from ui.map.source import MapSource

KEY = "map-settings"


def show(source: MapSource, places: Stage) -> None:
    """Draw the view.

    Args:
        source: what is on the page.
        places: of the page.
    """
    recipe = choice.recipe(source, places)
    sample = Sample.of(source)
    grid = grids.Grid.of(recipe, len(sample.rows))
    wanted = grid.recipes()
    title = projections[grid.method].title
    is_same = grid.method == recipe.method
    with places.finding:
        made = maps.maps(sample, wanted)
    with places.figure:
        panels.show(
            Panels(
                about=sample.about,
                texts=sample.texts,
                panels=[
                    Panel(
                        title=grids.in_words(one.recipe),
                        short=_("in use") if one.recipe.options == recipe.options and is_same else _("use"),
                        points=one.points,
                        note=trust_in_words(one.trustworthiness),
                        waiting=one.state,
                        action=_("Use these settings for the large map"),
                        is_current=one.recipe.options == recipe.options and is_same,
                    )
                    for one in made
                ],
                columns=grid.columns,
                across=grid.heads[0],
                down=grid.heads[1],
                label=_("{n} maps of {texts} by {method}, each with other settings.").format(
                    n=len(made), texts=sample.in_words(), method=title
                ),
                classes=sample.classes,
                near=sample.near,
            ),
            key=KEY,
            on_pick=lambda: _take(sample, wanted, recipe),
        )
    with places.finding:
        ready = [one for one in made if one.points is not None]
        maps.waiting_line(len(ready), len(made))
        if len(ready) == len(made):
            st.markdown(plain(in_words(made)))
    with places.rail:
        _explain(grid, title, sample)
        _table(ready)


def _take(sample: Sample, wanted: Sequence[Recipe], recipe: Recipe) -> None:
    """Use the settings of the map whose title was clicked for the large one too."""
    clicked = panels.picked(KEY, sample.about, len(wanted))
    if clicked is not None:
        recipes.put(replace(wanted[clicked], dimensions=recipe.dimensions, seed=recipe.seed))


def in_words(made: Sequence[SmallMap]) -> str:
    """How far maps differ in what they keep, and in what they show."""
    trust = {one.recipe: one.trustworthiness for one in made if one.trustworthiness is not None}
    points = [one.points for one in made if one.points is not None]
    said = ""
    if trust and np.isfinite(list(trust.values())).all():
        best = max(trust, key=lambda recipe: trust[recipe])
        said = _("Trustworthiness is {low:.2f} to {high:.2f}, highest at {settings}.").format(
            low=min(trust.values()), high=max(trust.values()), settings=grids.in_words(best)
        )
    shared = float(seed_agreement(points, NEAR).mean()) if len(points) > 1 else float("nan")
    if not np.isfinite(shared):
        return said
    return joined(
        said,
        _("Two of these {count} maps share {share:.0%} of a text's {k} nearest on average.").format(
            count=len(points), share=shared, k=min(NEAR, len(points[0]) - 1)
        ),
    )


def _table(made: Sequence[SmallMap]) -> None:
    """The figures of the maps, the most trustworthy first."""
    measured = [(one.trustworthiness, one) for one in made if one.trustworthiness is not None]
    measured.sort(key=lambda pair: -pair[0] if np.isfinite(pair[0]) else 1.0)
    if measured:
        st.table(
            {
                _("settings"): [plain(grids.in_words(one.recipe)) for _trust, one in measured],
                _("trustworthiness"): [f"{trust:.3f}" if np.isfinite(trust) else "" for trust, _one in measured],
            },
            hide_index=True,
        )


def _explain(grid: grids.Grid, title: str, sample: Sample) -> None:
    fields = {field.name: field for field in projections[grid.method].fields}
    st.caption(
        plain(
            joined(
                _("The same {texts} by {method}.").format(texts=sample.in_words(), method=title),
                *(
                    _("{option}: {explanation}").format(option=name, explanation=_(fields[name].explanation))
                    for name, _values in grid.options
                ),
                _("A click on the settings above a map uses them for the large one."),
            )
        )
    )
