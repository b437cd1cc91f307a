# SPDX-License-Identifier: Apache-2.0
"""Linear algebra: factorisations, systems, determinants, triangles."""
import numpy as np

from . import case, product, reals


def positive(rng, shape, dtype="float32"):
    """Positive definite matrices that are far from singular."""
    x = reals(rng, shape, -1, 1, dtype)
    return (x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1])).astype(dtype)


def regular(rng, shape, dtype="float32"):
    """Regular matrices that need pivoting: the large elements lie off the diagonal."""
    return (reals(rng, shape, -1, 1, dtype) + 3 * np.roll(np.eye(shape[-1]), 1, axis=-1)).astype(dtype)


def triangle(rng, shape, lower=True, dtype="float32"):
    x = reals(rng, shape, -1, 1, dtype) + 3 * np.eye(shape[-1], dtype=dtype)
    return (np.tril(x) if lower else np.triu(x)).astype(dtype)


SQUARES = [(1, 1), (2, 2), (5, 5), (2, 3, 3), (2, 1, 4, 4)]


def cases(rng):
    for shape in SQUARES:
        for dtype in ("float32", "float64"):
            yield case("_linalg_potrf", positive(rng, shape, dtype))
            yield case("_linalg_potri", triangle(rng, shape, True, dtype))
            yield case("_linalg_inverse", regular(rng, shape, dtype))
            yield case("_linalg_det", regular(rng, shape, dtype))
            yield case("_linalg_slogdet", regular(rng, shape, dtype))
            yield case("_linalg_sumlogdiag", positive(rng, shape, dtype))
    for shape in ((1, 1), (3, 3), (2, 5), (2, 3, 4)):
        yield case("_linalg_gelqf", reals(rng, shape))
    for choice in product(transpose=(False, True), rightside=(False, True), lower=(False, True)):
        for batch in ((), (2,)):
            a = triangle(rng, (*batch, 3, 3), choice["lower"])
            b = reals(rng, (*batch, 4, 3) if choice["rightside"] else (*batch, 3, 4))
            yield case("_linalg_trsm", a, b, alpha=1.5, **choice)
            yield case("_linalg_trmm", a, b, alpha=-2.0, **choice)
    for transpose in (False, True):
        yield case("_linalg_syrk", reals(rng, (2, 3)), transpose=transpose, alpha=0.5)
        yield case("_linalg_syrk", reals(rng, (2, 3, 4), dtype="float64"), transpose=transpose)
    for choice in product(transpose_a=(False, True), transpose_b=(False, True), batch=((), (2,))):
        batch = choice.pop("batch")
        a = reals(rng, (*batch, 3, 2) if choice["transpose_a"] else (*batch, 2, 3))
        b = reals(rng, (*batch, 4, 3) if choice["transpose_b"] else (*batch, 3, 4))
        yield case("_linalg_gemm", a, b, reals(rng, (*batch, 2, 4)), alpha=2.0, beta=-1.0, **choice)
        yield case("_linalg_gemm2", a, b, alpha=0.5, **choice)
    for axis in (0, 1, -3):
        yield case("_linalg_gemm2", reals(rng, (3, 3, 2)), reals(rng, (2, 3, 4) if axis != 1 else (3, 2, 4)), axis=axis)
    for offset in (-2, -1, 0, 1, 2):
        yield case("_linalg_extractdiag", reals(rng, (4, 4)), offset=offset)
        yield case("_linalg_extractdiag", reals(rng, (2, 3, 3)), offset=offset)
        yield case("_linalg_makediag", reals(rng, (3,)), offset=offset)
        yield case("_linalg_makediag", reals(rng, (2, 3)), offset=offset)
        for lower in (True, False):
            yield case("_linalg_extracttrian", reals(rng, (4, 4)), offset=offset, lower=lower)
            yield case("_linalg_extracttrian", reals(rng, (2, 3, 3)), offset=offset, lower=lower)
            yield case("_linalg_maketrian", reals(rng, (6,)), offset=offset, lower=lower)
            yield case("_linalg_maketrian", reals(rng, (2, 3)), offset=offset, lower=lower)
    for rows in (1, 2, 3):
        arrays = [reals(rng, (size, 3)) for size in (2, 4, 3)[:rows]]
        yield case("khatri_rao", *arrays, num_args=rows)
