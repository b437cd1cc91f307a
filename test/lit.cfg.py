# SPDX-License-Identifier: Apache-2.0
# The lit suite: which files are tests, where the tools are, and what the host
# can execute.
import os
import platform

import lit.formats

config.name = "dlc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data", "e2e", "equivalence", "tree", "Inputs"]
config.test_source_root = os.path.join(config.dlc_source_dir, "test")
config.test_exec_root = os.path.join(config.dlc_build_dir, "test")

tools = [os.path.join(config.dlc_build_dir, "bin"), config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--dump-input=fail"
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
config.substitutions.append(("%source", config.dlc_source_dir))
config.substitutions.append(("%build", config.dlc_build_dir))

# `--param mutate=PASS` runs dlc-opt with that pass taken out of its pipeline
# (see mutate.py).
mutated = lit_config.params.get("mutate")
if mutated:
    script = os.path.join(config.test_source_root, "mutate.py")
    config.substitutions.append((r"\bdlc-opt\b", f"{script} --opt {mutated}"))


def host_features():
    """The instruction sets that the host executes, named as a test requires them."""
    if platform.machine() != "x86_64":
        return set()
    with open("/proc/cpuinfo") as info:
        flags = next((set(line.split()) for line in info if line.startswith("flags")), set())
    features = {"x86-64"}
    if {"avx2", "fma"} <= flags:
        features.add("avx2")
    if {"avx512f", "avx512vl", "avx512dq", "avx512bw"} <= flags:
        features.add("avx512")
    return features


config.available_features |= host_features()
