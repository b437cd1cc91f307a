# SPDX-License-Identifier: Apache-2.0
"""Operators over the ranges of their attributes agree with MXNet: one artifact a family, one output a case."""
import pytest
from conftest import DATA, dlc, unpack_family

FAMILIES = sorted(path.stem for path in (DATA / "ranges").glob("*.npz"))


@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_with_mxnet(family, tmp_path):
    flags = unpack_family(family, tmp_path)
    # One CPU level: what differs between them has tests of its own.
    dlc("compile", tmp_path / "ranges-symbol.json", *flags, "--cpu", "native", "-o", tmp_path / "ranges.so")
    dlc("verify", tmp_path / "ranges.so", "--io", tmp_path / "io.npz")
