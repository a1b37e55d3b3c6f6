"""The view of misreadings: five things that people read out of a map, each tried on the map of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.meaning.projection import Recipe, projections, seed_agreement
from simcse_core.meaning.projection.alignment import Alignment
from simcse_core.meaning.projection.misreadings import explained, gaps, next_components, turned, widths
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, joined
from ui.map import grouping, projected
from ui.map.honesty import choice, counting, grids, maps, shown_groups
from ui.map.honesty.maps import NEAR
from ui.map.honesty.noise import noise
from ui.map.honesty.shown_groups import ShownGroups
from ui.map.plot import Classes, Layout, Numbers, Plot, plot
from ui.map.recipes import PCA, Choice
from ui.map.source import MapSource
from ui.shared import projecting, work

KEY = "map-misreadings"
MAP, TURNED, SEED, NOISE, NEXT = "map", "turned", "seed", "noise", "next"
Points = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Context:
    """The map that is misread."""

    source: MapSource
    recipe: Recipe
    points: Points
    """(N, 2 or 3)."""
    groups: ShownGroups


@dataclass(frozen=True, eq=False)
class Answer:
    """What a switch shows."""

    said: str
    """With the figures of this map."""
    layouts: tuple[Layout, ...] = ()
    """Beside the map; the last one is moved to."""
    color: Classes | Numbers | None = None
    """None keeps the groups' colours."""
    names: tuple[str, ...] | None = None
    """Of the groups, with their figures; None for their names alone."""
    is_noise: bool = False
    """Whether the points are no texts."""
    state: str = field(default="")
    """What is waited for, in words."""


@dataclass(frozen=True)
class Misreading:
    """What people read out of a map, and what it looks like when it is tried."""

    belief: str
    truth: str
    answer: Callable[[Context], Answer]
    needs_groups: bool = False


def show(source: MapSource, places: Stage) -> None:
    """Draw the view of the large map, of all texts; PCA stands for it until it is computed."""
    wanted = Choice(choice.recipe(source, places), is_pca_shown=False)
    layouts = projected.layouts(source, wanted, source.texts.labels)
    with places.finding:
        projected.wait(layouts, source, wanted)
    with places.rail:
        groups = shown_groups.of(source) or ShownGroups.none(len(source))
    if layouts.method is None:
        context = Context(source, wanted.pca, layouts.pca, groups)
    else:
        context = Context(source, wanted.recipe, layouts.method, groups)
    active = _active(groups)
    with places.finding:
        answer = MISREADINGS[active].answer(context) if active else Answer("")
    with places.figure:
        plot(_plot(context, answer), key=KEY, alt=_alt(context, active))
    with places.finding:
        st.markdown(plain(answer.said or answer.state or _("Turn a switch on: it tests the sentence on this map.")))
    with places.rail:
        for name, one in MISREADINGS.items():
            _card(name, one, groups, active, answer)


def _active(groups: ShownGroups) -> str:
    """Which switch is on; "" for none."""
    offered = [name for name, one in MISREADINGS.items() if _is_possible(one, groups)]
    return address.remembered(KEY, ["", *offered], offered[0])


def _is_possible(one: Misreading, groups: ShownGroups) -> bool:
    return not one.needs_groups or groups.count >= shown_groups.FEWEST


def _card(name: str, one: Misreading, groups: ShownGroups, active: str, answer: Answer) -> None:
    turns: dict[str, int] = st.session_state.setdefault(f"{KEY}-turns", {})
    key = f"{KEY}-{name}-{turns.get(name, 0)}"
    st.session_state[key] = name == active

    def turn() -> None:
        is_on = st.session_state[key]
        if is_on and active:  # a slow browser may go on saying that this one is on: it is another widget from now on
            turns[active] = turns.get(active, 0) + 1
        address.put(KEY, name if is_on else "")

    possible = _is_possible(one, groups)
    st.toggle(_(one.belief), key=key, on_change=turn, disabled=not possible)
    if not possible:
        st.caption(
            plain(
                _("This needs at least {least} groups; there are {given}. Choose texts with labels.").format(
                    least=shown_groups.FEWEST, given=groups.count
                )
            )
        )
    elif name == active:
        st.caption(plain(joined(_(one.truth), answer.state)))


