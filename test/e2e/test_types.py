# SPDX-License-Identifier: Apache-2.0
"""Operators on other element types than float32: narrow floats, float64, and powers of integers."""
import json

import numpy as np
import pytest
from conftest import DATA, dlc

CASES = sorted(path.name for path in (DATA / "ops").iterdir())
# One of each way to compute.
SOME = ["Activation_tanh", "BatchNorm", "Convolution_3x3", "Deconvolution_group", "FC", "InstanceNorm", "LRN",
        "Pooling_avg", "RNN_lstm_uni_2", "BilinearResize2D", "broadcast_hypot", "cumsum", "mean_axis1_keep", "norm_l2",
        "max_all", "softmax", "unary_erf", "unary_gamma", "argmax_channel", "transpose", "BilinearSampler", "ROIAlign_aligned",
        "ROIPooling_border", "MultiBoxDetection", "topk_value"]
# Of the largest value of an output.
TOLERANCE = {"float16": 5e-3, "bfloat16": 4e-2, "float64": 1e-5}


def convert(array, dtype):
    """float32 as another type; bfloat16, which numpy lacks, as the float32 of the same value."""
    if array.dtype != np.float32:
        return array
    return array if dtype == "bfloat16" else array.astype(dtype)


def check(case, dtype, tmp_path):
    """The results of the case with float32 inputs made `dtype` are near those of float32."""
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        arrays = {key: io[key] for key in io.files}
    flags, inputs = [], {}
    for key, array in arrays.items():
        kind, _, name = key.partition(":")
        if kind not in ("in", "aux"):
            continue
        to = dtype if array.dtype == np.float32 else array.dtype
        flags.append(f"--input={name}={'x'.join(map(str, array.shape))}:{to}")
        inputs[key] = convert(array, dtype)
    dlc("compile", folder / "model-symbol.json", *flags, "-o", tmp_path / "op.so")
    if dtype == "bfloat16":
        return
    np.savez(tmp_path / "in.npz", **inputs)
    dlc("run", tmp_path / "op.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as got:
        for key in got.files:
            want = arrays[key].astype(np.float64)
            difference = np.abs(got[key].astype(np.float64) - want)
            assert np.array_equal(np.isfinite(want), np.isfinite(difference)), key
            largest = np.abs(want, where=np.isfinite(want), out=np.zeros_like(want)).max(initial=1e-5)
            assert np.nanmax(difference, initial=0) <= TOLERANCE[dtype] * largest, key


@pytest.mark.parametrize("case", CASES)
def test_float16(case, tmp_path):
    check(case, "float16", tmp_path)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
@pytest.mark.parametrize("case", SOME)
def test_other_floats(case, dtype, tmp_path):
    check(case, dtype, tmp_path)


def test_bfloat16_rounds_to_nearest(tmp_path):
    """Through casts, since numpy has no bfloat16: ties go to even, NaN and infinities stay."""
    nodes = [{"op": "null", "name": "x", "inputs": []}]
    for i, (operator, attrs) in enumerate([("Cast", {"dtype": "bfloat16"}), ("tanh", {}), ("Cast", {"dtype": "float32"})]):
        nodes.append({"op": operator, "name": f"n{i}", "attrs": attrs, "inputs": [[i, 0, 0]]})
    nodes.append({"op": "Cast", "name": "same", "attrs": {"dtype": "float32"}, "inputs": [[1, 0, 0]]})
    (tmp_path / "model.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[3, 0, 0], [4, 0, 0]],
                                                     "attrs": {"mxnet_version": ["int", 10901]}}))
    bits = np.concatenate([np.arange(0, 2**32, 65521, dtype=np.uint64).astype(np.uint32),
                           np.array([0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0x7f800001], np.uint32)])

    def round_to_bfloat16(x):
        """The float32 whose upper half is nearest."""
        u = x.astype(np.float32).view(np.uint32).astype(np.uint64)
        rounded = ((u + 0x7fff + ((u >> 16) & 1)) & 0xffff0000).astype(np.uint32).view(np.float32)
        return np.where(np.isnan(x), np.float32(np.nan), rounded)

    x = bits.view(np.float32)
    dlc("compile", tmp_path / "model.json", f"--input=x={len(x)}", "-o", tmp_path / "model.so")
    np.savez(tmp_path / "in.npz", x=x)
    dlc("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    narrow = round_to_bfloat16(x)
    with np.load(tmp_path / "out.npz") as got:
        np.testing.assert_array_equal(got["out:same_output"], narrow)
        np.testing.assert_allclose(got["out:n2_output"], np.tanh(narrow.astype(np.float64)), rtol=2**-8)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_powers_of_integers(dtype, tmp_path):
    """Exact where the result fits; a fraction is truncated."""
    x, y = (grid.ravel().astype(dtype) for grid in np.meshgrid([-3, -2, -1, 0, 1, 2, 3, 5], [0, 1, 2, 3, -1, -2, 101]))
    keep = (abs(x) <= 1) | (y < 4)
    x, y = x[keep & ((x != 0) | (y >= 0))], y[keep & ((x != 0) | (y >= 0))]
    want = [int(float(a) ** float(b)) if b < 0 else int(a) ** int(b) for a, b in zip(x, y)]
    nodes = [{"op": "null", "name": name, "inputs": []} for name in "xy"]
    nodes.append({"op": "broadcast_power", "name": "power", "inputs": [[0, 0, 0], [1, 0, 0]]})
    nodes.append({"op": "_power_scalar", "name": "cube", "attrs": {"scalar": "3"}, "inputs": [[0, 0, 0]]})
    (tmp_path / "model.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0], [3, 0, 0]],
                                                     "attrs": {"mxnet_version": ["int", 10901]}}))
    flags = [f"--input={name}={len(x)}:{dtype}" for name in "xy"]
    dlc("compile", tmp_path / "model.json", *flags, "-o", tmp_path / "model.so")
    np.savez(tmp_path / "in.npz", x=x, y=y)
    dlc("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as got:
        assert got["out:power_output"].tolist() == want
        assert got["out:cube_output"].tolist() == (x ** 3).tolist()
