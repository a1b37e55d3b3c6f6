"""Noise of the same shape as embeddings: what a map draws where there is nothing to see."""

from collections.abc import Callable, Mapping

import numpy as np

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError


def random_directions(embeddings: Embeddings, *, seed: int = 0) -> Embeddings:
    """Every direction is as likely as any other.

    Args:
        embeddings: (N, D); only the shape counts.
        seed: of the numbers drawn.

    Returns:
        (N, D) unit rows, uniform on the sphere (Muller 1959: normal numbers, divided by the length of their row).
    """
    drawn = np.random.default_rng(seed).standard_normal(embeddings.shape)
    return _unit(drawn)


def random_spread(embeddings: Embeddings, *, seed: int = 0) -> Embeddings:
    """The mean and the spread of the embeddings in every direction, and no groups: one normal distribution.

    Args:
        embeddings: (N, D); at least 2 rows. Takes O(N² D) time and O(N²) memory: give a sample of many.
        seed: of the numbers drawn.

    Returns:
        (N, D) unit rows. Mean and covariance are those of the embeddings up to chance and to making them unit rows.

    Raises:
        InputError: fewer than 2 rows.
    """
    if len(embeddings) < 2:
        raise InputError("Noise with the spread of texts needs at least 2 of them; there are {given}.", given=1)
    rows = embeddings.astype(np.float64)
    mean = rows.mean(axis=0)
    # A normal mixture Z of the centred rows has their covariance, without a (D, D) matrix and its root.
    mixture = np.random.default_rng(seed).standard_normal((len(rows), len(rows))) / np.sqrt(len(rows) - 1)
    return _unit(mean + mixture @ (rows - mean))


NOISES: Mapping[str, Callable[..., Embeddings]] = {"directions": random_directions, "spread": random_spread}
"""Kinds of noise by name: `function(embeddings, seed=...)`."""


def _unit(rows: np.ndarray) -> Embeddings:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, np.finfo(np.float64).tiny)).astype(np.float32)