def _plot(context: Context, answer: Answer) -> Plot:
    base = Layout(MAP, projections[context.recipe.method].title, context.points)
    layouts = (base, *answer.layouts)
    groups = context.groups
    color = answer.color or Classes(groups.of, groups.names, _("label") if groups.are_labels else _("group"))
    return Plot(
        content=context.source.content,
        texts=[""] * len(context.source) if answer.is_noise else context.source.texts.texts,
        layouts=layouts,
        shown=layouts[-1].name,
        color=None if answer.is_noise else color,
        groups=None if answer.is_noise else groups.of,
        group_names=() if answer.is_noise else answer.names or groups.names,
    )


def _alt(context: Context, active: str) -> str:
    n = len(context.source)
    if not active:
        return _("Map of {n} texts.").format(n=n)
    return _("Map of {n} texts, on which this is tried: {belief}").format(n=n, belief=_(MISREADINGS[active].belief))


def _sizes(context: Context) -> Answer:
    groups = context.groups
    measured = widths(context.source.embeddings, context.points, groups.of)
    digits = _digits(measured.cosines)
    names = tuple(f"{name} · {cosine:.{digits}f}" for name, cosine in zip(groups.names, measured.cosines, strict=True))
    color = _by_group(groups, measured.cosines, _("mean cosine in the group"))
    if (pair := measured.contradiction) is not None:
        first, second = pair
        said = _(
            "“{first}” is {times:.1f} times as wide here as “{second}”, although its texts are closer together: mean "
            "cosine {closer} against {looser}."
        ).format(
            first=groups.names[first],
            second=groups.names[second],
            times=measured.on_map[first] / measured.on_map[second],
            closer=f"{measured.cosines[first]:.{digits}f}",
            looser=f"{measured.cosines[second]:.{digits}f}",
        )
    else:
        said = _("Here no group is clearly wider than another one whose texts are less close together.")
    return Answer(joined(said, _correlation_of_sizes(measured.correlation)), color=color, names=names)


def _correlation_of_sizes(correlation: float) -> str:
    if not np.isfinite(correlation):
        return ""
    return _("Rank correlation of width here and looseness in the original space: {value:.2f}.").format(
        value=correlation
    )


def _distances(context: Context) -> Answer:
    groups = context.groups
    measured = gaps(context.source.embeddings, context.points, groups.of)
    contradiction = measured.contradiction
    group = contradiction[0] if contradiction is not None else 0
    cosines = np.where(np.arange(groups.count) == group, np.nan, measured.cosines[group])
    digits = _digits(cosines)
    names = tuple(
        name if np.isnan(cosine) else f"{name} · {cosine:.{digits}f}"
        for name, cosine in zip(groups.names, cosines, strict=True)
    )
    color = _by_group(groups, cosines, _("cosine with “{group}”").format(group=groups.names[group]))
    if contradiction is not None:
        _group, on_map, in_space = contradiction
        said = _(
            "Nearest to “{group}” on this map is “{near}”, with a cosine of {less}. In the original space “{true}” is "
            "nearer: {more}."
        ).format(
            group=groups.names[group],
            near=groups.names[on_map],
            true=groups.names[in_space],
            less=f"{measured.cosines[group, on_map]:.{digits}f}",
            more=f"{measured.cosines[group, in_space]:.{digits}f}",
        )
    else:
        said = _("Here each group's nearest on the map is its nearest in the original space too, or nearly.")
    if np.isfinite(measured.correlation):
        said = joined(
            said,
            _("Rank correlation of the distances between groups here and in the original space: {value:.2f}.").format(
                value=measured.correlation
            ),
        )
    return Answer(said, color=color, names=names)


def _digits(cosines: NDArray[np.float64]) -> int:
    """So many that cosines which lie close together can be told apart."""
    extent = float(np.nanmax(cosines) - np.nanmin(cosines)) if np.isfinite(cosines).any() else 0.0
    return 2 if extent >= 0.1 or extent == 0 else 3


