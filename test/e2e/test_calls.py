# SPDX-License-Identifier: Apache-2.0
"""A run allocates nothing and makes no system call, but to wake its threads and to wait for them."""
import json
import platform
import subprocess

import pytest
from conftest import BUILD, for_models

COUNTER = BUILD / "test" / "e2e" / "count-calls"
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the counter traps system calls of x86-64")


@for_models("lstm_lm", "squeezenet1_1")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_asks_nothing_of_the_system(model, threads):
    """Recurrent phases and convolutions, from the first run on."""
    run = subprocess.run([COUNTER, model.artifact, str(threads)], text=True, capture_output=True, check=True)
    calls = json.loads(run.stdout)
    assert calls["allocator"] == 0
    if threads == 1:
        assert calls["system"] == {}
    else:
        # The caller lets a worker on that the system has put aside.
        assert calls["system"].keys() <= {"futex", "sched_yield"}
        assert calls["system"]["futex"] > 0, "no run has woken a worker"
