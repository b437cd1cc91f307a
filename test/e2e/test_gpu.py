# SPDX-License-Identifier: Apache-2.0
"""Artifacts on the machine's own GPU: what test_cuda.py runs on the emulated one, and models too large for that."""
import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import DATA, ROOT, Model, dlc, for_models, input_flags

sys.path.insert(0, str(ROOT / "benchmarks" / "gpu"))
import device  # noqa: E402
from chips import CHIPS  # noqa: E402

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


@for_models("digits", *Model.NAMES)
def test_models_agree_with_mxnet(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "model.so")
    verify(tmp_path / "model.so", model.io)


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
