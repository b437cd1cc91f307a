# SPDX-License-Identifier: Apache-2.0
"""Models whose shapes depend on values: MXNet's answers for some, one, all and none of what a mask selects."""
import json

import numpy as np
import pytest
from conftest import DATA, Symbol, dlc, input_flags, on_device, unpack_counting

CASES = sorted(path.stem for path in (DATA / "counting").glob("*.npz"))


def compile_case(case, folder, *flags):
    paths = unpack_counting(case, folder)
    with np.load(paths[0]) as io:
        shapes = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *shapes, "-o", folder / "model.so", *flags)
    return paths


def mask_symbol(path, *heads):
    """A mask, then whatever `heads` make of its result and the symbol."""
    symbol = Symbol()
    mask = symbol("_contrib_boolean_mask", "mask", symbol("null", "x"), symbol("null", "m"))
    symbol.save(path, *([head(symbol, mask) for head in heads] or [mask]))


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_mxnet(case, tmp_path):
    paths = compile_case(case, tmp_path, "--target", "cpu,cuda")
    for path in paths:
        for threads in (1, 2):
            dlc("verify", tmp_path / "model.so", "--io", path, "--threads", threads)
        on_device("verify", tmp_path / "model.so", "--io", path, DLC_EMULATOR_LEAKS="1")


@pytest.mark.parametrize("case", ["rows_through_a_network", "mask_of_a_mask", "unique"])
def test_without_optimisation(case, tmp_path):
    for path in compile_case(case, tmp_path, "-O0"):
        dlc("verify", tmp_path / "model.so", "--io", path)


@pytest.mark.parametrize("case, shapes", [
    ("sums", {"x": "Nx7", "m": "N"}),
    ("products", {"x": "Nx16", "m": "N", "k": "10x16", "e": "1x16"}),
    ("several_masks", {"x": "Nx6", "m": "N", "y": "Nx6", "z": "Mx2", "n": "M"}),
    ("mask_of_a_mask", {"x": "NxC", "m": "N"}),
])
def test_beside_sizes_that_callers_choose(case, shapes, tmp_path):
    paths = unpack_counting(case, tmp_path)
    flags = ["--input=%s=%s" % pair for pair in shapes.items()]
    dlc("compile", tmp_path / "model-symbol.json", *flags, "--target", "cpu,cuda", "-o", tmp_path / "model.so")
    for path in paths:
        dlc("verify", tmp_path / "model.so", "--io", path)
        on_device("verify", tmp_path / "model.so", "--io", path)
    # Sizes far from the typical one: rows of which every third one is left.
    if case != "sums":
        return
    for rows in (1, 2, 1000):
        x = np.random.RandomState(rows).randn(rows, 7).astype(np.float32)
        mask = (np.arange(rows) % 3 == 1).astype(np.float32)
        kept = x[mask != 0]
        np.savez(tmp_path / "io.npz", **{"in:x": x, "in:m": mask, "out:sum_output": 2 * kept.sum(0),
                                         "out:relu_output": np.maximum(kept, 0)})
        dlc("verify", tmp_path / "model.so", "--io", tmp_path / "io.npz")
        on_device("verify", tmp_path / "model.so", "--io", tmp_path / "io.npz", "--atol", "1e-4")


def test_outputs_have_their_shapes(tmp_path):
    paths = compile_case("mask_types", tmp_path, "--target", "cpu,cuda")
    for number, path in enumerate(paths):
        (on_device if number % 2 else dlc)("run", tmp_path / "model.so", "--io", path, "--output", tmp_path / "out.npz")
        with np.load(path) as io, np.load(tmp_path / "out.npz") as out:
            for key in out.files:
                assert out[key].shape == io[key].shape and out[key].dtype == io[key].dtype
                assert (out[key] == io[key]).all()
    # Values of another shape differ.
    with np.load(paths[0]) as io:
        np.savez(tmp_path / "wrong.npz", **{key: io[key][:-1] if key == "out:mask_output" else io[key] for key in io})
    run = dlc("verify", tmp_path / "model.so", "--io", tmp_path / "wrong.npz", status=1)
    assert "DIFFER  mask_output" in run.stdout and "float32 12x2x3, wanted float32 11x2x3" in run.stdout


