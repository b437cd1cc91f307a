# SPDX-License-Identifier: Apache-2.0
"""Artifacts with dims through the tools: one file for all sizes. The model is the text of a plan with its code: y = 4 x
for rows of W numbers, by way of the arena."""
import ctypes
import json
import subprocess

import numpy as np
import pytest
from conftest import BUILD, ROOT, dlc

PROGRAM = """
module attributes {device.targets = [#device.target<"any", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
    features = "", dispatch = 0, vector_bytes = 16, vector_registers = 16, masks = false, l1_bytes = 32768,
    l2_bytes = 524288>], graph.model_name = "rows"} {
  device.kernel @twice : (memref<8x4xf32>) -> memref<8x4xf32> variants [#device.variant<@twice.any, tasks = 8,
    scratch_bytes = 0, dynamic_tasks = affine_map<()[s0, s1] -> (s0)>>]
  device.program @main(%x: memref<8x4xf32>, %t: memref<16x1xi32>) outputs(%y: memref<8x4xf32>)
      arena 128 align 64 lower_bound 128 weights 0
      attributes {input_names = ["x", "t"], output_names = ["y"],
        dims = [#device.dim<"N", max = 64, typical = 8>, #device.dim<"W", min = 2, multiple = 2, typical = 4>],
        dynamic_input_shapes = [affine_map<()[s0, s1] -> (s0, s1)>, affine_map<()[s0, s1] -> (s0 * 2, 1)>],
        dynamic_output_shapes = [affine_map<()[s0, s1] -> (s0, s1)>]} {
    %a = device.slot at 0 {dynamic_bytes = affine_map<()[s0, s1] -> (s0 * s1 * 4)>} : memref<8x4xf32>
    device.launch @twice(%x) outputs(%a) {flops = 32, dynamic_flops = affine_map<()[s0, s1] -> (s0 * s1)>,
      cost_ns = 1000, nodes = ["first"]} : (memref<8x4xf32>) -> memref<8x4xf32>
    device.launch @twice(%a) outputs(%y) {flops = 32, dynamic_flops = affine_map<()[s0, s1] -> (s0 * s1)>,
      cost_ns = 1000, nodes = ["second"]} : (memref<8x4xf32>) -> memref<8x4xf32>
  }
  llvm.func @twice.any(%buffers: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
    %one = llvm.mlir.constant(1 : i64) : i64
    %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
    %y_at = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %y = llvm.load %y_at : !llvm.ptr -> !llvm.ptr
    %dims_at = llvm.getelementptr %buffers[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %dims = llvm.load %dims_at : !llvm.ptr -> !llvm.ptr
    %w_at = llvm.getelementptr %dims[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %w = llvm.load %w_at : !llvm.ptr -> i64
    %first = llvm.mul %begin, %w : i64
    %last = llvm.mul %end, %w : i64
    llvm.br ^loop(%first : i64)
  ^loop(%i: i64):
    %more = llvm.icmp "slt" %i, %last : i64
    llvm.cond_br %more, ^body, ^done
  ^body:
    %from = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %value = llvm.load %from : !llvm.ptr -> f32
    %double = llvm.fadd %value, %value : f32
    %to = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    llvm.store %double, %to : f32, !llvm.ptr
    %next = llvm.add %i, %one : i64
    llvm.br ^loop(%next : i64)
  ^done:
    llvm.return
  }
}
"""


@pytest.fixture(name="artifact", scope="module")
def fixture_artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dims")
    (folder / "rows.mlir").write_text(PROGRAM)
    dlc("compile", folder / "rows.mlir", "-o", folder / "rows.so", "--header", folder / "rows.h")
    return folder / "rows.so"


def make_io(path, rows, width, twice=None, factor=4):
    x = np.random.default_rng(rows).random((rows, width), np.float32)
    np.savez(path, **{"in:x": x, "in:t": np.zeros((twice or 2 * rows, 1), np.int32), "out:y": x * np.float32(factor)})
    return path


@pytest.mark.parametrize("rows,width", [(8, 4), (1, 2), (64, 1000), (3, 6)])
def test_one_artifact_runs_at_all_sizes(artifact, rows, width, tmp_path):
    io = make_io(tmp_path / "io.npz", rows, width)
    for threads in (1, 2):
        assert dlc("verify", artifact, "--io", io, "--threads", threads).stdout.startswith("ok")
    dlc("run", artifact, "--io", io, "--output", tmp_path / "y.npz")
    assert np.array_equal(np.load(tmp_path / "y.npz")["out:y"], np.load(io)["out:y"])


