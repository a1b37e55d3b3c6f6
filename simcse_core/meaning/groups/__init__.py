"""Groups of texts: found in the original space, named by their words, and what belongs to none."""

from simcse_core.meaning.groups.clusters import Groups, find_groups
from simcse_core.meaning.groups.names import GroupName, name_groups
from simcse_core.meaning.groups.outliers import outliers

__all__ = ["GroupName", "Groups", "find_groups", "name_groups", "outliers"]
