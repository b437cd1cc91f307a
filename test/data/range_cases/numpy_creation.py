# SPDX-License-Identifier: Apache-2.0
"""Numpy's operators that make tensors, and its products."""
from . import case, integers, reals

NUMPY_SHAPES = True


def cases(rng):
    yield from creation(rng)
    yield from products(rng)


def creation(rng):
    for dtype in ("float32", "int32", "uint8", "bool", "float64", "int8", "int64", "float16"):
        yield case("_npi_zeros", shape=(2, 3), dtype=dtype)
        yield case("_npi_ones", shape=(), dtype=dtype)
        yield case("_npi_full", shape=(2,), dtype=dtype, value=1)
        yield case("_npi_full_like", reals(rng, (2, 2)), fill_value=2, dtype=dtype)
        yield case("_npi_identity", shape=(3, 3), dtype=dtype)
        if dtype == "bool":
            continue
        yield case("_npi_arange", start=0, stop=5, step=1, dtype=dtype)
        yield case("_npi_eye", N=3, M=4, k=1, dtype=dtype)
        if dtype not in ("int64",):
            yield case("_npi_indices", dimensions=(2, 3), dtype=dtype)
    yield case("_npi_full_like", integers(rng, (2, 2)), fill_value=2.5)
    for k, columns in ((0, None), (-1, 4), (2, 3), (-5, 2)):
        yield case("_npi_eye", N=3, M=columns, k=k)
    for start, stop, step in ((1, 7, 2), (0.5, 3, 0.75), (5, -2, -3), (4, None, 1)):
        yield case("_npi_arange", start=start, stop=stop, step=step)
    for endpoint in (True, False):
        yield case("_npi_linspace", start=1, stop=3, num=5, endpoint=endpoint)
        yield case("_npi_linspace", start=2.5, stop=-3, num=4, endpoint=endpoint, dtype="float64")
        yield case("_npi_linspace", start=2, stop=9, num=1, endpoint=endpoint)
        yield case("_npi_logspace", start=0, stop=2, num=5, endpoint=endpoint)
        yield case("_npi_logspace", start=1, stop=3, num=4, endpoint=endpoint, base=2)
    for op in ("hanning", "hamming", "blackman"):
        for count in (1, 2, 7, 8):
            yield case(f"_npi_{op}", M=count)
        yield case(f"_npi_{op}", M=5, dtype="float64")
    yield case("_npi_indices", dimensions=(4,))
    yield case("_npi_indices", dimensions=(2, 1, 3))
    yield case("_npi_diag_indices_from", reals(rng, (3, 3)))
    for axis in (None, 0, -1):
        yield case("_npx_arange_like", reals(rng, (2, 3)), axis=axis, start=1, step=2)
    yield case("_npx_shape_array", reals(rng, (2, 3, 4)))


def products(rng):
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((), (2, 3)), ((2, 3), ()), ((2, 2, 3), (3,)),
                 ((2, 3), (2, 3, 4)), ((1, 1), (1, 1))):
        yield case("_np_dot", reals(rng, a), reals(rng, b))
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)),
                 ((4, 2, 3), (4, 3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 3), (4, 3, 2)), ((3,), (4, 3, 2)),
                 ((4, 2, 3), (3,))):
        yield case("_npi_matmul", reals(rng, a), reals(rng, b))
    yield case("_npi_matmul", reals(rng, (2, 3), dtype="float64"), reals(rng, (3, 2), dtype="float64"))
    for a, b, left, right in (((2, 3, 4), (4, 3, 2), (1, 2), (1, 0)), ((2, 3), (3, 4), (-1,), (0,)),
                              ((2, 3), (2, 3), (0, 1), (0, 1)), ((2,), (3,), (), ())):
        yield case("_npi_tensordot", reals(rng, a), reals(rng, b), a_axes_summed=left, b_axes_summed=right)
    for a, b, axes in (((2, 3), (3, 4), 1), ((2, 3, 4), (3, 4, 2), 2), ((2, 3), (2, 3), 2), ((2,), (3,), 0)):
        yield case("_npi_tensordot_int_axes", reals(rng, a), reals(rng, b), axes=axes)
    for subscripts, *shapes in (
            ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i", (3, 3)),
            ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("i,i", (3,), (3,)), ("i,j", (2,), (3,)),
            ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
            ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 2)), ("...ij,jk", (2, 3, 4), (4, 2)), ("...", (2, 3)),
            ("i...->...", (2, 3)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("ij,ij->ij", (2, 3), (2, 3)),
            ("ijk,ijl,ikl->i", (2, 3, 4), (2, 3, 5), (2, 4, 5)), ("ij,i->j", (2, 3), (2,)), ("ba", (2, 3)),
            ("iij->j", (3, 3, 2)), ("ij,kl->", (2, 3), (2, 2))):
        yield case("_npi_einsum", *[reals(rng, shape) for shape in shapes], num_args=len(shapes), subscripts=subscripts)
    yield case("_npi_einsum", integers(rng, (2, 3)), integers(rng, (3, 2)), num_args=2, subscripts="ij,jk")