def _by_group(groups: ShownGroups, values: NDArray[np.float64], title: str) -> Numbers:
    """A colour for each group, which its texts share."""
    of_texts = np.where(groups.of >= 0, values[np.maximum(groups.of, 0)], np.nan)
    there = values[np.isfinite(values)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
    return Numbers(of_texts, low, high if high > low else low + 0.01, title, "sequential")


def _clumps(context: Context) -> Answer:
    source = context.source
    job = projecting.request(
        f"{source.content}-noise",
        noise(source.content, "directions", source.embeddings),
        _without_labels(context.recipe),
    )
    maps.poll([job])
    if job.result is None:
        return Answer("", state=maps.state_in_words(job))
    points = Alignment.of(job.result.points, context.points).apply(job.result.points)
    both = (context.points, points)
    key = f"{source.content} {context.recipe.to_json()}"
    counted = work.result(grouping.WORKER, key, _("Counting groups"), counting.islands_of_each, both)
    if counted is None:
        return Answer("", layouts=(Layout(NOISE, _("noise"), points),), is_noise=True)
    return Answer(
        _(
            "These are {n:,} random vectors, mapped as your texts were. HDBSCAN circles {islands} groups among the "
            "points; on the map of your texts {others}."
        ).format(n=len(source), islands=counted[1], others=counted[0]),
        layouts=(Layout(NOISE, _("noise"), points),),
        is_noise=True,
    )


def _without_labels(recipe: Recipe) -> Recipe:
    """Noise has none."""
    return recipe if not projections[recipe.method].needs_labels else Recipe.of(grids.USUAL, seed=recipe.seed)


def _directions(context: Context) -> Answer:
    said = _(
        "Turned by 90 degrees and mirrored, every distance between two points is the same. Left, right, up and down "
        "say nothing."
    )
    if context.recipe.method == PCA:
        shares = explained(context.source.embeddings, context.points)
        said = _(
            "A PCA orders its axes: the first one holds {first:.0%} of the variance, the second one {second:.0%}. "
            "Which end is left or right, and up or down, says nothing."
        ).format(first=shares[0], second=shares[1])
    return Answer(said, layouts=(Layout(TURNED, _("turned"), turned(context.points)),))


def _one_picture(context: Context) -> Answer:
    if not grids.has_chance(context.recipe.method):
        return _next_axes(context)
    other = replace(context.recipe, seed=context.recipe.seed + 1)
    source = context.source
    job = projected.request(source, other, source.texts.labels)
    maps.poll([job])
    if job.result is None:
        return Answer("", state=maps.state_in_words(job))
    points = Alignment.of(job.result.points, context.points).apply(job.result.points)
    share = float(seed_agreement([context.points, points], NEAR).mean())
    if not np.isfinite(share):
        return Answer(_("All texts are equally close to each other, so nothing can be said about neighbours."))
    return Answer(
        _("The same texts from seed {seed}: {share:.0%} of a text's {k} nearest on the map are the same.").format(
            seed=other.seed, share=share, k=min(NEAR, len(points) - 1)
        ),
        layouts=(Layout(SEED, _("seed {n}").format(n=other.seed), points),),
    )


def _next_axes(context: Context) -> Answer:
    dimensions = context.points.shape[1]
    rest = next_components(context.source.embeddings, context.points).astype(np.float32)
    points = projections[PCA].points(rest, {"dimensions": dimensions}, {})
    share = float(explained(context.source.embeddings, context.points).sum())
    return Answer(
        _(
            "The same texts along the next axes of the same PCA. The picture before held {share:.0%} of the variance."
        ).format(share=share),
        layouts=(Layout(NEXT, _("next axes"), points),),
    )


MISREADINGS: Mapping[str, Misreading] = {
    "sizes": Misreading(
        N_("“A wide group is a varied group.”"),
        N_(
            "Colour and number are the mean cosine of two texts of a group: the higher, the closer they are. UMAP and "
            "t-SNE adapt to how dense each place is: a dense group may be drawn as wide as a loose one."
        ),
        _sizes,
        needs_groups=True,
    ),
    "distances": Misreading(
        N_("“Groups that are far apart have least in common.”"),
        N_(
            "Colour and number are the cosine between the mean of a group and the mean of one group, the one without a "
            "number."
        ),
        _distances,
        needs_groups=True,
    ),
    "clumps": Misreading(
        N_("“Where points clump together there is a group.”"),
        N_("Your points have moved to where as many random vectors lie, under the same settings."),
        _clumps,
    ),
    "directions": Misreading(
        N_("“What is on the left has something in common.”"),
        N_("The map has been turned by 90 degrees and mirrored."),
        _directions,
    ),
    "picture": Misreading(
        N_("“This picture is the picture.”"),
        N_("The same method gives other pictures of the same texts. This is one of them."),
        _one_picture,
    ),
}  # fmt: skip
"""By name in the address."""