def test_wrong_values_differ(artifact, tmp_path):
    io = make_io(tmp_path / "io.npz", 5, 2, factor=4.5)
    assert "DIFFER" in dlc("verify", artifact, "--io", io, status=1).stdout


def test_sizes_that_do_not_fit_are_named(artifact, tmp_path):
    for rows, width, twice, message in [
            (65, 4, None, "input 'x': N is 65, more than its bound 64 (shape 65x4)"),
            (8, 3, None, "input 'x': W is 3, not a multiple of 2 (shape 8x3)"),
            (8, 4, 15, "input 't' has shape (15, 1), the model has (16, 1) at N = 8, W = 4")]:
        io = make_io(tmp_path / "io.npz", rows, width, twice)
        for command in ("run", "verify", "bench"):
            assert message in dlc(command, artifact, "--io", io, status=3).stderr
    np.savez(tmp_path / "rank.npz", x=np.zeros(8, np.float32))
    assert "input 'x' is float32 8, but the model takes float32 NxW" in dlc(
        "run", artifact, "--io", tmp_path / "rank.npz", status=3).stderr
    np.savez(tmp_path / "one.npz", x=np.zeros((8, 4), np.float32))
    assert "no value is given for input 't' (int32 (N * 2)x1)" in dlc(
        "run", artifact, "--io", tmp_path / "one.npz", status=3).stderr


def test_random_inputs_have_chosen_sizes(artifact):
    assert "float32 8x4" in dlc("run", artifact).stdout
    assert "float32 3x10" in dlc("run", artifact, "--dim", "N=3", "--dim", "W=10").stdout
    flops = json.loads(dlc("bench", artifact, "--dim", "W=1000", "--seconds", 0.1, "--json").stdout)
    assert flops["gflops"] * flops["median_ms"] * 1e6 == pytest.approx(2 * 8 * 1000)
    for flag, message in [("N=65", "model 'rows': N is 65, more than its bound 64"), ("N=x", "gives no size"),
                          ("K=3", "has no dimension 'K' to choose; it has N, W")]:
        assert message in dlc("run", artifact, "--dim", flag, status=3).stderr
    assert "'N' is not of the form N=8" in dlc("run", artifact, "--dim", "N", status=2).stderr


def test_profile_is_of_the_sizes(artifact, tmp_path):
    dlc("run", artifact, "--dim", "N=2", "--profile", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["args"]["flops"] for event in events] == [8, 8]


def test_inspect_shows_dims(artifact):
    text = dlc("inspect", artifact).stdout
    for line in ["input     x: float32 NxW", "input     t: int32 (N * 2)x1", "output    y: float32 NxW",
                 "dim       N: from 1 to 64, typically 8", "dim       W: from 2, a multiple of 2, typically 4",
                 "arena     128 B, lower bound 128 B, for typical sizes; at least 8 B"]:
        assert line in text.splitlines(), text
    facts = json.loads(dlc("inspect", artifact, "--json").stdout)
    assert facts["inputs"][1]["shape"] == ["N * 2", 1] and facts["dims"][0]["max"] == 64
    assert facts["arena_bytes_min"] == 8 and "arena_bytes_max" not in facts


def test_header_tells_bounds(artifact):
    header = artifact.with_suffix(".h").read_text()
    assert "#define DLC_ROWS_N_MAX 64ll" in header and "#define DLC_ROWS_W_MULTIPLE 2ll" in header
    # W has no bound.
    assert "W_MAX" not in header and "ARENA_BYTES" not in header and "INPUT0_SHAPE" not in header
    program = artifact.with_suffix(".c")
    program.write_text('#include "rows.h"\nint ranks[DLC_ROWS_INPUT0_RANK == 2 ? 1 : -1];\n')
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", "-pedantic", "-fsyntax-only", program], check=True)


