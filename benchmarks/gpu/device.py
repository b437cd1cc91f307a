# SPDX-License-Identifier: Apache-2.0
"""The devices that an artifact can run on: the emulated one, and the machine's own."""
import ctypes
import json
import os
import statistics
import subprocess

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


def find(sm):
    """Whether the machine's first GPU has the compute capability `sm`."""
    for folder in [*real()["LD_LIBRARY_PATH"].split(":"), ""]:
        try:
            driver = ctypes.CDLL(os.path.join(folder, "libcuda.so.1"))
        except OSError:
            continue
        major, minor, handle = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(handle), 0):
            return False
        for value, attribute in ((major, 75), (minor, 76)):  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
            driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        return major.value * 10 + minor.value == sm
    return False


def times(dlc, artifact, trace, environment):
    """`{kernel: median microseconds of its runs}` on the first device of the environment."""
    subprocess.run([str(dlc), "run", str(artifact), "--device", "cuda:0", "--profile", str(trace)], env=environment,
                   check=True, capture_output=True)
    found = {}
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X" and "step" in event.get("args", {}):
            found.setdefault(event["name"], []).append(event["dur"])
    return {name: statistics.median(durations) for name, durations in found.items()}
