# SPDX-License-Identifier: Apache-2.0
"""Numpy's operators that move elements: reshapes, permutations, joins, splits, padding, insertion."""
import itertools

import numpy as np

from . import SHAPES, case, integers, reals

NUMPY_SHAPES = True


def cases(rng):
    yield from reshapes(rng)
    yield from permutations(rng)
    yield from joins(rng)
    yield from splits(rng)
    yield from edits(rng)
    yield from indexing(rng)


def reshapes(rng):
    for shape, target in (((2, 3), (3, 2)), ((2, 3), (-1,)), ((2, 3, 4), (4, -1)), ((1,), ()), ((), (1, 1))):
        yield case("_np_reshape", reals(rng, shape), newshape=target)
        yield case("_npi_reshape", integers(rng, shape), newshape=target)
    for shape, target, reverse in (
            ((2, 3, 4), (-2, -1), False), ((2, 3, 4), (-2, -2, 2, 2), False), ((2, 1, 3), (-2, -3, -2), False),
            ((2, 3, 4), (-2, -4), False), ((2, 3, 4), (-5, -2), False), ((2, 3, 4), (-2, -4), False),
            ((8, 3), (-6, 2, -1, -2), False), ((8, 3), (-6, -1, 4, -4), False), ((2, 3, 4, 5), (-5, -5), False),
            ((2, 3, 4), (-1, -2), True), ((8, 3, 3), (2, -1, -6, -5), True), ((2, 3, 4), (-4, -5), True)):
        yield case("_npx_reshape", reals(rng, shape), newshape=target, reverse=reverse)
    for shape in [(), (3,), (2, 3), (2, 3, 4)]:
        for rank in (1, 2, 3):
            yield case(f"_np_atleast_{rank}d", reals(rng, shape), num_args=1)
    yield case("_np_atleast_2d", reals(rng, ()), reals(rng, (2, 3)), num_args=2)
    for shape in [(), *SHAPES]:
        yield case("_npi_expand_dims", reals(rng, shape), axis=0)
        yield case("_npi_expand_dims", reals(rng, shape), axis=-1)
    for shape, axis in (((1, 3, 1), None), ((1, 3, 1), 0), ((1, 3, 1), (0, -1)), ((1, 1), None), ((2, 3), None)):
        yield case("_np_squeeze", reals(rng, shape), axis=axis)
    for shape, target in (((3,), (2, 3)), ((2, 1, 3), (2, 4, 3)), ((), (2, 2)), ((1,), (1, 1, 4))):
        yield case("_npi_broadcast_to", reals(rng, shape), shape=target)
    for shape, reps in (((2, 3), (2,)), ((2,), (3, 2)), ((), (2, 2)), ((2, 1, 2), (1, 2, 1)), ((2, 3), ())):
        yield case("_npi_tile", reals(rng, shape), reps=reps)
    for shape, axis in (((2, 3), None), ((2, 3), 0), ((2, 3), -1), ((2, 1, 2), 1)):
        yield case("_np_repeat", integers(rng, shape), repeats=2, axis=axis)


def permutations(rng):
    for shape in SHAPES:
        rank = len(shape)
        yield case("_np_transpose", reals(rng, shape), axes=None)
        yield case("_np_transpose", reals(rng, shape), axes=tuple(rng.permutation(rank).tolist()))
        yield case("_npi_swapaxes", reals(rng, shape), dim1=0, dim2=-1)
        yield case("_npi_flip", reals(rng, shape), axis=(rank - 1,))
        yield case("_npi_flip", reals(rng, shape), axis=tuple(range(rank)))
        yield case("_np_moveaxis", reals(rng, shape), source=(0,), destination=(-1,))
        for shift, axis in ((1, None), (-2, (0,)), ((1, 2), (0, -1)), (7, (-1,))):
            if rank > 1 or shift != (1, 2):
                yield case("_np_roll", reals(rng, shape), shift=shift, axis=axis)
    yield case("_np_moveaxis", reals(rng, (2, 3, 4, 2)), source=(0, -1), destination=(2, 0))
    for k, axes in itertools.product((-1, 0, 1, 2, 3, 5), ((0, 1), (-1, 0), (1, 2))):
        yield case("_npi_rot90", reals(rng, (2, 3, 4)), k=k, axes=axes)


def joins(rng):
    for shape in [(3,), (2, 3), (2, 3, 2)]:
        three = [reals(rng, shape) for _ in range(3)]
        for axis in {0, -1, len(shape) - 1}:
            yield case("_npi_concatenate", *three, num_args=3, axis=axis)
        for axis in (0, -1, 1):
            yield case("_npi_stack", *three, num_args=3, axis=axis)
        yield case("_npi_vstack", *three, num_args=3)
        yield case("_npi_hstack", *three, num_args=3)
        yield case("_npi_dstack", *three, num_args=3)
        yield case("_npi_concatenate", *three, num_args=3, axis=None)
        yield case("_npi_concatenate", *[integers(rng, shape, dtype="uint8", low=0) for _ in range(2)], num_args=2,
                   axis=0)
    yield case("_npi_column_stack", reals(rng, (3,)), reals(rng, (3, 2)), reals(rng, (3,)), num_args=3)
    yield case("_npi_hstack", reals(rng, ()), reals(rng, ()), num_args=2)
    yield case("_npi_vstack", reals(rng, ()), reals(rng, ()), num_args=2)


