# SPDX-License-Identifier: Apache-2.0
"""Attention as one kernel computes what its operators do one by one.

Each case is a small symbol in one of the forms that models have, compiled both
with optimisation and with -O0, where nothing is fused, and compared with numpy in double
precision. The results are the same to the bit for any number of threads.
"""
import json

import numpy as np
import pytest
from conftest import Symbol, dlc, on_device

OUTPUT = "out_output"
SIZES = [(1, 1, 2, 8), (2, 7, 3, 8), (1, 65, 2, 80), (3, 33, 1, 64), (1, 1100, 2, 16)]  # batch, length, heads, head size


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def interleaved(random, batch, length, heads, size):
    """Interleaved projections and a mask that chooses between scores and -10000, as in BERT; one row is all masked."""
    s = Symbol()
    qkv, mask = s("null", "qkv"), s("null", "mask")
    scores = s("_contrib_interleaved_matmul_selfatt_qk", "qk", qkv, heads=heads)
    low = s("_mul_scalar", "low", s("ones_like", "ones", scores), scalar=-10000.0)
    weights = s("softmax", "softmax", s("where", "where", mask, scores, low), axis=-1)
    head = s("_contrib_interleaved_matmul_selfatt_valatt", "out", qkv, weights, heads=heads)

    data = random.randn(length, batch, heads * 3 * size)
    masks = random.rand(batch * heads, length, length) < 0.7
    masks[0, 0] = False
    q, k, v = (data.reshape(length, batch, heads, 3, size)[:, :, :, i].transpose(1, 2, 0, 3) for i in range(3))
    scores = (q @ k.swapaxes(2, 3)) / np.sqrt(size)
    p = softmax(np.where(masks.reshape(scores.shape), scores, -10000.0))
    want = (p @ v).transpose(2, 0, 1, 3).reshape(length, batch, heads * size)
    return s, head, {"qkv": data, "mask": masks}, want


def cross(random, batch, length, heads, size):
    """Queries of another length than keys and values; an additive mask for all heads, which hides all early keys of a row."""
    s = Symbol()
    q, kv, mask = s("null", "q"), s("null", "kv"), s("null", "mask")
    scores = s("_contrib_interleaved_matmul_encdec_qk", "qk", q, kv, heads=heads)
    weights = s("softmax", "softmax", s("broadcast_add", "masked", scores, mask), axis=-1)
    head = s("_contrib_interleaved_matmul_encdec_valatt", "out", kv, weights, heads=heads)

    rows = length // 2 + 1
    queries, both = random.randn(rows, batch, heads * size), random.randn(length, batch, heads * 2 * size)
    bias = np.where(random.rand(1, rows, length) < 0.2, -1e4, 0.0)
    bias[0, 0, :length * 6 // 10] = -np.inf
    q = queries.reshape(rows, batch, heads, size).transpose(1, 2, 0, 3)
    k, v = (both.reshape(length, batch, heads, 2, size)[:, :, :, i].transpose(1, 2, 0, 3) for i in range(2))
    p = softmax((q @ k.swapaxes(2, 3)) / np.sqrt(size) + bias)
    want = (p @ v).transpose(2, 0, 1, 3).reshape(rows, batch, heads * size)
    return s, head, {"q": queries, "kv": both, "mask": bias}, want


def batched(random, batch, length, heads, size, masked=True):
    """Three tensors, heads split and merged by reshapes; softmax with lengths, of which a sample's may be 0."""
    s = Symbol()
    sides = {}
    for name in "qkv":
        x = s("Reshape", f"{name}4", s("null", name), shape=(0, 0, heads, size))
        x = s("transpose", f"{name}t", x, axes=(0, 2, 1, 3))
        sides[name] = s("Reshape", f"{name}3", x, shape=(-3, -2))
    scaled = s("_div_scalar", "scaled", sides["q"], scalar=float(np.sqrt(size)))
    scores = s("batch_dot", "qk", scaled, sides["k"], transpose_b=True)
    lengths = [s("null", "lengths")] if masked else []
    weights = s("softmax", "softmax", scores, *lengths, axis=-1, use_length=masked)
    x = s("Reshape", "o4", s("batch_dot", "pv", weights, sides["v"]), shape=(-4, batch, heads, 0, 0))
    head = s("Reshape", "out", s("transpose", "ot", x, axes=(0, 2, 1, 3)), shape=(0, 0, -3))

    io = {name: random.randn(batch, length, heads * size) for name in "qkv"}
    q, k, v = (io[name].reshape(batch, length, heads, size).transpose(0, 2, 1, 3) for name in "qkv")
    scores = (q @ k.swapaxes(2, 3)) / np.sqrt(size)
    p = softmax(scores)
    if masked:
        limits = random.randint(1, length + 1, (batch * heads, length))
        limits[0, 0] = 0
        io["lengths"] = limits
        inside = np.arange(length) < limits.reshape(batch, heads, length, 1)
        p = np.where(inside, np.exp(scores - scores.max(-1, keepdims=True)), 0)
        p = p / np.maximum(p.sum(-1, keepdims=True), 1e-30)
    want = (p @ v).transpose(0, 2, 1, 3).reshape(batch, length, heads * size)
    return s, head, io, want


def plain(random, batch, length, heads, size):
    """The same without a mask."""
    return batched(random, batch, length, heads, size, masked=False)


def prepare(form, sizes, folder):
    """Writes a model of this form with its answers to `folder`; returns what `dlc compile` needs."""
    random = np.random.RandomState(len(form.__name__) + sum(sizes))
    symbol, head, inputs, want = form(random, *sizes)
    symbol.save(folder / "model-symbol.json", head)
    inputs = {key: np.asarray(value, np.float32) for key, value in inputs.items()}
    np.savez(folder / "io.npz", **{f"in:{key}": value for key, value in inputs.items()},
             **{f"out:{OUTPUT}": np.asarray(want, np.float32)})
    return [folder / "model-symbol.json",
            *(f"--input={key}={'x'.join(map(str, value.shape))}" for key, value in inputs.items())]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "x".join(map(str, sizes)))