def test_facts(tmp_path):
    compile_case("mask_of_a_mask", tmp_path, "--header", tmp_path / "model.h")
    facts = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)
    assert facts["outputs"][0]["shape"] == ["count(third)", 6]
    assert [(dim["name"], dim["min"], dim["max"], dim["counted"]) for dim in facts["dims"]] == [
        ("count(mask)", 0, 24, True), ("count(second)", 0, 24, True), ("count(third)", 0, 24, True)]
    # Memory is for all that there can be: nothing moves while the model runs.
    assert facts["arena_bytes"] == facts["arena_bytes_min"] == facts["arena_bytes_max"]
    assert "float32 count(third)x6" in dlc("inspect", tmp_path / "model.so").stdout
    header = (tmp_path / "model.h").read_text()
    assert "OUTPUT0_SHAPE {24, 6}" in header and "count(" not in header


def test_self_test(tmp_path):
    paths = unpack_counting("rows_through_a_network", tmp_path)
    with np.load(paths[0]) as io:
        shapes = list(input_flags(io))
    dlc("compile", tmp_path / "model-symbol.json", *shapes, "--embed-test", paths[0], "-o", tmp_path / "model.so")
    run = dlc("verify", tmp_path / "model.so")
    assert run.stdout.count("ok ") == 2


def test_bisect(tmp_path):
    """Each count depends on the one before; both are what they are for the inputs."""
    paths = unpack_counting("mask_of_a_mask", tmp_path)
    run = dlc("verify", "--bisect", tmp_path / "model-symbol.json", "--io", paths[0], "-o", tmp_path / "bisect.mlir")
    assert "nothing is wrong" in run.stdout


def test_code_as_text(tmp_path):
    paths = compile_case("mask_of_a_mask", tmp_path)
    dlc("compile", tmp_path / "model-symbol.json", "--input=x=24x6", "--input=m=24", "--emit=llvm", "-o", tmp_path / "code.mlir")
    dlc("compile", tmp_path / "code.mlir", "--params", tmp_path / "code.safetensors", "-o", tmp_path / "text.so")
    for path in paths:
        dlc("verify", tmp_path / "text.so", "--io", path)
    for stage in ("graph", "kernels", "plan"):
        dlc("compile", tmp_path / "model-symbol.json", "--input=x=24x6", "--input=m=24", f"--emit={stage}", "-o",
            tmp_path / "text.mlir")
        run = dlc("compile", tmp_path / "text.mlir", "-o", tmp_path / "no.so", status=3)
        assert "is not in the text of this stage" in run.stderr


@pytest.mark.parametrize("flags, what", [
    (["--specialize", "x=5x3", "--specialize", "m=5"], "has shapes that depend on values: there is no code of its own"),
    (["--tune=1"], "can't be tuned yet"),
])
def test_flags(flags, what, tmp_path):
    mask_symbol(tmp_path / "m-symbol.json")
    run = dlc("compile", tmp_path / "m-symbol.json", "--input=x=Nx3", "--input=m=N", *flags, "-o", tmp_path / "m.so", status=3)
    assert what in run.stderr
    assert not (tmp_path / "m.so").exists()


@pytest.mark.parametrize("head, inputs, what", [
    # Only for one count do the shapes go together.
    (lambda s, mask: s("broadcast_add", "add", mask, s("null", "y")), ["--input=y=20x3"], "node 'add' (broadcast_add)"),
    # The shape itself is a constant.
    (lambda s, mask: s("shape_array", "shape", mask), [], "it becomes different programs"),
])
def test_refuses(head, inputs, what, tmp_path):
    mask_symbol(tmp_path / "m-symbol.json", head)
    run = dlc("compile", tmp_path / "m-symbol.json", "--input=x=20x3", "--input=m=20", *inputs, "-o", tmp_path / "m.so",
              status=3)
    assert what in run.stderr, run.stderr
    assert not (tmp_path / "m.so").exists()


