# SPDX-License-Identifier: Apache-2.0
"""The memory contract: constants in a C header, and a self-test inside the artifact."""
import json
import subprocess

import numpy as np
from conftest import BUILD, ROOT, dlc, for_models

INCLUDE = ROOT / "runtime" / "include"


@for_models("digits")
def test_header_states_names_shapes_and_arena(model, tmp_path):
    header = tmp_path / "digits.h"
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "digits.so", "--header", header)
    text = header.read_text()
    assert "DLC_DIGITS_ARENA_BYTES" in text and "DLC_DIGITS_SCRATCH_BYTES_PER_THREAD" in text
    program = tmp_path / "contract.c"
    program.write_text('#include "digits.h"\n#include <stdio.h>\n'
                       'char arena[DLC_DIGITS_ARENA_BYTES + 1];\n'
                       'int main(void) { printf("%zu", sizeof arena - 1); return 0; }\n')
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", "-pedantic", f"-I{INCLUDE}", program, "-o",
                    tmp_path / "contract"], check=True)
    printed = subprocess.run([tmp_path / "contract"], capture_output=True, text=True, check=True).stdout
    assert int(printed) == model.facts["arena_bytes"]


@for_models("digits")
def test_name_sets_the_headers_prefix(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "x.so", "--header", tmp_path / "x.h", "--name", "mine")
    assert "DLC_MINE_ARENA_BYTES" in (tmp_path / "x.h").read_text()


@for_models("lenet")
def test_artifact_verifies_itself(model, tmp_path):
    artifact = tmp_path / "model.so"
    dlc("compile", model.symbol, *model.flags, "-o", artifact, "--embed-test", model.io)
    dlc("verify", artifact)


@for_models("lenet")
def test_self_test_notices_a_difference(model, tmp_path):
    wrong = dict(np.load(model.io))
    wrong["out:softmax_output"] = wrong["out:softmax_output"] + 0.1
    np.savez(tmp_path / "wrong.npz", **wrong)
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "model.so", "--embed-test", tmp_path / "wrong.npz")
    report = dlc("verify", tmp_path / "model.so", status=1)
    assert "softmax_output" in report.stdout + report.stderr


@for_models("lenet")
def test_verify_notices_a_difference(model, tmp_path):
    wrong = dict(np.load(model.io))
    wrong["out:softmax_output"] = wrong["out:softmax_output"][:, ::-1]
    np.savez(tmp_path / "wrong.npz", **wrong)
    dlc("verify", model.artifact, "--io", tmp_path / "wrong.npz", status=1)


@for_models("digits")
def test_bench_prints_one_json_object(model):
    figures = json.loads(dlc("bench", model.artifact, "--io", model.io, "--seconds", "0.05", "--json").stdout)
    assert {"median_ms", "min_ms", "p90_ms", "p99_ms", "gflops", "runs"} <= figures.keys()
    assert figures["runs"] >= 3 and 0 < figures["min_ms"] <= figures["median_ms"] <= figures["p99_ms"]


@for_models("digits")
def test_profile_is_a_trace(model, tmp_path):
    dlc("run", model.artifact, "--io", model.io, "--profile", tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    assert any(event.get("ph") == "X" for event in events)


def test_tools_that_run_artifacts_do_not_link_llvm():
    needed = subprocess.run(["ldd", BUILD / "bin" / "dlc"], capture_output=True, text=True, check=True).stdout
    assert "LLVM" not in needed and "MLIR" not in needed