def test_embedded_tests_have_sizes_of_their_own(artifact, tmp_path):
    program, file = artifact.with_suffix(".mlir"), tmp_path / "tested.so"
    io = make_io(tmp_path / "io.npz", 5, 6)
    dlc("compile", program, "--embed-test", io, "-o", file)
    assert dlc("verify", file).stdout.startswith("ok")
    assert ctypes.CDLL(str(file)).dlc_self_test() == 0
    dlc("compile", program, "--embed-test", make_io(io, 5, 6, factor=5), "-o", file)
    assert "DIFFER" in dlc("verify", file, status=1).stdout
    for rows, width, twice, message in [
            (5, 3, None, "has inputs of the size 3 for 'W', which is out of its bounds"),
            (5, 6, 9, "'in:t' is int32 9x1, but the model has int32 10x1")]:
        make_io(io, rows, width, twice)
        assert message in dlc("compile", program, "--embed-test", io, "-o", file, status=3).stderr


def test_another_architecture(tmp_path):
    """The tests' host of test_aarch64.py runs the embedded test."""
    program, host = tmp_path / "rows.mlir", tmp_path / "host"
    program.write_text(PROGRAM.replace("x86_64-unknown", "aarch64-unknown").replace('"x86-64"', '"generic"'))
    dlc("compile", program, "--embed-test", make_io(tmp_path / "io.npz", 7, 10), "-o", tmp_path / "rows.so")
    subprocess.run(["clang-22", "--target=aarch64-linux-gnu", "-fuse-ld=/usr/bin/ld.lld-22", "-std=c11", "-I",
                    ROOT / "runtime" / "include", ROOT / "test" / "e2e" / "self_test_host.c", "-o", host], check=True)
    run = subprocess.run(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", host, tmp_path / "rows.so"], text=True,
                         timeout=300, capture_output=True, check=False)
    assert run.stdout.strip() == "passed", run.stdout + run.stderr


def test_artifact_alone_has_the_functions(artifact):
    """The functions behind the table that the file exports, in the order of dlc_api."""
    source = artifact.with_name("alone.c")
    source.write_text("""
#include "dlc/model.h"
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *file = dlopen(argv[argc - 1], RTLD_NOW);
  const dlc_api *api = ((dlc_model_v1_fn)dlsym(file, DLC_MODEL_V1_SYMBOL))();
  int64_t sizes[] = {3, 10}, shape[2];
  uint64_t bytes;
  if (api->model_arena_bytes_for(api->model, sizes, 2, &bytes) || bytes != 120 ||
      api->model_input_shape_for(api->model, sizes, 2, 1, shape) || shape[0] != 6 ||
      api->model_output_shape_for(api->model, sizes, 2, 0, shape) || shape[1] != 10)
    return puts(api->last_error()), 1;
  return 0;
}
""")
    program = artifact.with_name("alone")
    subprocess.run(["clang-22", "-I", ROOT / "runtime" / "include", source, "-ldl", "-o", program], check=True)
    subprocess.run([program, artifact], check=True)
    # The part of the core for dims is in this artifact.
    assert ctypes.CDLL(str(artifact)).dlc_self_test() == 2


def test_linked_in_models_have_dims(artifact):
    """An object refers to the part of libdlcrt that it needs."""
    dlc("compile", artifact.with_suffix(".mlir"), "--emit", "obj", "--name", "rows", "-o", artifact.with_suffix(".o"))
    source = artifact.with_name("linked.c")
    source.write_text("""
#include "dlc/model.h"
#include <stdio.h>
const dlc_model *dlc_rows_model_v1(void);
int main(void) {
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6];
  int32_t t[6] = {0};
  int64_t shape[] = {3, 2}, twice[] = {6, 1};
  DLTensor inputs[2] = {{x, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, NULL, 0},
                        {t, {kDLCPU, 0}, 2, {kDLInt, 32, 1}, twice, NULL, 0}};
  DLTensor output = {y, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, NULL, 0};
  dlc_session *session;
  if (dlc_session_create(dlc_rows_model_v1(), NULL, &session) ||
      dlc_session_run_tensors(session, inputs, 2, &output, 1, NULL))
    return puts(dlc_last_error()), 1;
  dlc_session_destroy(session);
  return y[5] == 24 ? 0 : 2;
}
""")
    for library in ("libdlcrt.a", "libdlcrt.so"):
        program = artifact.with_name("linked")
        subprocess.run(["clang-22", "-I", ROOT / "runtime" / "include", source, artifact.with_suffix(".o"),
                        BUILD / "lib" / library, "-lpthread", "-ldl", "-lm", f"-Wl,-rpath,{BUILD / 'lib'}",
                        "-o", program], check=True)
        subprocess.run([program], check=True)