@pytest.mark.parametrize("head, least", [
    (lambda s, mask: s("topk", "topk", mask, axis=0, k=5, ret_typ="value"), 5),
    # Without an extent of 1 there are fewer.
    (lambda s, mask: s("squeeze", "squeeze", mask), 2),
    # Nothing has no greatest element, and no first one.
    (lambda s, mask: s("argmax", "argmax", mask, axis=0), 1),
    (lambda s, mask: s("take", "take", mask, s("_zeros", "zero", shape=(2,)), mode="wrap"), 1),
])
def test_needs_some(head, least, tmp_path):
    """Where MXNet can't go on, or has another model, a run fails."""
    mask_symbol(tmp_path / "m-symbol.json", head)
    dlc("compile", tmp_path / "m-symbol.json", "--input=x=20x3", "--input=m=20", "--target", "cpu,cuda", "-o",
        tmp_path / "m.so")
    x = np.random.RandomState(1).randn(20, 3).astype(np.float32)
    for count in (least - 1, least, 20):
        np.savez(tmp_path / "io.npz", **{"in:x": x, "in:m": (np.arange(20) < count).astype(np.float32)})
        for device in dlc, on_device:
            run = device("run", tmp_path / "m.so", "--io", tmp_path / "io.npz", status=3 if count < least else 0)
            if count < least:
                assert f"count(mask) is {count}, not {least} to 20" in run.stderr


@pytest.mark.parametrize("shapes, what", [
    ({"x": "20x3", "m": "19"}, "needs a mask with an element for each row of the data, but the shapes are 20x3 and 19"),
    ({"x": "20x3", "m": "20x1"}, "needs a mask with an element for each row"),
])
def test_wrong_masks(shapes, what, tmp_path):
    mask_symbol(tmp_path / "m-symbol.json")
    run = dlc("check", tmp_path / "m-symbol.json", *("--input=%s=%s" % pair for pair in shapes.items()), status=1)
    assert "node 'mask' (_contrib_boolean_mask)" in run.stdout and what in run.stdout


def test_mask_that_is_a_parameter(tmp_path):
    """The count is known before the first kernel."""
    mask_symbol(tmp_path / "m-symbol.json", lambda s, mask: s("_mul_scalar", "twice", mask, scalar=2))
    header = json.dumps({"m": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + np.array([1, 0, 0, 1, 1], np.float32).tobytes())
    dlc("compile", tmp_path / "m-symbol.json", "--params", tmp_path / "m.safetensors", "--input=x=5x3", "-o", tmp_path / "m.so")
    x = np.arange(15, dtype=np.float32).reshape(5, 3)
    np.savez(tmp_path / "io.npz", **{"in:x": x, "out:twice_output": 2 * x[[0, 3, 4]]})
    dlc("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")


def test_large_masks_on_several_threads(tmp_path):
    mask_symbol(tmp_path / "m-symbol.json", lambda s, mask: s("sqrt", "root", s("square", "square", mask)))
    rows = 200000
    dlc("compile", tmp_path / "m-symbol.json", f"--input=x={rows}x8", f"--input=m={rows}", "-o", tmp_path / "m.so")
    random = np.random.RandomState(3)
    x = random.randn(rows, 8).astype(np.float32)
    for share in (0, 0.3, 1):
        mask = (random.rand(rows) < share).astype(np.float32)
        np.savez(tmp_path / "io.npz", **{"in:x": x, "in:m": mask, "out:root_output": np.abs(x[mask != 0])})
        for threads in (1, 2, 4):
            dlc("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz", "--threads", threads)


@pytest.mark.parametrize("rows", [1, 16, 17, 256, 257, 30000, "N"])
def test_large_masks_on_gpus(rows, tmp_path):
    """What each row's place is takes sums of pieces, of pieces of these, and so on."""
    mask_symbol(tmp_path / "m-symbol.json")
    dlc("compile", tmp_path / "m-symbol.json", f"--input=x={rows}x3", f"--input=m={rows}", "--target", "cuda", "-o", tmp_path / "m.so")
    random = np.random.RandomState(3)
    for size in (1, 15, 256, 1000, 9000) if rows == "N" else (rows,):
        x = random.randn(size, 3).astype(np.float32)
        masks = [random.rand(size) < share for share in (0, 0.3, 1)] + [np.arange(size) == 0, np.arange(size) == size - 1]
        for mask in masks:
            np.savez(tmp_path / "io.npz", **{"in:x": x, "in:m": mask.astype(np.float32), "out:mask_output": x[mask]})
            on_device("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz", "--rtol", "0", "--atol", "0")