def splits(rng):
    for op, axis in (("_npi_split", 1), ("_npi_split", -2), ("_npi_hsplit", 1)):
        yield case(op, reals(rng, (2, 6, 4)), indices=(0, 2, 4) if axis == 1 else (0, 1), axis=axis, sections=0)
    yield case("_npi_split", reals(rng, (2, 6, 4)), indices=(), axis=1, sections=3)
    yield case("_npi_hsplit", reals(rng, (2, 6, 4)), indices=(), axis=1, sections=2)
    yield case("_npi_hsplit", reals(rng, (6,)), indices=(), axis=1, sections=2)
    yield case("_npi_dsplit", reals(rng, (2, 3, 4)), indices=(), axis=2, sections=2)
    yield case("_npi_dsplit", reals(rng, (2, 3, 4)), indices=(0, 1), axis=2)


def edits(rng):
    for mode in ("constant", "edge", "reflect", "symmetric", "maximum", "minimum"):
        constant = {"constant_value": 2.5} if mode == "constant" else {}
        yield case("_npi_pad", reals(rng, (3, 4)), pad_width=((1, 2), (0, 1)), mode=mode, **constant)
        yield case("_npi_pad", integers(rng, (4, 2)), pad_width=((2, 1), (0, 0)), mode=mode, **constant)
        yield case("_npi_pad", reals(rng, (2, 3, 3)), pad_width=((0, 0), (1, 1), (2, 1)), mode=mode, **constant)
    for axis, size in ((None, 6), (0, 2), (1, 3), (-1, 3)):
        for choice in ({"int_ind": 1}, {"int_ind": -1}, {"start": 0, "stop": size - 1, "step": 1},
                       {"start": None, "stop": None, "step": -2}):
            yield case("_npi_delete", reals(rng, (2, 3)), axis=axis, eager=True, **choice)
    yield case("_npi_insert_scalar", reals(rng, (2, 3)), val=1.5, int_ind=1, axis=None)
    for axis in (None, 0, 1, -1):
        yield case("_npi_insert_scalar", reals(rng, (2, 3)), reals(rng, ()), int_ind=-1, axis=axis)
        yield case("_npi_insert_slice", reals(rng, (2, 3)), reals(rng, (1,)), start=0, stop=2, step=1, axis=axis)
    yield case("_npi_insert_scalar", reals(rng, (2, 3)), reals(rng, (2,)), int_ind=1, axis=1)
    yield case("_npi_insert_scalar", reals(rng, (2, 3)), reals(rng, (2, 3)), int_ind=1, axis=0)
    for axis, rows in ((0, 2), (1, 3), (None, 6)):
        for obj in ([1], [0, 2, 1], [-1, 1], [1, 1, 0]):
            obj = np.minimum(np.array(obj, "int64"), rows)
            yield case("_npi_insert_tensor", reals(rng, (2, 3)), reals(rng, (1,)), obj, axis=axis, eager=True)
    yield case("_npi_insert_tensor", reals(rng, (2, 3)), reals(rng, (2, 1)), np.array([0, 3], "int64"), axis=1,
               eager=True)
    for k in (-1, 0, 2):
        yield case("_np_diag", reals(rng, (3,)), k=k)
        yield case("_np_diag", reals(rng, (3, 4)), k=k)
        yield case("_np_diagflat", reals(rng, (2, 2)), k=k)
        yield case("_npi_tril", reals(rng, (3, 4)), k=k)
        yield case("_npi_tril", reals(rng, (2, 3, 3)), k=k)
        yield case("_npi_tril", integers(rng, (4,)), k=k)
        for first, second in ((0, 1), (1, 2), (-1, 0)):
            yield case("_np_diagonal", reals(rng, (3, 4, 3)), offset=k, axis1=first, axis2=second)


def indexing(rng):
    for mode in ("clip", "wrap"):
        for axis in (0, 1, -1):
            yield case("_npi_take", reals(rng, (2, 3, 4)), integers(rng, (2, 2), -6, 7), axis=axis, mode=mode)
    yield case("_npi_take", reals(rng, (5,)), np.array(3, "int32"), axis=0)
    yield case("_npi_gather_nd", reals(rng, (3, 4)), np.array([[0, 2, 1], [3, 1, 0]], "int32"))
    for begin, end, step in (((0, 1), (2, 3), ()), ((None, -1), (None, None), ()), ((1, 3), (None, 0), (None, -1)),
                             ((-2,), (None,), (1,))):
        yield case("_npx_slice", reals(rng, (3, 4)), begin=begin, end=end, step=step)
    for op in ("_npi_sort", "_npi_argsort"):
        for axis, ascending in itertools.product((None, 0, -1), (True, False)):
            yield case(op, reals(rng, (3, 4)), axis=axis, is_ascend=ascending)
