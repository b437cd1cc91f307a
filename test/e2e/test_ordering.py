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


SUMS = [(shape, axis, dtype) for shape, axis in (((127,), 0), ((128,), 0), ((2, 256), 1), ((3, 257), 1), ((4, 4097), 1), ((20000,), 0))
        for dtype in ("int32", "int64")]
SUMS += [((300, 5), 0, "int32"), ((2, 4097, 3), 1, "int64"), ((2, 200, 3, 5), 1, "int32"), ((2, 160, 1, 1), 1, "int32"), ((5000, 40), 0, "int32")]


@pytest.mark.parametrize("dims", [False, True])
@pytest.mark.parametrize("shape, axis, dtype", SUMS)
def test_running_sums_of_gpus(shape, axis, dtype, dims, tmp_path):
    """Sums of pieces are added up in another order than one element after the other."""
    x = np.random.RandomState(len(shape)).randint(-1000, 1000, shape).astype(dtype)
    named = "x".join("N" if dims and i == axis else str(size) for i, size in enumerate(shape))
    got = run_operator(tmp_path, "cumsum", {"axis": str(axis)}, x, "cuda", named)
    np.testing.assert_array_equal(got, x.cumsum(axis))


# How many boxes, how many of them are valid, and what else the operator is told. One, and whole words of 64 or not.
BOXES = [
    (1, 1, {}), (2, 2, {}), (64, 64, {}), (65, 60, {"force_suppress": "True"}), (129, 129, {"id_index": "1"}),
    (700, 700, {}), (700, 700, {"id_index": "1"}), (700, 400, {"id_index": "1", "topk": "300"}),
    (700, 650, {"in_format": "center", "out_format": "corner"}),
]


@pytest.mark.parametrize("dims", [False, True])
@pytest.mark.parametrize("count, valid, more", BOXES)
def test_gpus_keep_the_boxes_that_cpus_keep(count, valid, more, dims, tmp_path):
    """Each of which overlaps some others: there are about as many in any place, however many there are."""
    random = np.random.RandomState(count)
    corners = random.uniform(0, np.sqrt(count) / 3.3, (2, count, 2))
    sizes = random.uniform(0.5, 1.5, (2, count, 2))
    scores = random.uniform(0, 1, (2, count, 1)).round(2)
    scores[:, random.permutation(count)[valid:]] = -1
    classes = random.randint(0, 3, (2, count, 1))
    x = np.concatenate([scores, classes, corners, corners + sizes], axis=2).astype(np.float32)
    attributes = {"coord_start": "2", "score_index": "0", "overlap_thresh": "0.3", "valid_thresh": "0", **more}
    shape = "2xNx6" if dims else None
    want = run_operator(tmp_path, "_contrib_box_nms", attributes, x, shape=shape)
    kept = np.count_nonzero(want[:, :, 0] >= 0)
    assert kept <= 2 * valid and (count < 100 or 0.05 * valid < kept < 1.9 * valid)
    np.testing.assert_array_equal(run_operator(tmp_path, "_contrib_box_nms", attributes, x, "cuda", shape), want)


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
