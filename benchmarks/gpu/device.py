# SPDX-License-Identifier: Apache-2.0
"""The devices that an artifact can run on: the emulated one, and the machine's own."""
import json
import os
import statistics
import subprocess
import sys

from conftest import BUILD

EMULATOR = BUILD / "emulator"


def emulated(**variables):
    """The environment of programs that see an emulated device."""
    return {**os.environ, "LD_LIBRARY_PATH": str(EMULATOR), **{key: str(value) for key, value in variables.items()}}


def real():
    """The environment of programs that see the machine's own devices."""
    folders = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":")
               if folder and os.path.realpath(folder) != os.path.realpath(EMULATOR)]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}


# 75 and 76: CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
ASK = """
import ctypes, sys
driver, device, values = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), [ctypes.c_int(), ctypes.c_int()]
if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
    sys.exit(1)
if any(driver.cuDeviceGetAttribute(ctypes.byref(value), 75 + i, device) for i, value in enumerate(values)):
    sys.exit(1)
print(10 * values[0].value + values[1].value)
"""


def capability(environment=None):
    """The compute capability of the first device, 90 for 9.0; None without one. Of the machine's own unless given."""
    run = subprocess.run([sys.executable, "-c", ASK], env=environment or real(), capture_output=True, text=True,
                         check=False)
    return int(run.stdout) if run.returncode == 0 else None


def times(dlc, artifact, trace, environment):
    """`{kernel: median microseconds of its runs}` on the first device of the environment."""
    subprocess.run([str(dlc), "run", str(artifact), "--device", "cuda:0", "--profile", str(trace)], env=environment,
                   check=True, capture_output=True)
    found = {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X" and "step" in event.get("args", {}):
            found.setdefault(event["name"], []).append(event["dur"])
    return {name: statistics.median(durations) for name, durations in found.items()}
