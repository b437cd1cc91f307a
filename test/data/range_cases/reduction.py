# SPDX-License-Identifier: Apache-2.0
"""The classic reductions: axes, exclusion, types."""
import numpy as np

from . import SHAPES, case, integers, product, reals, shuffled


def axes_of(shape):
    yield {}
    yield {"axis": 0}
    yield {"axis": -1, "keepdims": True}
    if len(shape) > 2:
        yield {"axis": (0, -1)}
        yield {"axis": (1,), "exclude": True}
        yield {"axis": (0, 2), "keepdims": True}


def cases(rng):
    for shape in SHAPES:
        for choice in axes_of(shape):
            for op in ("sum", "mean", "max", "min"):
                yield case(op, reals(rng, shape), **choice)
            yield case("prod", reals(rng, shape, 0.5, 1.5), **choice)
            holes = np.where(rng.rand(*shape) < 0.3, np.nan, reals(rng, shape, 0.5, 1.5)).astype("float32")
            yield case("nansum", holes, **choice)
            yield case("nanprod", holes, **choice)
            if "exclude" not in choice:
                for order in (1, 2):
                    yield case("norm", reals(rng, shape), ord=order, **choice)
    for dtype in ("float64", "float16", "int32", "int64", "int8", "uint8"):
        low = 0 if dtype == "uint8" else -3
        data = reals(rng, (2, 3, 2), dtype=dtype) if "float" in dtype else integers(rng, (2, 3, 2), low, 6, dtype)
        for op in ("sum", "max", "min", "prod"):
            if dtype != "float16" or op in ("max", "min"):
                yield case(op, data, axis=1)
    for op, choice in ((op, choice) for op in ("argmax", "argmin")
                       for choice in product(axis=(None, 0, -1), keepdims=(False, True))):
        yield case(op, shuffled(rng, (2, 3, 4)), **choice)
        yield case(op, shuffled(rng, (3, 4), "float64"), **choice)
    yield case("argmax_channel", shuffled(rng, (3, 4)))
    for axis in (None, 0, 1):
        yield case("_np_cumsum", reals(rng, (2, 3, 4)), axis=axis)
        yield case("_np_cumsum", integers(rng, (2, 3)), axis=axis, dtype="float32")
    for axes, keepdims in (((0, 1, 2), False), ((0,), True), ((-1, 0), False)):
        yield case("moments", reals(rng, (2, 3, 4)), axes=axes, keepdims=keepdims)
