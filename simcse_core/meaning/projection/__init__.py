"""Maps of embeddings in two or three dimensions: PCA, UMAP, t-SNE and others, what they keep, and how they compare.

To add a projection, write one function in a module here, register it and name the module below: the page Map shows it
and `project --method` takes it.
"""

from simcse_core.meaning.projection import by_pacmap, by_pca, by_tsne, by_umap
from simcse_core.meaning.projection.by_pca import pca
from simcse_core.meaning.projection.by_umap import supervised_umap, umap
from simcse_core.meaning.projection.frames import movement, project_together
from simcse_core.meaning.projection.neighbours import nearest
from simcse_core.meaning.projection.projecting import place, project
from simcse_core.meaning.projection.quality import Quality, measure_quality, seed_agreement, trustworthiness
from simcse_core.meaning.projection.recipe import Note, Projected, Recipe
from simcse_core.meaning.projection.registry import Points, Project, Projection, projections

METHODS = (by_pca, by_umap, by_tsne, by_pacmap)
"""The modules whose projections can be chosen, in their order."""

__all__ = [
    "METHODS",
    "Note",
    "Points",
    "Project",
    "Projected",
    "Projection",
    "Quality",
    "Recipe",
    "measure_quality",
    "movement",
    "nearest",
    "pca",
    "place",
    "project",
    "project_together",
    "projections",
    "seed_agreement",
    "supervised_umap",
    "trustworthiness",
    "umap",
]
