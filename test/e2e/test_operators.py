# SPDX-License-Identifier: Apache-2.0
"""Single operators agree with MXNet; every argument is an input, so that nothing folds away."""
import numpy as np
import pytest
from conftest import DATA, dlc, input_flags

CASES = sorted(path.name for path in (DATA / "ops").iterdir())


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "-o", tmp_path / "op.so")
    dlc("verify", tmp_path / "op.so", "--io", folder / "io.npz")
