# SPDX-License-Identifier: Apache-2.0
"""Layers on 8-bit integers of random shapes give numpy's integers, bit by bit, on the CPU and on an emulated device.
DLC_SEEDS asks for more of them, six times as many as it says."""
import os
import pathlib
import re
import sys

import numpy as np
import pytest
from conftest import BUILD, ROOT, Symbol, dlc, on_device

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(ROOT / "benchmarks" / "gpu"))
import estimate  # noqa: E402 (the benchmark reads PTX, too)
import params  # noqa: E402 (the tests' writer of .params files)
import ptxas  # noqa: E402

SEED = 30
BOUNDS = ["min_data", "max_data", "min_weight", "max_weight"]
BIAS_BOUNDS = ["min_bias", "max_bias"]


def convolve(x, weight, stride, pad, dilate, groups):
    """The convolution of int64 arrays [N, C, H, W] and [O, C / groups, kh, kw]."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    kernel, outputs = weight.shape[2:], weight.shape[0] // groups
    size = [(x.shape[2 + i] - dilate[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2)]
    result = np.zeros((x.shape[0], weight.shape[0], *size), "int64")
    for group in range(groups):
        channels, own = slice(group * weight.shape[1], (group + 1) * weight.shape[1]), slice(group * outputs,
                                                                                            (group + 1) * outputs)
        for i, j in np.ndindex(*kernel):
            rows, columns = (slice(t * d, t * d + (n - 1) * s + 1, s)
                             for t, d, n, s in zip((i, j), dilate, size, stride))
            result[:, own] += np.einsum("nchw,oc->nohw", x[:, channels, rows, columns], weight[own, :, i, j])
    return result


def whole(rng, shape, dtype):
    """Integers of all values of a type, the extreme ones often."""
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max + 1, shape)
    return np.where(rng.random(shape) < 0.1, rng.choice([info.min, info.max], shape), values).astype(dtype)


def draw_convolution(rng):
    """Attributes, shapes of data and weight, and the function of both."""
    groups = int(rng.choice([1, 1, 1, 2, 3, 8]))
    channels = int(rng.choice([3, 4, 8, 16, 32]) if groups > 1 else rng.choice([1, 3, 4, 8, 15, 16, 20, 24, 32, 40, 65]))
    outputs = int(rng.choice([4, 8, 16, 32]) if groups > 1 else rng.choice([1, 4, 10, 16, 24, 48, 72]))
    if rng.random() < 0.1:
        groups, channels, outputs = 24, 1, 1
    kernel = [int(size) for size in rng.choice([1, 1, 2, 3, 3, 5], 2)]
    stride, dilate = ([int(size) for size in rng.choice([1, 1, 2, 3], 2)] for _ in range(2))
    pad = [int(size) for size in rng.integers(0, 3, 2)]
    extents = [int(rng.integers(1, 9)) + dilate[i] * (kernel[i] - 1) for i in range(2)]
    if rng.random() < 0.25:
        extents[1] += 16
    attributes = {"kernel": tuple(kernel), "stride": tuple(stride), "dilate": tuple(dilate), "pad": tuple(pad),
                  "num_filter": outputs * groups, "num_group": groups}
    data, weight = [int(rng.integers(1, 4)), channels * groups, *extents], [outputs * groups, channels, *kernel]
    return attributes, data, weight, lambda x, w: convolve(x, w, stride, pad, dilate, groups)


def draw_dense(rng):
    rows, units = int(rng.choice([1, 2, 7, 8, 16, 33, 70])), int(rng.choice([1, 5, 16, 40, 64, 130]))
    depth = int(rng.choice([1, 3, 4, 12, 16, 30, 64, 100, 132, 512, 1000, 4100, 9000]))
    return {"num_hidden": units}, [rows, depth], [units, depth], lambda x, w: x @ w.T


def make_layer(rng, operator, drawn, dtype, weight_dtype="int8", known=None):
    """The attributes of a layer, values for its inputs but those that are `known`, and what numpy makes of them."""
    attributes, data, weight, compute = drawn
    has_bias = operator.endswith("conv") and ("bias" in known if known else bool(rng.integers(2)))
    values = {"data": whole(rng, data, dtype), "weight": whole(rng, weight, weight_dtype)}
    if has_bias:
        values["bias"] = whole(rng, weight[:1], "int8")
    values.update(known or {})
    want = compute(values["data"].astype("int64"), values["weight"].astype("int64"))
    if has_bias:
        want += values["bias"].astype("int64").reshape(-1, 1, 1)
    for name in BOUNDS + (BIAS_BOUNDS if has_bias else []):
        values[name] = np.array([-1 if name.startswith("min") else 1], "float32")
    return {"no_bias": not has_bias, **attributes}, values, want.astype("int32")


def save_layer(folder, operator, attributes, values, weights, shapes=None):
    """Writes a model of one layer, whose inputs called `weights` are constants. Returns flags of `dlc compile`."""
    symbol = Symbol()
    inputs = [symbol("null", name) for name in values]
    symbol.save(folder / "model-symbol.json", symbol(operator, "sum", *inputs, **attributes))
    known = {f"arg:{name}": values[name] for name in weights if name in values}
    (folder / "model.params").write_bytes(params.pack(known))
    shapes = {name: "x".join(map(str, value.shape)) for name, value in values.items()} | (shapes or {})
    flags = [f"--input={name}={shapes[name]}:{values[name].dtype}" for name in values if f"arg:{name}" not in known]
    return [folder / "model-symbol.json", "--params", folder / "model.params", *flags]


def verify(artifact, values, want, weights=()):
    """Runs the artifact on the CPU and on an emulated device."""
    path = artifact.parent / "io.npz"
    np.savez(path, **{f"in:{name}": value for name, value in values.items() if name not in weights},
             **{"out:sum_output": want})
    for execute in dlc, on_device:
        execute("verify", artifact, "--io", path, "--rtol", "0", "--atol", "0")


WEIGHTS = ("weight", "bias")
LAYERS = {"_contrib_quantized_conv": draw_convolution, "_contrib_quantized_fully_connected": draw_dense}


@pytest.mark.parametrize("number", range(6 * int(os.environ.get("DLC_SEEDS", "10"))))
def test_sums_are_exact(number, tmp_path):
    rng = np.random.default_rng([SEED, number])
    operator = sorted(LAYERS)[number % 3 == 2]
    layer = make_layer(rng, operator, LAYERS[operator](rng), ["int8", "uint8"][number // 3 % 2],
                       ["int8", "uint8"][number % 5 == 4])
    weights = WEIGHTS if number % 7 != 6 else ()
    flags = save_layer(tmp_path, operator, *layer[:2], weights)
    dlc("compile", *flags, "--target", "cpu,cuda", "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", *layer[1:], weights)


# Operator, attributes, shapes with dims, of the constant weight if there is one, and sizes of data and weight.
SIZES = {
    "conv": ("_contrib_quantized_conv", {"kernel": (3, 3), "pad": (1, 1), "num_filter": 24},
             {"data": "Nx20xHxW"}, [24, 20, 3, 3], [[1, 20, 4, 4], [3, 20, 9, 30], [2, 20, 1, 7]],
             lambda x, w: convolve(x, w, (1, 1), (1, 1), (1, 1), 1)),
    "first": ("_contrib_quantized_conv", {"kernel": (2, 3), "num_filter": 17, "stride": (2, 2)},
              {"data": "Nx3xHxW"}, [17, 3, 2, 3], [[1, 3, 4, 4], [2, 3, 9, 30]],
              lambda x, w: convolve(x, w, (2, 2), (0, 0), (1, 1), 1)),
    "rows": ("_contrib_quantized_fully_connected", {"num_hidden": 40}, {"data": "Mx132"}, [40, 132],
             [[1, 132], [7, 132], [100, 132]], lambda x, w: x @ w.T),
    "depth": ("_contrib_quantized_fully_connected", {"num_hidden": 40}, {"data": "MxK", "weight": "40xK"}, None,
              [[8, 64], [3, 30], [70, 101]], lambda x, w: x @ w.T),
}


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("case", SIZES)
def test_one_artifact_for_many_sizes(case, dtype, tmp_path):
    operator, attributes, shapes, weight, sizes, compute = SIZES[case]
    rng, known = np.random.default_rng([SEED, len(case)]), {}
    weights = WEIGHTS if weight else ()
    for data in sizes:
        layer = make_layer(rng, operator, (attributes, data, weight or [40, data[1]], compute), dtype, known=known)
        if data == sizes[0]:
            known = {name: layer[1][name] for name in weights if name in layer[1]}
            flags = save_layer(tmp_path, operator, *layer[:2], weights, shapes)
            dlc("compile", *flags, "--target", "cpu,cuda", "-o", tmp_path / "model.so")
        verify(tmp_path / "model.so", *layer[1:], weights)


def test_parts_may_begin_anywhere(tmp_path):
    """A layer whose input is a part of another tensor that begins between two words."""
    rng = np.random.default_rng(SEED)
    attributes, values, want = make_layer(rng, "dense", ({"num_hidden": 24}, [1, 64], [24, 64], lambda x, w: x @ w.T), "int8")
    values["data"] = np.concatenate([whole(rng, [1, 3], "int8"), values["data"], whole(rng, [1, 4], "int8")], 1)
    symbol = Symbol()
    inputs = [symbol("null", name) for name in values]
    part = symbol("slice_axis", "part", inputs[0], axis=1, begin=3, end=67)
    symbol.save(tmp_path / "model-symbol.json",
                symbol("_contrib_quantized_fully_connected", "sum", part, *inputs[1:], **attributes))
    (tmp_path / "model.params").write_bytes(params.pack({"arg:weight": values["weight"]}))
    flags = [f"--input={name}={'x'.join(map(str, value.shape))}:{value.dtype}" for name, value in values.items()
             if name != "weight"]
    dlc("compile", tmp_path / "model-symbol.json", "--params", tmp_path / "model.params", *flags, "--target", "cpu,cuda",
        "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", values, want, WEIGHTS)


def network(symbol, names):
    """Two convolutions with what comes between them, and a dense layer."""
    nodes = {name: symbol("null", name) for name in names}
    bounds = [nodes["low"], nodes["high"]]

    def narrow(name, x):
        return symbol("_contrib_requantize", name, x, nodes["least"], nodes["most"], min_calib_range=-1.0,
                      max_calib_range=1.0)

    first = symbol("_contrib_quantized_conv", "first", nodes["data"], nodes["w0"], nodes["b0"], *bounds * 3, num_filter=20,
                   kernel=(3, 3), pad=(1, 1), stride=(2, 1))
    act = symbol("_contrib_quantized_act", "act", narrow("narrow0", first), *bounds, act_type="relu")
    second = symbol("_contrib_quantized_conv", "second", act, nodes["w1"], *bounds * 2, num_filter=36, kernel=(2, 3),
                    dilate=(1, 2), pad=(0, 2), no_bias=True)
    pool = symbol("_contrib_quantized_pooling", "pool", narrow("narrow1", second), *bounds, kernel=(2, 2), stride=(2, 2),
                  pool_type="max")
    flat = symbol("_contrib_quantized_flatten", "flat", pool, *bounds)
    return symbol("_contrib_quantized_fully_connected", "sum", flat, nodes["w2"], *bounds * 2, num_hidden=10, no_bias=True)


def test_networks_agree_with_their_direct_form(tmp_path):
    """Weights that aren't constants make loops of the convolutions, without tiles, layouts and packed weights."""
    rng = np.random.default_rng(SEED)
    values = {"data": whole(rng, [2, 3, 13, 17], "uint8"), "w0": whole(rng, [20, 3, 3, 3], "int8"),
              "b0": whole(rng, [20], "int8"), "w1": whole(rng, [36, 20, 2, 3], "int8"),
              "w2": whole(rng, [10, 36 * 3 * 8], "int8")}
    for name, value in {"low": -1, "high": 1, "least": -20000, "most": 20000}.items():
        values[name] = np.array([value], "float32")
    symbol = Symbol()
    symbol.save(tmp_path / "model-symbol.json", network(symbol, values))
    results = []
    for weights in ("w0", "b0", "w1", "w2"), ():
        (tmp_path / "model.params").write_bytes(params.pack({f"arg:{name}": values[name] for name in weights}))
        flags = [f"--input={name}={'x'.join(map(str, value.shape))}:{value.dtype}" for name, value in values.items()
                 if name not in weights]
        np.savez(tmp_path / "in.npz", **{f"in:{name}": value for name, value in values.items() if name not in weights})
        dlc("compile", tmp_path / "model-symbol.json", "--params", tmp_path / "model.params", *flags, "--target", "cpu,cuda",
            "-o", tmp_path / "model.so")
        for execute in dlc, on_device:
            execute("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
            with np.load(tmp_path / "out.npz") as out:
                results.append(out["out:sum_output"])
    assert len(np.unique(results[0])) > 10
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def layer_of(operator, data, weight, **attributes):
    return operator, ({"num_hidden" if operator.endswith("connected") else "num_filter": weight[0], **attributes}, data,
                      weight, lambda x, w: np.zeros(1))


# Whether all factors come in words: channels in fours, and a depth that is a multiple of four.
TENSOR = {
    "conv": layer_of("_contrib_quantized_conv", [1, 64, 28, 28], [64, 64, 3, 3], kernel=(3, 3), pad=(1, 1)),
    "strided": layer_of("_contrib_quantized_conv", [2, 40, 15, 15], [72, 40, 1, 1], kernel=(1, 1), stride=(2, 2)),
    "groups": layer_of("_contrib_quantized_conv", [1, 64, 14, 14], [64, 32, 3, 3], kernel=(3, 3), num_group=2),
    "row": layer_of("_contrib_quantized_fully_connected", [1, 2048], [1000, 2048]),
    "rows": layer_of("_contrib_quantized_fully_connected", [128, 768], [3072, 768]),
}


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("case", TENSOR)
def test_layers_use_tensor_cores(case, dtype, tmp_path):
    operator, drawn = TENSOR[case]
    layer = make_layer(np.random.default_rng(SEED), operator, drawn, dtype)
    flags = save_layer(tmp_path, operator, *layer[:2], WEIGHTS)
    emit = [dlc("compile", *flags, "--target", "cuda", "--emit", stage, "-o", "-").stdout for stage in ("kernels", "ptx")]
    names = ptxas.contractions(emit[0])
    assert len(names) == 1
    factors = {"int8": "s8", "uint8": "u8"}[dtype]
    body = ptxas.entries(emit[1])[names.copy().pop()]
    assert set(re.findall(r"mma\.sync\S+", body)) == {f"mma.sync.aligned.m16n8k32.row.col.s32.{factors}.s8.s32"}
    assert re.search(r"cp\.async\.cg\.shared\.global \S+, \S+, 16", body)
    assert estimate.mma_types(body) == (factors,)
    for sm in 80, 90, 100:
        usage = ptxas.assemble(ptxas.find(BUILD), emit[1], sm)[names.copy().pop()]
        assert usage.registers and not usage.spill_bytes and not usage.stack_bytes
