# SPDX-License-Identifier: Apache-2.0
"""Artifacts on the machine's own GPU: what test_cuda.py runs on the emulated one, and models too large for that."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import DATA, ROOT, Model, dlc, for_models, input_flags, unpack_counting

sys.path.insert(0, str(ROOT / "benchmarks" / "gpu"))
import device  # noqa: E402
from chips import CHIPS  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from products import DEEP, save_random_product  # noqa: E402

CAPABILITY = device.capability()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(CAPABILITY is None, reason="no GPU with a driver")]
# To the 32 bits that MXNet's answers have, summed in another order.
TOLERANCE = ["--rtol", "1e-3"]


def verify(artifact, io):
    return dlc("verify", artifact, "--io", io, *TOLERANCE, "--device", "cuda:0", env=device.real())


@pytest.mark.parametrize("case", sorted(path.name for path in (DATA / "ops").iterdir()))
def test_operators_agree_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "--target", "cuda", "-o", tmp_path / "op.so")
    verify(tmp_path / "op.so", folder / "io.npz")


@pytest.mark.parametrize("case", sorted(path.stem for path in (DATA / "counting").glob("*.npz")))
def test_counts_agree_with_mxnet(case, tmp_path):
    paths = unpack_counting(case, tmp_path)
    with np.load(paths[0]) as io:
        flags = list(input_flags(io))
    dlc("compile", tmp_path / "model-symbol.json", *flags, "--target", "cuda", "-o", tmp_path / "model.so")
    for path in paths:
        verify(tmp_path / "model.so", path)


@for_models("text_cnn", "bert_encoder", "unet", "squeezenet1_1")
def test_any_batch_agrees_with_mxnet(model, tmp_path):
    flags = ["--params", model.params]
    for name, shape in model.table["inputs"].items():
        flags.append(f"--input={name}=N{''.join(f'x{extent}' for extent in shape[1:])}")
    dlc("compile", model.symbol, *flags, "--target", "cuda", "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", model.io)


@for_models("digits", *Model.NAMES)
def test_models_agree_with_mxnet(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", model.io)


def has_cublas():
    """Whether the loader or the runtime's own look into the toolkit finds it."""
    names = [f"{folder}libcublasLt.so.{major}" for major in (13, 12, 11) for folder in ("", "/usr/local/cuda/lib64/")]
    ask = "import ctypes, sys\nfor name in sys.argv[1:]:\n try: sys.exit(not ctypes.CDLL(name))\n except OSError: pass\nsys.exit(1)"
    return subprocess.run([sys.executable, "-c", ask, *names], env=device.real(), check=False).returncode == 0


needs_cublas = pytest.mark.skipif(not has_cublas(), reason="no libcublasLt: name its folder in LD_LIBRARY_PATH")
GEMM = ["--target", "cuda", "--gemm", "cublas"]


@needs_cublas
@pytest.mark.parametrize("case", ["FC", "FC_nobias_noflat", "batch_dot_01", "batch_dot_10", "batch_dot_11", "dot_10",
                                  "dot_11", "dot_nd"])
def test_products_of_the_library_agree_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, *GEMM, "-o", tmp_path / "op.so")
    verify(tmp_path / "op.so", folder / "io.npz")


@pytest.mark.parametrize("seed", range(24))
def test_random_products(seed, tmp_path):
    """Of those of a long depth blocks compute parts."""
    sizes = [DEEP] if seed % 2 else []
    flags, io = save_random_product(seed, "float32", tmp_path, *sizes)
    dlc("compile", tmp_path / "model-symbol.json", *flags, "--target", "cuda", "--gemm", "generated",
        "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", io, "--rtol", "1e-3", "--atol", "1e-3", "--device", "cuda:0",
        env=device.real())


@needs_cublas
@pytest.mark.parametrize("seed", range(24))
def test_random_products_of_the_library(seed, tmp_path):
    flags, io = save_random_product(seed, "float32", tmp_path)
    dlc("compile", tmp_path / "model-symbol.json", *flags, *GEMM, "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", io)


@needs_cublas
@pytest.mark.parametrize("graphs", ["0", "1"])
@for_models("mlp", "bert_encoder", "vgg11")
def test_models_with_products_of_the_library(model, graphs, tmp_path):
    dlc("compile", model.symbol, *model.flags, *GEMM, "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", model.io)
    environment = {**device.real(), "DLC_CUDA_GRAPHS": graphs}
    dlc("bench", tmp_path / "model.so", "--device", "cuda:0", "--seconds", "0.1", env=environment)


@needs_cublas
@pytest.mark.parametrize("precision, error", [("float32", 1e-5), ("tf32", 2e-3), ("float16", 2e-3), ("bfloat16", 2e-2)])
@for_models("bert_encoder")
def test_precisions_of_the_library(model, precision, error, tmp_path):
    """float32 is not tf32; the others are as near as their mantissas let them."""
    dlc("compile", model.symbol, *model.flags, *GEMM, "--precision", precision, "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", model.io, "--rtol", str(error), "--atol", "1e-3" if error > 1e-4 else
        "1e-5", "--device", "cuda:0", env=device.real())


@for_models("resnet18_v1", "bert_encoder")
def test_predictions_stand_beside_times(model, tmp_path):
    chip = next((chip.name for chip in CHIPS.values() if chip.sm == CAPABILITY), None)
    if not chip:
        pytest.skip(f"times are predicted for {', '.join(CHIPS)}")
    subprocess.run([sys.executable, ROOT / "benchmarks" / "gpu" / "gpu.py", model.name, "--chip", chip, "--json",
                    tmp_path / "out.json"], check=True, capture_output=True)
    kernels = json.loads((tmp_path / "out.json").read_text())[0]["kernels"]
    assert all(kernel["device_us"] > 0 for kernel in kernels)
    # A prediction is the least that a launch can take.
    assert sum(one["us"] * one["runs"] for one in kernels) < sum(one["device_us"] * one["runs"] for one in kernels)
