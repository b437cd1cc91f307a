# SPDX-License-Identifier: Apache-2.0
"""Numpy's reductions: axes, types, initial values, percentiles and differences."""
import numpy as np

from . import SHAPES, case, integers, product, reals, shuffled

NUMPY_SHAPES = True


def axes_of(shape):
    """None, each end, and several axes."""
    yield None
    yield 0
    yield -1
    if len(shape) > 2:
        yield (0, 2)
        yield (-1, 1)


def cases(rng):
    for shape in SHAPES:
        for axis in axes_of(shape):
            keepdims = len(shape) % 2 == 0
            for op in ("_np_sum", "_np_max", "_np_min", "_npi_mean", "_npi_std", "_npi_var"):
                yield case(op, reals(rng, shape), axis=axis, keepdims=keepdims)
            yield case("_np_prod", reals(rng, shape, 0.5, 1.5), axis=axis, keepdims=keepdims)
    for axis in (None, 0, (1, 2)):
        for op in ("_np_all", "_np_any"):
            yield case(op, integers(rng, (2, 3, 2), 0, 2), axis=axis, keepdims=axis == 0)
            yield case(op, rng.randint(0, 2, (2, 3, 2)).astype(bool), axis=axis)
            yield case(op, reals(rng, (2, 3, 2), 0, 0.2), axis=axis)
        for op in ("_np_sum", "_np_prod", "_np_max", "_np_min"):
            yield case(op, integers(rng, (2, 3, 2)), axis=axis)
        for choice in product(op=("_np_sum", "_np_prod"), dtype=("float64", "int64")):
            yield case(choice["op"], integers(rng, (2, 3, 2)), axis=axis, dtype=choice["dtype"])
        for op in ("_npi_mean", "_npi_std", "_npi_var"):
            yield case(op, integers(rng, (2, 3, 2)), axis=axis)
            yield case(op, reals(rng, (2, 3, 2), dtype="float64"), axis=axis)
        for op in ("_npi_std", "_npi_var"):
            yield case(op, reals(rng, (2, 3, 2)), axis=axis, ddof=1)
    yield case("_np_sum", rng.randint(0, 2, (2, 3)).astype(bool), axis=1)
    yield case("_np_sum", integers(rng, (2, 3), dtype="int64"))
    yield case("_np_max", integers(rng, (2, 3), dtype="int64"), axis=1)
    for op, axis, keepdims in ((op, axis, keepdims) for op in ("_npi_argmax", "_npi_argmin")
                               for axis in (None, 0, -1) for keepdims in (False, True)):
        yield case(op, shuffled(rng, (2, 3, 4)), axis=axis, keepdims=keepdims)
        yield case(op, integers(rng, (3, 4)), axis=axis, keepdims=keepdims)
    yield from averages(rng)
    yield from percentiles(rng)
    yield from differences(rng)


def averages(rng):
    for returned in (False, True):
        yield case("_npi_average", reals(rng, (2, 3)), returned=returned, weighted=False)
        yield case("_npi_average", reals(rng, (2, 3)), axis=1, returned=returned, weighted=False)
        yield case("_npi_average", reals(rng, (2, 3)), reals(rng, (2, 3), 0.5, 2), returned=returned)
        yield case("_npi_average", reals(rng, (2, 3, 4)), reals(rng, (3,), 0.5, 2), axis=1, returned=returned)
        yield case("_npi_average", reals(rng, (2, 3)), reals(rng, (2, 3), 0.5, 2), axis=-1, returned=returned)
    yield case("_npi_norm", reals(rng, (2, 3)), flag=-2, ord=2)
    for axis, keepdims in ((None, False), (1, True), ((0, 1), False)):
        yield case("_npi_norm", reals(rng, (2, 3, 2)), flag=1, ord=2, axis=axis, keepdims=keepdims)
    for order in (1, 2, 3, 0):
        yield case("_npi_norm", reals(rng, (2, 3), 0.5, 3), flag=-1, ord=order, axis=1)
    for offset, axes in ((0, (0, 1)), (1, (0, 1)), (-1, (1, 2)), (0, (2, 0)), (1, (-1, 0))):
        yield case("_np_trace", reals(rng, (3, 4, 3)), offset=offset, axis1=axes[0], axis2=axes[1])
    yield case("_np_trace", integers(rng, (3, 3)))


def percentiles(rng):
    for mode in ("higher", "linear", "lower", "midpoint", "nearest"):
        for axis, keepdims in ((None, False), (0, True), (-1, False), ((0, 2), True)):
            yield case("_npi_percentile", shuffled(rng, (3, 2, 4)), axis=axis, keepdims=keepdims, interpolation=mode,
                       q_scalar=33.0)
        yield case("_npi_percentile", shuffled(rng, (3, 4)), np.array([0.0, 25, 50, 77, 100], "float32"), axis=1,
                   interpolation=mode, q_scalar=None)
    yield case("_npi_percentile", integers(rng, (3, 4), -50, 50), np.array([10.0, 20], "float32"), q_scalar=None)


def differences(rng):
    for times in (0, 1, 2):
        for axis in (0, -1, 1):
            yield case("_npi_diff", reals(rng, (3, 4, 3)), n=times, axis=axis)
    yield case("_npi_diff", integers(rng, (5,)))
    yield case("_npi_ediff1d", reals(rng, (2, 3)))
    yield case("_npi_ediff1d", reals(rng, (4,)), to_begin_scalar=1.5, to_end_scalar=-2)
    yield case("_npi_ediff1d", reals(rng, (4,)), reals(rng, (2,)), reals(rng, (3,)), to_begin_arr_given=True,
               to_end_arr_given=True)
    yield case("_npi_ediff1d", reals(rng, (4,)), reals(rng, (2,)), to_begin_arr_given=True)
    yield case("_npi_ediff1d", reals(rng, (4,)), reals(rng, (2,)), to_end_arr_given=True, to_begin_scalar=3.0)
