# SPDX-License-Identifier: Apache-2.0
"""Single operators agree with MXNet; every argument is an input, so that nothing folds away."""
import numpy as np
import pytest
from conftest import DATA, dlc, input_flags, run_operator

CASES = sorted(path.name for path in (DATA / "ops").iterdir())


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "-o", tmp_path / "op.so")
    dlc("verify", tmp_path / "op.so", "--io", folder / "io.npz")


@pytest.mark.parametrize("shape", [(40000, 5), (1 << 20,), (3, 70001)])
def test_means_of_many_keep_their_digits(shape, tmp_path):
    """Of small numbers, of which each would lose the same digits behind a large sum."""
    x = np.exp(-8 * np.random.RandomState(0).rand(*shape)).astype(np.float32)
    got = run_operator(tmp_path, "mean", {}, x)
    np.testing.assert_allclose(got, x.mean(dtype=np.float64), rtol=2e-6)
