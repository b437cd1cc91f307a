# SPDX-License-Identifier: Apache-2.0
"""Numpy's linear algebra."""
from . import case, reals
from .linalg import SQUARES, positive, regular

NUMPY_SHAPES = True


def cases(rng):
    for shape in SQUARES:
        yield case("_npi_cholesky", positive(rng, shape))
        yield case("_npi_inv", regular(rng, shape))
        yield case("_npi_det", regular(rng, shape))
        yield case("_npi_slogdet", regular(rng, shape))
        yield case("_npi_solve", regular(rng, shape), reals(rng, (*shape[:-1], 2)))
    yield case("_npi_solve", regular(rng, (3, 3)), reals(rng, (3,)))
    yield case("_npi_tensorinv", regular(rng, (4, 4)).reshape(4, 2, 2), ind=1)
    yield case("_npi_tensorinv", regular(rng, (6, 6)).reshape(2, 3, 3, 2), ind=2)
    yield case("_npi_tensorsolve", regular(rng, (6, 6)).reshape(2, 3, 6), reals(rng, (2, 3)), a_axes=())
    yield case("_npi_tensorsolve", regular(rng, (6, 6)).reshape(6, 2, 3), reals(rng, (6,)), a_axes=())
    yield case("_npi_polyval", reals(rng, (4,)), reals(rng, (2, 3)))
    yield case("_npi_polyval", reals(rng, (1,)), reals(rng, ()))
