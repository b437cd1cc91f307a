# SPDX-License-Identifier: Apache-2.0
"""Products, sequences, normalisations and losses."""
import numpy as np

from . import case, integers, product, reals


def cases(rng):
    yield from products(rng)
    yield from sequences(rng)
    yield from normalisations(rng)
    yield from losses(rng)


def products(rng):
    for choice in product(transpose_a=(False, True), transpose_b=(False, True)):
        a = (3, 2) if choice["transpose_a"] else (2, 3)
        b = (4, 3) if choice["transpose_b"] else (3, 4)
        for dtype in ("float32", "float64"):
            yield case("dot", reals(rng, a, dtype=dtype), reals(rng, b, dtype=dtype), **choice)
            yield case("batch_dot", reals(rng, (2, *a), dtype=dtype), reals(rng, (2, *b), dtype=dtype), **choice)
    yield case("dot", reals(rng, (3,)), reals(rng, (3,)))
    yield case("dot", reals(rng, (2, 2, 3)), reals(rng, (3, 4)))
    for choice in product(no_bias=(False, True), flatten=(False, True)):
        for shape in ((2, 3), (2, 3, 4), (1, 2, 1, 3)):
            depth = int(np.prod(shape[1:])) if choice["flatten"] else shape[-1]
            bias = [] if choice["no_bias"] else [reals(rng, (5,))]
            yield case("FullyConnected", reals(rng, shape), reals(rng, (5, depth)), *bias, num_hidden=5, **choice)
    for heads in (1, 2):
        yield case("_contrib_interleaved_matmul_selfatt_qk", reals(rng, (3, 2, heads * 12)), heads=heads)
        yield case("_contrib_interleaved_matmul_selfatt_valatt", reals(rng, (3, 2, heads * 12)),
                   reals(rng, (2 * heads, 3, 3), 0, 1), heads=heads)
        yield case("_contrib_interleaved_matmul_encdec_qk", reals(rng, (3, 2, heads * 4)),
                   reals(rng, (5, 2, heads * 8)), heads=heads)
        yield case("_contrib_interleaved_matmul_encdec_valatt", reals(rng, (5, 2, heads * 8)),
                   reals(rng, (2 * heads, 3, 5), 0, 1), heads=heads)
    yield case("_contrib_div_sqrt_dim", reals(rng, (2, 3)))


def sequences(rng):
    for axis, shape in ((0, (4, 3)), (1, (3, 4)), (0, (4, 3, 2)), (1, (3, 4, 1, 2))):
        for dtype in ("float32", "int32"):
            lengths = np.array([1, 4, 2], dtype)
            for op in ("SequenceMask", "SequenceLast", "SequenceReverse"):
                if op == "SequenceReverse" and axis == 1:
                    continue
                extra = {"value": 1.5} if op == "SequenceMask" else {}
                yield case(op, reals(rng, shape), axis=axis, **extra)
                yield case(op, reals(rng, shape), lengths, axis=axis, use_sequence_length=True, **extra)


def normalisations(rng):
    for shape, axis in (((2, 3), -1), ((2, 3, 4), 1), ((3,), 0), ((2, 1, 3, 2), -2), ((2, 1, 2, 2, 3), 4)):
        for op in ("softmax", "log_softmax", "softmin"):
            yield case(op, reals(rng, shape), axis=axis)
            yield case(op, reals(rng, shape), axis=axis, temperature=2.0)
            yield case(op, reals(rng, shape, dtype="float64"), axis=axis)
            yield case(op, reals(rng, shape), axis=axis, dtype="float64")
    yield case("softmax", reals(rng, (2, 3, 4)), integers(rng, (2, 3), 1, 5), axis=-1, use_length=True)
    for mode in ("instance", "channel"):
        yield case("SoftmaxActivation", reals(rng, (2, 3, 4)), mode=mode)
    for mode in ("instance", "channel", "spatial"):
        yield case("L2Normalization", reals(rng, (2, 3, 2, 2)), mode=mode, outputs=1)
    for axis in (-1, 1):
        size = (2, 3, 4)[axis]
        yield case("LayerNorm", reals(rng, (2, 3, 4)), reals(rng, (size,)), reals(rng, (size,)), axis=axis, outputs=1)
    for groups in (1, 2, 4):
        yield case("GroupNorm", reals(rng, (2, 4, 3, 2)), reals(rng, (groups,)), reals(rng, (groups,)),
                   num_groups=groups, outputs=1)
    yield case("InstanceNorm", reals(rng, (2, 3, 4)), reals(rng, (3,)), reals(rng, (3,)), outputs=1)
    for choice in product(fix_gamma=(False, True), axis=(1, -1)):
        vectors = [reals(rng, ((2, 3, 4)[choice["axis"]],), 0.5, 2) for _ in range(4)]
        yield case("BatchNorm", reals(rng, (2, 3, 4)), *vectors, outputs=1, **choice)
    vectors = [reals(rng, (3,), 0.5, 2) for _ in range(4)]
    yield case("_contrib_BatchNormWithReLU", reals(rng, (2, 3, 4, 4)), *vectors, outputs=1, fix_gamma=False)
    for size in (1, 3, 5):
        yield case("LRN", reals(rng, (2, 6, 2, 2)), nsize=size, alpha=0.5, outputs=1)


def losses(rng):
    labels = np.array([[1, 2, 2], [3, 0, 0], [1, 3, 0]], "float32")
    data = reals(rng, (7, 3, 4))
    yield case("CTCLoss", data, labels, outputs=1)
    yield case("CTCLoss", data, np.array([[0, 1, 1], [2, -1, -1], [0, 2, -1]], "float32"), blank_label="last", outputs=1)
    yield case("CTCLoss", data, labels, np.array([7, 4, 5], "float32"), use_data_lengths=True, outputs=1)
    yield case("CTCLoss", data, labels, np.array([3, 1, 2], "float32"), use_label_lengths=True, outputs=1)
    yield case("CTCLoss", data, labels, np.array([7, 4, 5], "float32"), np.array([2, 1, 2], "float32"),
               use_data_lengths=True, use_label_lengths=True, outputs=1)
    yield case("CTCLoss", reals(rng, (1, 1, 3)), np.array([[1]], "float32"), outputs=1)
    yield case("softmax_cross_entropy", reals(rng, (3, 4)), np.array([0, 3, 1], "float32"))
    for op in ("LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput"):
        yield case(op, reals(rng, (3, 4)), reals(rng, (3, 4)))
    yield case("SVMOutput", reals(rng, (3, 4)), np.array([0, 3, 1], "float32"))
    yield case("IdentityAttachKLSparseReg", reals(rng, (3, 4), 0.1, 0.9), reals(rng, (4,), 0.1, 0.9))
    yield case("SoftmaxOutput", reals(rng, (2, 3)), integers(rng, (2,), 0, 2, "float32"))
    for choice in ({"multi_output": True}, {"preserve_shape": True}):
        yield case("SoftmaxOutput", reals(rng, (2, 3, 4)), integers(rng, (2, 4), 0, 2, "float32") if "multi_output" in
                   choice else integers(rng, (2, 3), 0, 2, "float32"), **choice)
