# SPDX-License-Identifier: Apache-2.0
"""The classic operators that move elements, and those that make tensors."""
import itertools

from . import SHAPES, case, integers, reals


def cases(rng):
    yield from reshapes(rng)
    yield from slices(rng)
    yield from joins(rng)
    yield from creation(rng)


def reshapes(rng):
    for source, codes, reverse in (
            ((2, 3, 4), (4, 0, 2), False), ((2, 3, 4), (2, 0, 0), False), ((2, 3, 4), (6, -1), False),
            ((2, 3, 4), (-2,), False), ((2, 3, 4), (2, -2), False), ((2, 3, 4), (-2, 1, 1), False),
            ((2, 3, 4), (-3, 4), False), ((2, 3, 4, 5), (-3, -3), False), ((2, 3, 4), (0, -3), False),
            ((2, 3, 4), (-4, 1, 2, -2), False), ((2, 3, 4), (2, -4, -1, 3, -2), False), ((8, 3), (-4, 2, -1, 0), False),
            ((10, 5, 4), (-1, 0), True), ((10, 5, 4), (-1, 0), False), ((2, 3, 4), (0, 0, -1), True),
            ((6, 4), (-1, 2, 2), True), ((1,), (1, 1, 1), False), ((2, 2, 1, 2, 3), (0, -3, -3), False)):
        yield case("Reshape", reals(rng, source), shape=codes, reverse=reverse)
    yield case("Reshape", integers(rng, (2, 3), dtype="uint8", low=0), shape=(3, 2))
    for shape in SHAPES:
        rank = len(shape)
        yield case("Flatten", reals(rng, shape))
        yield case("transpose", reals(rng, shape))
        yield case("transpose", reals(rng, shape), axes=tuple(rng.permutation(rank).tolist()))
        yield case("SwapAxis", reals(rng, shape), dim1=0, dim2=rank - 1)
        yield case("expand_dims", integers(rng, shape), axis=0)
        yield case("expand_dims", reals(rng, shape), axis=-1)
        yield case("squeeze", reals(rng, shape))
        yield case("reverse", reals(rng, shape), axis=(0,))
        yield case("reverse", integers(rng, shape), axis=tuple(range(rank)))
        yield case("tile", reals(rng, shape), reps=(2,))
        yield case("tile", reals(rng, shape), reps=(2,) * min(rank, 2))
        for axis in (None, 0, rank - 1):
            yield case("repeat", reals(rng, shape), repeats=2, axis=axis)
        yield case("shape_array", reals(rng, shape))
        yield case("size_array", reals(rng, shape))
    for k in (-1, 0, 1):
        yield case("diag", reals(rng, (3, 4)), k=k)
        yield case("diag", reals(rng, (3,)), k=k)
        yield case("diag", reals(rng, (2, 3, 4)), k=k, axis1=1, axis2=2)
        yield case("diag", reals(rng, (3, 2, 4)), k=k, axis1=-1, axis2=0)
    for block, dtype in ((2, "float32"), (3, "int32")):
        yield case("depth_to_space", reals(rng, (2, block * block * 2, 2, 3), dtype=dtype), block_size=block)
        yield case("space_to_depth", reals(rng, (2, 2, block * 2, block), dtype=dtype), block_size=block)
    for shape, target in (((1, 3, 1), (2, 3, 4)), ((1,), (5,)), ((2, 1), (2, 3)), ((1, 3), (2, 0))):
        yield case("broadcast_to", reals(rng, shape), shape=target)
    yield case("broadcast_axis", reals(rng, (1, 3, 1)), axis=(0, 2), size=(2, 4))
    yield case("broadcast_like", reals(rng, (1, 3)), reals(rng, (2, 3)))
    yield case("broadcast_like", reals(rng, (1, 3)), reals(rng, (4, 5)), lhs_axes=(0,), rhs_axes=(-1,))
    yield case("reshape_like", reals(rng, (2, 6)), reals(rng, (3, 4)))
    yield case("reshape_like", reals(rng, (30, 7)), reals(rng, (15, 2, 4)), lhs_begin=0, lhs_end=1, rhs_begin=0,
               rhs_end=2)


def slices(rng):
    for begin, end, step in (((0, 1), (2, 3), ()), ((None, -2), (None, None), ()), ((2, 3), (None, 0), (-1, -2)),
                             ((-1,), (None,), (-1,)), ((1,), (3,), (None,)), ((0, 0), (3, 4), (2, 3))):
        for dtype in ("float32", "uint8"):
            yield case("slice", integers(rng, (3, 4), 0, 9, dtype), begin=begin, end=end, step=step)
            yield case("slice", integers(rng, (3, 4, 2), 0, 9, dtype), begin=begin, end=end, step=step)
    for axis, begin, end in ((0, 0, 2), (-1, 1, None), (1, -3, -1), (2, 0, 1)):
        yield case("slice_axis", reals(rng, (3, 4, 2)), axis=axis, begin=begin, end=end)
    yield case("slice_like", reals(rng, (3, 4)), reals(rng, (2, 3)))
    yield case("slice_like", reals(rng, (3, 4, 5)), reals(rng, (2, 3, 2)), axes=(0, -1))
    for axis, squeeze in ((0, False), (1, True), (-1, False)):
        yield case("SliceChannel", reals(rng, (4, 2, 6)), num_outputs=2, axis=axis, squeeze_axis=squeeze)
    yield case("_split_v2", reals(rng, (6, 3)), indices=(0, 1, 4), axis=0)
    yield case("_split_v2", reals(rng, (2, 6)), indices=(), sections=3, axis=1)
    for mode in ("constant", "edge", "reflect"):
        widths = ((0, 0, 0, 0, 1, 2, 2, 1), (0, 0, 0, 0, 1, 1, 0, 2, 1, 0))
        for shape, width in zip(((2, 1, 3, 4), (1, 2, 2, 3, 2)), widths):
            yield case("Pad", reals(rng, shape), mode=mode, pad_width=width, constant_value=1.5)


def joins(rng):
    for shape, dtype in itertools.product(((3,), (2, 3), (2, 1, 3), (1, 2, 2, 3)), ("float32", "uint8", "int64")):
        parts = [integers(rng, shape, 0, 9, dtype) for _ in range(3)]
        for axis in {0, len(shape) - 1, -1}:
            yield case("Concat", *parts, num_args=3, dim=axis)
            yield case("stack", *parts, num_args=3, axis=axis)
    yield case("Concat", reals(rng, (2, 3)), reals(rng, (2, 1)), num_args=2, dim=1)
    yield case("Concat", reals(rng, (2, 3)), num_args=1, dim=0)


def creation(rng):
    for dtype in ("float32", "int32", "uint8", "float64", "int8", "int64", "float16"):
        yield case("_zeros", shape=(2, 3), dtype=dtype)
        yield case("_ones", shape=(2,), dtype=dtype)
        yield case("_full", shape=(2, 1), value=3, dtype=dtype)
        yield case("_eye", N=3, M=4, k=1, dtype=dtype)
        yield case("_arange", start=1, stop=7, step=2, dtype=dtype)
    yield case("_arange", start=0.5, stop=3, step=0.5, repeat=2)
    yield case("_linspace", start=1, stop=3, num=5)
    for axis in (None, 0, -1):
        yield case("_contrib_arange_like", reals(rng, (2, 3)), axis=axis, start=1, step=0.5)
