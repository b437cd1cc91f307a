# SPDX-License-Identifier: Apache-2.0
"""Operators that order elements, and those that look up elements by index."""
import numpy as np

from . import SHAPES, case, integers, product, reals, shuffled


def cases(rng):
    for shape in SHAPES:
        for axis in (None, 0, -1):
            for op in ("sort", "argsort"):
                yield case(op, shuffled(rng, shape), axis=axis, is_ascend=len(shape) % 2 == 0)
            size = int(np.prod(shape)) if axis is None else shape[axis]
            for kind in ("value", "indices", "mask", "both"):
                k = min(size, 2)
                yield case("topk", shuffled(rng, shape), axis=axis, k=k, ret_typ=kind, is_ascend=len(shape) % 2 == 1)
    for dtype in ("float16", "float32", "float64", "int32", "int64", "uint8"):
        yield case("topk", shuffled(rng, (3, 4)), k=2, dtype=dtype)
        yield case("topk", shuffled(rng, (3, 4)), k=0, ret_typ="both", dtype=dtype)
        yield case("argsort", shuffled(rng, (3, 4)), dtype=dtype)
    for dtype in ("float64", "int32", "int64", "uint8", "int8"):
        values = (shuffled(rng, (3, 4)) + (6 if dtype == "uint8" else 0)).astype(dtype)
        yield case("sort", values)
        yield case("topk", values, k=2, ret_typ="value", is_ascend=True)
    yield from lookups(rng)


def lookups(rng):
    for shape in SHAPES:
        for axis, keepdims, mode in ((0, False, "clip"), (-1, True, "clip"), (-1, False, "wrap"), (0, True, "wrap")):
            rest = list(shape)
            rest[axis] = 1
            index = integers(rng, rest, -3, 7)
            yield case("pick", reals(rng, shape), index if keepdims else index.squeeze(axis) if len(shape) > 1 else
                       index, axis=axis, keepdims=keepdims, mode=mode)
    for dtype, data in (("int32", "float32"), ("float32", "int32"), ("uint8", "float64"), ("int64", "uint8")):
        yield case("pick", integers(rng, (3, 4), 0, 9, data), integers(rng, (3,), 0, 4, dtype))
        yield case("batch_take", integers(rng, (3, 4), 0, 9, data), integers(rng, (3,), 0, 4, "int32"))
        yield case("gather_nd", integers(rng, (3, 4), 0, 9, data), integers(rng, (2, 5), 0, 3, dtype))
        yield case("gather_nd", integers(rng, (3, 4), 0, 9, data), integers(rng, (1, 2, 2), 0, 3, dtype))
        yield case("take", integers(rng, (3, 4), 0, 9, data), integers(rng, (2, 2), 0, 4, dtype), axis=0)
        yield case("Embedding", integers(rng, (2, 2), 0, 4, dtype), integers(rng, (4, 3), 0, 9, data), input_dim=4,
                   output_dim=3, dtype=data)
    for axis, mode, shape in ((0, "clip", (2,)), (1, "wrap", (2, 2)), (-1, "clip", (1,)), (2, "wrap", (2, 1, 2)),
                              (0, "raise", (2,))):
        low, high = (0, 2) if mode == "raise" else (-4, 6)
        yield case("take", reals(rng, (2, 3, 4)), integers(rng, shape, low, high), axis=axis, mode=mode)
    for choice in product(dtype=("float32", "int32", "uint8", "float16", "int64"), depth=(1, 3)):
        yield case("one_hot", integers(rng, (2, 3), 0, 3), **choice)
        yield case("one_hot", reals(rng, (2,), -1, 4), on_value=2, off_value=1, **choice)
    for shape in [(2, 3), (4,), (2, 1, 3)]:
        yield case("where", integers(rng, shape, 0, 2), reals(rng, shape), reals(rng, shape))
        yield case("where", integers(rng, shape[:1], 0, 2, "float32"), integers(rng, shape), integers(rng, shape))
    for shape, ravelled in (((3, 4), (2, 5)), ((2, 3, 4), (3, 2)), ((5,), (1, 3))):
        indices = np.stack([rng.randint(0, size, ravelled[1]) for size in shape]).astype("float32")
        flat = rng.randint(0, int(np.prod(shape)), (3,))
        yield case("_ravel_multi_index", indices, shape=shape)
        yield case("_unravel_index", flat.astype("float32"), shape=shape)
        yield case("_ravel_multi_index", indices.astype("int64"), shape=shape)
        yield case("_unravel_index", flat.astype("int64"), shape=shape)
    yield case("_ravel_multi_index", np.array([[0, 2], [1, 3]], "int32"), shape=(-1, 4))
    yield case("_unravel_index", np.array([7, 11], "int32"), shape=(-1, 4))
    for axes in (None, (0,), (1, 2), (-1, 0)):
        yield case("_contrib_index_array", reals(rng, (2, 3, 2)), axes=axes)
    yield case("_contrib_index_copy", reals(rng, (4, 3)), np.array([3, 0], "int32"), reals(rng, (2, 3)))
    yield case("_contrib_index_copy", reals(rng, (4, 2, 3)), np.array([1], "int64"), reals(rng, (1, 2, 3)))
    for op in ("scatter_nd", "_scatter_set_nd"):
        left = [reals(rng, (3, 4))] if op != "scatter_nd" else []
        indices = np.array([[0, 2, 1], [3, 1, 0]], "int32")
        yield case(op, *left, reals(rng, (3,)), indices, shape=(3, 4), in_place=bool(left))
        yield case(op, *left, reals(rng, (2, 4)), np.array([[2, 0]], "int64"), shape=(3, 4),
                   in_place=bool(left))
    yield case("scatter_nd", integers(rng, (3,)), np.array([[0, 4, 2]], "float32"), shape=(5,))
    for begin, end, step in (((0, 1), (2, 3), ()), ((None, 0), (None, 4), (1, 2)), ((2,), (None,), (-1,))):
        size = np.zeros((3, 4))[tuple(slice(*part) for part in zip(begin, end, step or (None,) * 2))].shape
        yield case("_slice_assign", reals(rng, (3, 4)), reals(rng, size), begin=begin, end=end, step=step)
        yield case("_slice_assign_scalar", reals(rng, (3, 4)), scalar=2.5, begin=begin, end=end, step=step)
