# SPDX-License-Identifier: Apache-2.0
"""Operators over the ranges of their attributes agree with MXNet: one artifact a family, one output a case."""
import numpy as np
import pytest
from conftest import DATA, dlc, input_flags

FAMILIES = sorted(path.stem for path in (DATA / "ranges").glob("*.npz"))


@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_with_mxnet(family, tmp_path):
    with np.load(DATA / "ranges" / f"{family}.npz") as archive:
        (tmp_path / "ranges-symbol.json").write_bytes(archive["symbol"].tobytes())
        np.savez(tmp_path / "io.npz", **{key: archive[key] for key in archive.files if key != "symbol"})
        flags = list(input_flags(archive))
    # One CPU level: what differs between them has tests of its own.
    dlc("compile", tmp_path / "ranges-symbol.json", *flags, "--cpu", "native", "-o", tmp_path / "ranges.so")
    dlc("verify", tmp_path / "ranges.so", "--io", tmp_path / "io.npz")
