# SPDX-License-Identifier: Apache-2.0
"""How much memory a run takes."""
import os
import subprocess

import pytest
from conftest import BUILD, for_models


@for_models("resnet50_v1")
@pytest.mark.parametrize("threads", [1, 2])
def test_peak_is_weights_and_arena(model, threads):
    """Weights are mapped once and never copied; all else (code, tensors, scratch memory, stacks) fits into 12 MB."""
    command = [BUILD / "bin" / "dlc", "bench", model.artifact, "--seconds", "0", "--threads", str(threads)]
    bench = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(bench.pid, 0)
    assert status == 0
    peak = usage.ru_maxrss * 1024
    stored = model.facts["weights_bytes"]
    assert stored < peak <= stored + model.facts["arena_bytes"] + 12e6
