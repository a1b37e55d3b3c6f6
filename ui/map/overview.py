"""The view Map: all texts as points."""

import streamlit as st

from simcse_core.meaning.projection import projections
from ui.frame import projector
from ui.frame.stage import Stage
from ui.frame.translation import _
from ui.map.source import MapSource
from ui.shared import charts


def show(source: MapSource, places: Stage) -> None:
    """Draw the map into its places."""
    points = projections["pca"].function(source.embeddings)
    with places.figure:
        figure = charts.scatter(
            points, source.texts.texts, source.texts.labels, selected=None, neighbours=[], height=400
        )
        projector.chart(figure, key="map", alt=_("Map of {n} texts.").format(n=len(source)), height="stretch")
    with places.finding:
        st.markdown(_("Map of {n} texts.").format(n=len(source)))
