# SPDX-License-Identifier: Apache-2.0
"""Products of matrices that cublasLt computes: the stand-in for it on the emulated driver."""
import json
import os
import pathlib
import sys

import numpy as np
import pytest
from conftest import BUILD, DATA, Symbol, dlc, for_models, input_flags, on_device, unpack_family

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from products import save_random_product  # noqa: E402

# Operators that products of matrices come from.
CASES = ["FC", "FC_nobias_noflat", "batch_dot_01", "batch_dot_10", "batch_dot_11", "dot_10", "dot_11", "dot_nd"]
GEMM = ["--target", "cuda", "--gemm", "cublas"]


def products(artifact):
    """`{kernel: its product}` of the kernels that the library computes."""
    facts = json.loads(dlc("inspect", artifact, "--json").stdout)
    return {kernel["name"]: kernel["cuda"]["gemm"] for kernel in facts["kernels"] if "gemm" in kernel["cuda"]}


@pytest.mark.parametrize("case", CASES)
def test_operators_agree_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, *GEMM, "-o", tmp_path / "op.so")
    assert len(products(tmp_path / "op.so")) == 1
    on_device("verify", tmp_path / "op.so", "--io", folder / "io.npz", DLC_EMULATOR_LEAKS="1")


@pytest.mark.parametrize("family", ["layers", "linalg"])
def test_ranges_agree_with_mxnet(family, tmp_path):
    flags = unpack_family(family, tmp_path)
    dlc("compile", tmp_path / "ranges-symbol.json", *flags, *GEMM, "-o", tmp_path / "ranges.so")
    assert products(tmp_path / "ranges.so")
    on_device("verify", tmp_path / "ranges.so", "--io", tmp_path / "io.npz")


@pytest.mark.parametrize("steps", [{}, {"DLC_CUDA_GRAPHS": "0"}, {"DLC_EMULATOR_ASYNC": "1"}])
@for_models("mlp", "bert_encoder", "lenet")
def test_models_agree_with_mxnet(model, steps, tmp_path):
    dlc("compile", model.symbol, *model.flags, *GEMM, "-o", tmp_path / "model.so")
    assert len(products(tmp_path / "model.so")) == {"mlp": 3, "bert_encoder": 3, "lenet": 1}[model.name]
    on_device("verify", tmp_path / "model.so", "--io", model.io, "--rtol", "1e-3", DLC_EMULATOR_LEAKS="1", **steps)
    # Often enough to be a graph.
    on_device("bench", tmp_path / "model.so", "--seconds", "0", DLC_EMULATOR_LEAKS="1", **steps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(12))
def test_random_products(seed, dtype, tmp_path):
    flags, io = save_random_product(seed, dtype, tmp_path)
    dlc("compile", tmp_path / "model-symbol.json", *flags, *GEMM, "-o", tmp_path / "model.so")
    assert [gemm["compute"] for gemm in products(tmp_path / "model.so").values()] == [dtype]
    on_device("verify", tmp_path / "model.so", "--io", io, DLC_EMULATOR_LEAKS="1")


@pytest.mark.parametrize("precision, error", [("tf32", 2e-3), ("float16", 2e-3), ("bfloat16", 2e-2)])
@for_models("bert_encoder")
def test_lower_precisions(model, precision, error, tmp_path):
    dlc("compile", model.symbol, *model.flags, *GEMM, "--precision", precision, "-o", tmp_path / "model.so")
    assert {gemm["compute"] for gemm in products(tmp_path / "model.so").values()} == {precision}
    on_device("verify", tmp_path / "model.so", "--io", model.io, "--rtol", str(error), "--atol", "1e-3")
    on_device("verify", tmp_path / "model.so", "--io", model.io, status=1)


def save_dense(folder, rows, columns, depth):
    symbol = Symbol()
    x, w, bias = (symbol("null", name) for name in ("x", "w", "bias"))
    head = symbol("FullyConnected", "fc", x, w, bias, num_hidden=columns)
    symbol.save(folder / "model-symbol.json", head)
    return [f"--input=x={rows}x{depth}", f"--input=w={columns}x{depth}", f"--input=bias={columns}"]