@pytest.mark.parametrize("form", [interleaved, cross, batched, plain], ids=lambda form: form.__name__)
def test_attention_is_one_kernel_of_equal_values(form, sizes, tmp_path):
    model = prepare(form, sizes, tmp_path)
    for level in "02":
        dlc("compile", *model, f"-O{level}", "-o", tmp_path / f"{level}.so")
        dlc("verify", tmp_path / f"{level}.so", "--io", tmp_path / "io.npz")

    kernels = json.loads(dlc("inspect", tmp_path / "2.so", "--kernels", "--json").stdout)["kernels"]
    names = [kernel["name"] for kernel in kernels]
    assert "attention_0" in names and not any(name.startswith(("dot", "softmax")) for name in names), names

    results = []
    for threads in (1, 2, 3):
        dlc("run", tmp_path / "2.so", "--io", tmp_path / "io.npz", "--threads", threads,
            "--output", tmp_path / "out.npz")
        with np.load(tmp_path / "out.npz") as out:
            results.append(out[f"out:{OUTPUT}"].tobytes())
    assert results[0] == results[1] == results[2]


# Tiles of keys that are all there or not, one or several; rows that aren't whole pieces; lanes without a vector.
GPU_SIZES = [(1, 16, 2, 32), (2, 33, 1, 40), (1, 128, 3, 64), (1, 200, 1, 13), (1, 300, 1, 128)]


@pytest.mark.parametrize("sizes", GPU_SIZES, ids=lambda sizes: "x".join(map(str, sizes)))
@pytest.mark.parametrize("form", [interleaved, cross, batched, plain], ids=lambda form: form.__name__)
def test_attention_on_tensor_cores(form, sizes, tmp_path):
    model = [*prepare(form, sizes, tmp_path), "--target", "cuda"]
    kernel = dlc("compile", *model, "--emit", "ptx", "-o", "-").stdout.partition(".entry attention_0")[2]
    assert "mma.sync" in kernel
    dlc("compile", *model, "-o", tmp_path / "model.so")
    on_device("verify", tmp_path / "model.so", "--io", tmp_path / "io.npz", "--rtol", "1e-5", "--atol", "1e-5")


@pytest.mark.parametrize("precision, error", [("tf32", 2e-3), ("float16", 2e-3), ("bfloat16", 2e-2)])
@pytest.mark.parametrize("form", [interleaved, plain], ids=lambda form: form.__name__)
def test_attention_of_lower_precision(form, precision, error, tmp_path):
    model = prepare(form, (1, 72, 2, 40), tmp_path)
    dlc("compile", *model, "--target", "cuda", "--precision", precision, "-o", tmp_path / "model.so")
    check = ["verify", tmp_path / "model.so", "--io", tmp_path / "io.npz"]
    on_device(*check, "--rtol", error, "--atol", error)
    on_device(*check, status=1)


def test_attention_of_few_queries_on_a_gpu(tmp_path):
    model = prepare(plain, (2, 7, 2, 8), tmp_path)
    dlc("compile", *model, "--target", "cuda", "-o", tmp_path / "model.so")
    on_device("verify", tmp_path / "model.so", "--io", tmp_path / "io.npz")
