#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes models whose shapes depend on values, with MXNet 1.9.1's answers: make_counting.py [NAME...]

Each function below returns a symbol and sets of inputs, which select all, none
or some of what there is. The script writes `counting/NAME.npz`, as the README
describes. It needs MXNet (build/peers/env/mxnet, which `./dev bench peers`
makes), and runs by hand when a case is added, never in the tests.
"""
import functools
import pathlib
import sys

import mxnet as mx
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
S = mx.sym
ROWS = 24
CASES = []


def case(build):
    CASES.append(build)
    return build


@functools.cache
def var(name):
    return S.Variable(name)


def normal(random, *shape):
    return random.randn(*shape).astype(np.float32)


def masks(random, rows=ROWS, none=False):
    """Some, one, all and, where MXNet can go on with it, none."""
    yield (random.rand(rows) < 0.5).astype(np.float32)
    yield (np.arange(rows) == 3).astype(np.float32)
    yield np.full(rows, -2, np.float32)
    if none:
        yield np.zeros(rows, np.float32)


def masked(random, shape, none=False, **others):
    """Sets of inputs: `x` of the shape, masks `m` of its rows, and `others`."""
    return [{"x": normal(random, *shape), "m": m, **others} for m in masks(random, shape[0], none)]


def boolean_mask(data, mask="m", name="mask"):
    return S.contrib.boolean_mask(data, var(mask) if isinstance(mask, str) else mask, name=name)


def sparse(random, *shape, dtype=np.float32):
    """Half of it zeros; none; all."""
    values = random.randint(1, 5, shape)
    return [((random.rand(*shape) < share) * values).astype(dtype) for share in (0.5, 0, 1)]


@case
def mask_types(random):
    types = ["float16", "float64", "int8", "uint8", "int32", "int64"]
    sets = masked(random, (ROWS, 2, 3), none=True)
    for inputs in sets:
        inputs.update({f"x_{dtype}": (random.rand(ROWS, 3) * 100).astype(dtype) for dtype in types})
    heads = [boolean_mask(var("x"))] + [boolean_mask(var(f"x_{dtype}"), name=dtype) for dtype in types]
    return S.Group(heads), sets


@case
def mask_is_of_any_type(random):
    sets = [{"x": normal(random, 9, 2), "h": np.array(m, np.float16), "i": np.array(m, np.int32),
             "b": np.array(m, np.int8)}
            for m in ([0, 1, 0, -1, 2, 0, 0, 1, 0], [0] * 9)]
    sets[0]["h"] /= 4
    return S.Group([boolean_mask(var("x"), mask, mask) for mask in "hib"]), sets


@case
def rows_through_a_network(random):
    y = boolean_mask(var("x"))
    y = S.Convolution(y, var("w"), var("b"), kernel=(3, 3), num_filter=16, pad=(1, 1), name="conv")
    y = S.Pooling(S.relu(y, name="relu"), kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool")
    y = S.FullyConnected(y, var("v"), no_bias=True, num_hidden=5, name="fc")
    y = S.softmax(y, name="softmax")
    weights = {"w": normal(random, 16, 4, 3, 3), "b": normal(random, 16), "v": normal(random, 5, 16 * 4 * 4) / 9}
    return S.Group([y, S.mean(y, axis=0, name="mean")]), masked(random, (ROWS, 4, 8, 8), **weights)


@case
def sums(random):
    y = boolean_mask(var("x"))
    return S.Group([S.sum(y * 2, axis=0, name="sum"), S.relu(y, name="relu")]), masked(random, (ROWS, 7), none=True)


@case
def reductions(random):
    y = boolean_mask(var("x"))
    heads = [S.sum(y, axis=0, name="sum"), S.max(y, axis=1, name="max"), S.sum(y, name="all"),
             S.softmax(y, axis=0, name="softmax"), S.norm(y, axis=0, name="norm"), S.cumsum(y, axis=0, name="cumsum")]
    return S.Group(heads), masked(random, (ROWS, 7))


@case
def movements(random):
    y = boolean_mask(var("x"))
    heads = [S.concat(y, var("e"), y * 2, dim=0, name="rows"), S.concat(y, y + 1, dim=1, name="columns"),
             S.transpose(y, name="transpose"), S.reverse(y, axis=0, name="reverse"), S.repeat(y, 2, axis=0, name="repeat"),
             S.stack(y, y * 3, axis=1, name="stack"), S.slice_like(var("x"), y, axes=(0,), name="slice"),
             S.SwapAxis(S.expand_dims(y, 1), dim1=0, dim2=2, name="swap")]
    return S.Group(heads), masked(random, (ROWS, 7), e=normal(random, 3, 7))


@case
def products(random):
    y = boolean_mask(var("x"))
    attention = S.softmax(S.dot(y, var("k"), transpose_b=True) / 4)
    own = S.softmax(S.dot(y, y, transpose_b=True) / 4)
    heads = [S.dot(attention, var("k"), name="attention"), S.dot(own, y, name="own"),
             S.dot(y, y, transpose_a=True, name="gram"), S.broadcast_mul(y, var("e"), name="scaled")]
    return S.Group(heads), masked(random, (ROWS, 16), k=normal(random, 10, 16), e=normal(random, 1, 16))


@case
def filled(random):
    """Tensors that have a shape but no values from the mask."""
    y = boolean_mask(var("x"))
    heads = [S.zeros_like(y, name="zeros"), S.ones_like(y, name="ones") * 3,
             S.contrib.arange_like(y, axis=0, name="arange")]
    return S.Group(heads), masked(random, (ROWS, 3))


@case
def mask_of_a_mask(random):
    y = boolean_mask(var("x"))
    z = boolean_mask(y, S.sum(y, axis=1) > 0, "second")
    w = boolean_mask(z, S.slice_axis(z, axis=1, begin=0, end=1).reshape((-1,)) > 0, "third")
    return S.Group([w * 2, S.sum(z, axis=0, name="sum"), S.mean(y, axis=0, name="mean")]), [
        inputs for inputs in masked(random, (ROWS, 6)) if inputs["m"].sum() != 1]


@case
def several_masks(random):
    """Equal masks are one: their rows go together."""
    column = [S.slice_axis(var("x"), axis=1, begin=0, end=1).reshape((-1,)) > 0 for _ in range(2)]
    heads = [boolean_mask(var("x"), name="a") * boolean_mask(var("y"), name="b"),
             boolean_mask(var("x"), column[0], "c") + boolean_mask(var("y"), column[1], "d"),
             S.sum(boolean_mask(var("z"), "n", "e"), axis=0, name="sum")]
    return S.Group(heads), masked(random, (ROWS, 6), y=normal(random, ROWS, 6), z=normal(random, 5, 2),
                                  n=np.array([0, 1, 0, 1, 1], np.float32))


@case
def detections(random):
    """Non-maximum suppression, then the boxes that are left."""
    boxes = S.contrib.box_nms(var("x"), overlap_thresh=0.5, valid_thresh=0.1, coord_start=2, score_index=1, id_index=0)
    boxes = S.reshape(boxes, (-1, 6))
    kept = boolean_mask(boxes, S.slice_axis(boxes, axis=1, begin=1, end=2).reshape((-1,)) > 0.3, "kept")
    sets = []
    for scale in (1, 0.5, 0.1):
        corners = random.rand(1, 40, 2)
        sets.append({"x": np.concatenate([random.randint(0, 3, (1, 40, 1)), scale * random.rand(1, 40, 1), corners,
                                          corners + random.rand(1, 40, 2) / 2], 2).astype(np.float32)})
    return kept, sets


@case
def suppression_of_what_is_left(random):
    """Boxes of a score without overlaps, and the first ones of all."""
    rows = 100
    boxes = boolean_mask(var("x"), "m", "kept")
    suppressed = S.contrib.box_nms(S.expand_dims(boxes, axis=0), overlap_thresh=0.5, valid_thresh=0.1, coord_start=2,
                                   score_index=1, id_index=0, name="nms")
    scores = S.slice_axis(boxes, axis=1, begin=1, end=2).reshape((-1,))
    heads = [suppressed[0], S.topk(scores, k=3, ret_typ="value", name="top")]
    sets = []
    for share in (0.7, 0.05, 1):
        corners = random.rand(rows, 2) * 8
        x = np.concatenate([random.randint(0, 3, (rows, 1)), random.rand(rows, 1), corners, corners + random.rand(rows, 2)], 1)
        sets.append({"x": x.astype(np.float32), "m": (random.rand(rows) < share).astype(np.float32)})
    return S.Group(heads), sets


@case
def orders(random):
    """Few and many: typically there are too many to compare all pairs."""
    y = boolean_mask(var("x"))
    sets = [{"x": random.permutation(rows).astype(np.float32) / 4, "m": (random.rand(rows) < share).astype(np.float32)}
            for rows, share in ((1500, 0.7), (1500, 0.01), (1500, 1))]
    return S.Group([S.sort(y, name="sorted"), S.argsort(y, is_ascend=False, name="order")]), sets


@case
def regions(random):
    """A head over the regions that are left."""
    pooled = S.contrib.ROIAlign(var("f"), boolean_mask(var("x")), pooled_size=(3, 3), spatial_scale=1.0, name="roi")
    y = S.Flatten(S.Convolution(pooled, var("w"), no_bias=True, kernel=(3, 3), pad=(1, 1), num_filter=8, name="conv"))
    y = S.FullyConnected(y, var("v"), no_bias=True, num_hidden=6, name="fc")
    heads = S.transpose(S.reshape(y, (-1, 2, 3)), axes=(1, 0, 2))
    attention = S.softmax(S.batch_dot(heads, heads, transpose_b=True), name="attention")
    sets = masked(random, (ROWS, 5), f=normal(random, 1, 4, 16, 16), w=normal(random, 8, 4, 3, 3),
                  v=normal(random, 6, 72) / 9)
    for inputs in sets:
        low = random.rand(ROWS, 2) * 5
        inputs["x"] = np.concatenate([np.zeros((ROWS, 1)), low, low + 2 + random.rand(ROWS, 2) * 8], 1).astype(np.float32)
    return S.Group([y, S.batch_dot(attention, heads, name="heads")]), sets


@case
def nonzero(random):
    x = var("x").as_np_ndarray()
    heads = [mx.sym.npx.nonzero(x), mx.sym.npx.nonzero(x > 1), mx.sym.npx.nonzero(var("i").as_np_ndarray())]
    return S.Group(heads).as_np_ndarray(), [{"x": x, "i": i} for x, i in zip(sparse(random, 3, 4, 5),
                                                             sparse(random, 11, dtype=np.int8))]


@case
def unique(random):
    heads = []
    for name, flags in (("x", (True, True, True)), ("i", (False, True, False)), ("u", (True, False, True)),
                        ("l", (False, False, True)), ("h", (False, False, False))):
        result = mx.sym.np.unique(var(name).as_np_ndarray(), *flags)
        heads += result if isinstance(result, list) else [result]
    sets = [{"x": x, "i": i, "u": u, "l": l, "h": h} for x, i, u, l, h in zip(
        sparse(random, 30), sparse(random, 6, 5, dtype=np.int32), sparse(random, 20, dtype=np.uint8),
        sparse(random, 600, dtype=np.int64), sparse(random, 17, dtype=np.float16))]
    sets[0]["l"] = random.randint(-1000, 1000, 600)
    return S.Group(heads).as_np_ndarray(), sets


@case
def delete(random):
    heads = [mx.sym.np.delete(var("x").as_np_ndarray(), var("i").as_np_ndarray(), axis) for axis in (0, 1, None)]
    sets = [{"x": normal(random, 5, 6), "i": np.array(i, np.int64)}
            for i in ([1, 1, 3], [-1, 0, -1], [4, 70, -70], [0, 2, 1])]
    sets.append({"x": normal(random, 5, 6), "i": np.array([2, 2, 2])})
    return S.Group(heads).as_np_ndarray(), sets


def run_delete(symbol, inputs):
    """MXNet computes it at once only."""
    x, i = mx.np.array(inputs["x"]), mx.np.array(inputs["i"], dtype="int64")
    return {name: mx.np.delete(x, i, axis).asnumpy() for name, axis in zip(symbol.list_outputs(), (0, 1, None))}


def run(symbol, inputs):
    """MXNet's answers. With numpy's shapes, only blocks know those that depend on values."""
    if symbol.tojson().find('"is_np_shape"') < 0:
        arguments = {name: mx.nd.array(value, dtype=value.dtype) for name, value in inputs.items()}
        outputs = symbol.bind(mx.cpu(), arguments, grad_req="null").forward(is_train=False)
    else:
        block = mx.gluon.SymbolBlock(symbol, inputs=[var(name).as_np_ndarray() for name in symbol.list_arguments()])
        outputs = block(*(mx.np.array(inputs[name], dtype=inputs[name].dtype) for name in symbol.list_arguments()))
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return {name: value.asnumpy() for name, value in zip(symbol.list_outputs(), outputs)}


def main():
    wanted = sys.argv[1:]
    (HERE / "counting").mkdir(exist_ok=True)
    for build in CASES:
        if wanted and build.__name__ not in wanted:
            continue
        (mx.npx.set_np if build.__name__ in ("nonzero", "unique", "delete") else mx.npx.reset_np)()
        var.cache_clear()
        symbol, sets = build(np.random.RandomState(7))
        arrays = {"symbol": np.frombuffer(symbol.tojson().encode(), np.uint8)}
        for i, inputs in enumerate(sets):
            outputs = (run_delete if build is delete else run)(symbol, inputs)
            arrays.update({f"{i}/in:{name}": value for name, value in inputs.items()})
            arrays.update({f"{i}/out:{name}": value for name, value in outputs.items()})
            print(build.__name__, i, {name: value.shape for name, value in outputs.items()})
        np.savez_compressed(HERE / "counting" / f"{build.__name__}.npz", **arrays)


if __name__ == "__main__":
    main()
