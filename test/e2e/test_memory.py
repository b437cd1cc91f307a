# SPDX-License-Identifier: Apache-2.0
"""How much memory a run takes."""
import subprocess
import sys

import pytest
from conftest import BUILD, for_models

# A process counts what its parent had when it was made: this one has little.
LAUNCHER = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@for_models("resnet50_v1")
@pytest.mark.parametrize("threads", [1, 2])
def test_peak_is_weights_and_arena(model, threads):
    """Weights are mapped once and never copied; all else (code, tensors, scratch memory, stacks) fits into 12 MB."""
    command = [BUILD / "bin" / "dlc", "bench", model.artifact, "--seconds", "0", "--threads", str(threads)]
    run = subprocess.run([sys.executable, "-c", LAUNCHER, *map(str, command)], capture_output=True, text=True, check=True)
    peak = int(run.stdout.splitlines()[-1]) * 1024
    stored = model.facts["weights_bytes"]
    assert stored < peak <= stored + model.facts["arena_bytes"] + 12e6
