# SPDX-License-Identifier: Apache-2.0
"""The tool behind `./dev test --mutate` takes a pass out of any form of dlc-opt's command line."""
import importlib.util

import pytest
from conftest import ROOT

SPEC = importlib.util.spec_from_file_location("mutate", ROOT / "test" / "mutate.py")
mutate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mutate)


@pytest.mark.parametrize("before, after", [
    (["a.mlir", "--plan-arena"], ["a.mlir"]),
    (["a.mlir", "-plan-arena=alignment=64 order=size"], ["a.mlir"]),
    (["a.mlir", "--plan-arena-verify"], ["a.mlir", "--plan-arena-verify"]),
    (["--pass-pipeline=builtin.module(cse,plan-arena{alignment=64},canonicalize)"],
     ["--pass-pipeline=builtin.module(cse,canonicalize)"]),
    (["--pass-pipeline=builtin.module(func.func(plan-arena))"], ["--pass-pipeline=builtin.module()"]),
    (["--pass-pipeline=builtin.module(func.func(plan-arena),cse)"], ["--pass-pipeline=builtin.module(cse)"]),
    (["--pass-pipeline=builtin.module(cse,func.func(cse,plan-arena))"],
     ["--pass-pipeline=builtin.module(cse,func.func(cse))"]),
    (["--pass-pipeline=builtin.module(plan-arena,cse)"], ["--pass-pipeline=builtin.module(cse)"]),
])
def test_pass_is_removed(before, after):
    assert mutate.without("plan-arena", before) == after
