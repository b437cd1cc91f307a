# SPDX-License-Identifier: Apache-2.0
"""Sorting orders every number, and equal ones as they came, in short and in long rows."""
import numpy as np
import pytest
from conftest import DATA, dlc, run_operator


SORTS = [(length, dtype, "cpu") for length in (1, 2, 37, 512, 513, 3000)
         for dtype in ("float16", "float32", "float64", "int8", "int32", "int64")]
SORTS += [(length, dtype, "cuda") for length, dtype in ((512, "float32"), (513, "int64"), (1025, "float16"), (1500, "int8"), (30000, "float32"))]


@pytest.mark.parametrize("length, dtype, target", SORTS)
def test_argsort_is_stable(length, dtype, target, tmp_path):
    random = np.random.RandomState(length)
    x = random.randint(-40, 40, (2, length)).astype(dtype)
    if dtype.startswith("float"):
        x[0, :3] = [-0.0, 0.0, -np.inf][:length]
        x[1, -2:] = [np.inf, 0.0][:length]
    got = run_operator(tmp_path, "argsort", {"dtype": "int32"}, x, target)
    np.testing.assert_array_equal(got, np.argsort(x, axis=-1, kind="stable"))
    got = run_operator(tmp_path, "argsort", {"dtype": "int32", "is_ascend": "False"}, x, target)
    backwards = length - 1 - np.argsort(x[:, ::-1], axis=-1, kind="stable")[:, ::-1]
    np.testing.assert_array_equal(got, backwards)


@pytest.mark.parametrize("length, target", [(9, "cpu"), (1000, "cpu"), (1000, "cuda")])
def test_nan_is_last(length, target, tmp_path):
    x = np.random.RandomState(0).randn(length).astype(np.float32)
    x[::4] = np.nan
    got = run_operator(tmp_path, "argsort", {"dtype": "int32"}, x, target)
    np.testing.assert_array_equal(got, np.argsort(x, kind="stable"))


def test_gpus_keep_the_boxes_that_cpus_keep(tmp_path):
    """More boxes than a block compares at once, each of which overlaps some others."""
    random = np.random.RandomState(0)
    corners = random.uniform(0, 8, (2, 700, 2))
    sizes = random.uniform(0.5, 1.5, (2, 700, 2))
    scores = random.uniform(0, 1, (2, 700, 1)).round(2)
    x = np.concatenate([scores, corners, corners + sizes], axis=2).astype(np.float32)
    attributes = {"coord_start": "1", "score_index": "0", "overlap_thresh": "0.3"}
    want = run_operator(tmp_path, "_contrib_box_nms", attributes, x)
    assert 50 < np.count_nonzero(want[0, :, 0] >= 0) < 650
    np.testing.assert_array_equal(run_operator(tmp_path, "_contrib_box_nms", attributes, x, "cuda"), want)


def test_nms_says_which_boxes_it_keeps(tmp_path):
    """The second output, which MXNet hides: numbers in the whole batch, -1 for rows without a box."""
    with np.load(DATA / "ops" / "box_nms_classes" / "io.npz") as io:
        data, want = io["in:data"], io["out:nms_output0"]
    dlc("compile", DATA / "ops" / "box_nms_classes" / "model-symbol.json", f"--input=data={'x'.join(map(str, data.shape))}",
        "--outputs", "nms_output0,nms_output1", "-o", tmp_path / "model.so")
    np.savez(tmp_path / "in.npz", data=data)
    dlc("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as got:
        rows, numbers = got["out:nms_output0"], got["out:nms_output1"].astype(int)
    assert numbers.shape == (*data.shape[:-1], 1)
    kept = numbers[..., 0] >= 0
    assert 2 <= kept.sum() < kept.size
    np.testing.assert_array_equal(rows, want)
    np.testing.assert_array_equal(rows[kept], data.reshape(-1, data.shape[-1])[numbers[..., 0][kept]])
    np.testing.assert_array_equal(kept, (want != -1).any(axis=-1))
