# SPDX-License-Identifier: Apache-2.0
"""Artifacts for all sizes of some dimensions on the emulated CUDA device: the answers are the CPU's, at whatever sizes one
session runs at one after the other."""
import re

import pytest
from conftest import Symbol, dlc, run_host


def convolutions(s, x):
    conv = s("Convolution", "conv", x, s("null", "w"), s("null", "b"), num_filter=20, kernel=(3, 3), stride=(2, 2), pad=(1, 1))
    pool = s("Pooling", "pool", s("relu", "relu", conv), kernel=(2, 2), stride=(2, 2), pool_type="max")
    deep = s("Convolution", "deep", pool, s("null", "v"), no_bias=True, num_filter=24, kernel=(1, 1))
    return [s("softmax", "p", s("mean", "mean", deep, axis=(2, 3))), s("transpose", "t", deep, axes=(0, 2, 3, 1))]


def attention(s, q):
    score = s("batch_dot", "score", q, s("null", "k"), transpose_b=True)
    mixed = s("batch_dot", "mix", s("softmax", "p", score, axis=-1), s("null", "v"))
    norm = s("LayerNorm", "norm", s("elemwise_add", "add", mixed, q), s("null", "g"), s("null", "b"), axis=-1)
    return [norm, s("max", "most", norm, axis=1)]


def heads(s, x):
    """Two heads of 8, and a mask of keys."""
    def split(name):
        apart = s("Reshape", f"{name}-apart", x if name == "x" else s("null", name), shape=(0, 0, 2, 8))
        return s("Reshape", f"{name}-heads", s("transpose", f"{name}-t", apart, axes=(0, 2, 1, 3)), shape=(-3, 0, 0))

    score = s("batch_dot", "score", split("x"), split("k"), transpose_b=True)
    score = s("_mul_scalar", "scaled", score, scalar=0.25)
    masked = s("broadcast_add", "masked", score, s("null", "mask"))
    mixed = s("batch_dot", "mix", s("softmax", "p", masked, axis=-1), split("v"))
    apart = s("transpose", "apart", s("Reshape", "split", mixed, shape=(-4, -1, 2, 0, 0)), axes=(0, 2, 1, 3))
    return [s("Reshape", "joined", apart, shape=(0, 0, -3))]


def recurrent(s, x):
    embedded = s("Embedding", "embed", x, s("null", "table"), input_dim=4, output_dim=12)
    cells = s("RNN", "cells", embedded, s("null", "weights"), s("null", "h"), s("null", "c"), mode="lstm", num_layers=1,
              state_size=10)
    return [cells, s("cumsum", "sums", cells, axis=0)]


def rows(s, x):
    # Tensors without a unit of their own in the last extent, joined where a size says.
    both = s("concat", "both", x, s("null", "y"), dim=0, num_args=2)
    order = s("argsort", "order", both, axis=0, dtype="float32")
    return [order, s("dot", "gram", both, both, transpose_b=True), s("norm", "norm", both, axis=0),
            s("slice_axis", "last", both, axis=0, begin=-3, end="None")]


# For each the shapes with dims, and sizes in the order in which the shapes name them.
CASES = {
    "convolutions": (convolutions, {"x": "Nx3xHxW", "w": "20x3x3x3", "b": "20", "v": "24x20x1x1"},
                     [(2, 32, 32), (1, 9, 70), (5, 47, 12), (2, 32, 32)]),
    "attention": (attention, {"x": "NxTx16", "k": "NxTx16", "v": "NxTx16", "g": "16", "b": "16"},
                  [(8, 5), (1, 1), (3, 65), (2, 130), (8, 5)]),
    "heads": (heads, {"x": "NxTx16", "k": "NxSx16", "v": "NxSx16", "mask": "1x1xS"},
              [(2, 40, 30), (1, 1, 1), (5, 9, 129), (2, 64, 64)]),
    "recurrent": (recurrent, {"x": "TxN:int32", "table": "4x12", "weights": "960", "h": "1xNx10", "c": "1xNx10"},
                  [(5, 8), (1, 1), (11, 3), (5, 8)]),
    "rows": (rows, {"x": "MxK", "y": "NxK"}, [(8, 8, 8), (2, 3, 40), (70, 1, 5), (33, 31, 9)]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_session_at_many_sizes(case, host, tmp_path):
    make, shapes, sizes = CASES[case]
    symbol = Symbol()
    symbol.save(tmp_path / "m-symbol.json", *make(symbol, symbol("null", "x")))
    inputs = ["--input=%s=%s" % pair for pair in shapes.items()]
    dlc("compile", tmp_path / "m-symbol.json", *inputs, "--target", "cpu,cuda", "-o", tmp_path / "m.so")
    # ptxas takes the code, too.
    dlc("compile", tmp_path / "m-symbol.json", *inputs, "--target", "cuda", "--sm", "80", "-o", tmp_path / "machine.so")
    run_host(host, tmp_path / "m.so", sizes)
    run_host(host, tmp_path / "m.so", sizes[:2], DLC_CUDA_GRAPHS="0", DLC_EMULATOR_ASYNC="1")


@pytest.mark.parametrize("case", ["attention", "heads"])
def test_attention_of_any_size_is_one_kernel(case, tmp_path):
    make, shapes, _ = CASES[case]
    symbol = Symbol()
    symbol.save(tmp_path / "m-symbol.json", *make(symbol, symbol("null", "x")))
    inputs = ["--input=%s=%s" % pair for pair in shapes.items()]
    text = dlc("compile", tmp_path / "m-symbol.json", *inputs, "--target", "cuda", "--emit", "ptx", "-o", "-").stdout
    kernel = re.search(r"\.entry attention_0\(.*?\n}", text, flags=re.S).group()
    assert "mma.sync" in kernel and "ex2.approx" in kernel and "dot_0" not in text