@pytest.mark.parametrize("flags, count", [
    (["--gemm", "auto", "--sm", "90", "--precision", "tf32"], 1),
    (["--gemm", "generated", "--sm", "90", "--precision", "tf32"], 0),
    (["--sm", "90"], 0),  # float32 has FMAs only in the library
    (["--precision", "tf32"], 1),  # of compute capability 8.0
    (["--gemm", "cublas"], 1),
])
def test_choice_for_a_large_product(flags, count, tmp_path):
    shapes = save_dense(tmp_path, 4096, 4096, 4096)
    dlc("compile", tmp_path / "model-symbol.json", *shapes, "--target", "cuda", *flags, "-o", tmp_path / "model.so",
        "--report", tmp_path / "report.html")
    found = products(tmp_path / "model.so")
    assert len(found) == count
    assert all(gemm["required"] == ("cublas" in flags) for gemm in found.values())
    reason = {1: "dense_0 is a product of the library", 0: "dense_0 stays generated code: "}[count]
    assert (reason in (tmp_path / "report.html").read_text()) == ("generated" not in flags)
    assert ("cublasLt 4096x4096x4096" in dlc("inspect", tmp_path / "model.so", "--kernels").stdout) == (count == 1)


@for_models("mlp")
def test_small_products_stay_generated(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "--sm", "90", "--precision", "tf32",
        "-o", tmp_path / "model.so")
    assert not products(tmp_path / "model.so")


@for_models("mlp")
def test_one_file_for_both(model, tmp_path):
    """The CPU packs the weights, which lie as the library wants them, when it runs."""
    dlc("compile", model.symbol, *model.flags, "--target", "cpu,cuda", "--gemm", "cublas", "-o", tmp_path / "model.so")
    assert len(products(tmp_path / "model.so")) == 3
    dlc("verify", tmp_path / "model.so", "--io", model.io)
    on_device("verify", tmp_path / "model.so", "--io", model.io)


@pytest.mark.parametrize("stage", ["kernels", "plan", "llvm", "asm"])
@for_models("bert_encoder")
def test_stages_end_in_the_same_bytes(model, stage, tmp_path):
    target = ["--target", "cuda", "--precision", "tf32"]
    dlc("compile", model.symbol, *model.flags, *target, "--gemm", "cublas", "-o", tmp_path / "whole.so")
    dlc("compile", model.symbol, *model.flags, *target, "--gemm", "cublas", "--emit", stage,
        "-o", tmp_path / "text.mlir")
    if stage in ("kernels", "plan", "llvm"):
        assert "#device.gemm<" in (tmp_path / "text.mlir").read_text() or stage == "llvm"
    dlc("compile", tmp_path / "text.mlir", *(target if stage in ("kernels", "plan") else []),
        "-o", tmp_path / "parts.so")
    assert (tmp_path / "whole.so").read_bytes() == (tmp_path / "parts.so").read_bytes()


@for_models("mlp")
def test_without_the_library(model, tmp_path):
    """Beside a library that isn't one, or, if a toolkit is there, its own, which doesn't start on the emulated driver."""
    (tmp_path / "libcuda.so.1").symlink_to(BUILD / "emulator" / "libcuda.so.1")
    (tmp_path / "libcublasLt.so.13").write_text("nothing")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    run = ["verify", tmp_path / "model.so", "--io", model.io, "--device", "cuda:0"]
    dlc("compile", model.symbol, *model.flags, *GEMM, "-o", tmp_path / "model.so")
    found = dlc(*run, env=environment, status=3).stderr
    assert "was compiled with --gemm=cublas, but " in found and "compile it with --gemm=auto or generated" in found
    assert found.count("\n") == 1
    # What needn't be there isn't missed: as auto would make it of a larger model.
    dlc("compile", model.symbol, *model.flags, *GEMM, "--emit", "kernels", "-o", tmp_path / "text.mlir")
    text = (tmp_path / "text.mlir").read_text()
    assert text.count(", required = true") == 3
    (tmp_path / "text.mlir").write_text(text.replace(", required = true", ""))
    dlc("compile", tmp_path / "text.mlir", "--target", "cuda", "-o", tmp_path / "model.so")
    assert not any(gemm["required"] for gemm in products(tmp_path / "model.so").values())
    dlc(*run, env=environment)


@pytest.mark.parametrize("flags, message", [
    (["--target", "cuda", "--gemm", "cutlass"], "--gemm 'cutlass' is not one of auto, generated, cublas"),
    (["--gemm", "cublas"], "--gemm=cublas is for GPUs: give --target cuda"),
])
def test_bad_flags(flags, message, tmp_path):
    shapes = save_dense(tmp_path, 4, 4, 4)
    run = dlc("compile", tmp_path / "model-symbol.json", *shapes, *flags, "-o", tmp_path / "model.so", status=3)
    assert run.stderr == f"error: {tmp_path / 'model-symbol.json'}: {message} [DLC0506]\n"
