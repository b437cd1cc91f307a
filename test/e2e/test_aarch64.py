# SPDX-License-Identifier: Apache-2.0
"""Artifacts for AArch64: made on any machine, run here by an emulator."""
import re
import subprocess

import numpy as np
import pytest
from conftest import DATA, LLVM_BIN, ROOT, dlc, for_models, input_flags, unpack_counting, unpack_family

LIBRARIES = "/usr/aarch64-linux-gnu"
# Contractions, windows, reductions, gathers, sorting, suppression, half precision, polynomials and functions of libm.
OPERATORS = ["BilinearResize2D", "Convolution_3x3", "Convolution_group", "Embedding", "Pooling_avg", "RNN_lstm_bi_2",
             "ROIAlign_adaptive", "batch_dot_01", "box_nms_forced", "cast_f16", "softmax", "sort_descending",
             "topk_both", "unary_erf", "unary_gammaln"]


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """A program that runs an artifact's embedded test."""
    program = tmp_path_factory.mktemp("host") / "self_test_host"
    subprocess.run(["clang-22", "--target=aarch64-linux-gnu", "-fuse-ld=/usr/bin/ld.lld-22", "-std=c11", "-Wall",
                    "-Werror", f"-I{ROOT / 'runtime' / 'include'}", ROOT / "test" / "e2e" / "self_test_host.c",
                    "-o", program], check=True)
    return program


def emulate(host, artifact, cpu, status=0):
    """Runs the embedded test of `artifact` on `cpu` and returns what it prints."""
    run = subprocess.run(["qemu-aarch64", "-L", LIBRARIES, "-cpu", cpu, host, artifact], text=True, timeout=300,
                         capture_output=True, check=False)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout.strip()


@for_models("digits", "mlp", "lenet")
def test_model_passes_its_test(model, host, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--cpu", "neoverse-n1", "--embed-test", model.io, "-o",
        tmp_path / "model.so")
    assert emulate(host, tmp_path / "model.so", "neoverse-n1") == "passed"


@pytest.mark.parametrize("case", OPERATORS)
def test_operator_passes_its_test(case, host, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "--cpu", "armv8-a", "--embed-test",
        folder / "io.npz", "-o", tmp_path / "op.so")
    assert emulate(host, tmp_path / "op.so", "cortex-a57") == "passed"


def test_quantized_layers_pass_their_test(host, tmp_path):
    flags = unpack_family("quantized", tmp_path)
    dlc("compile", tmp_path / "ranges-symbol.json", *flags, "--cpu", "armv8-a", "--embed-test", tmp_path / "io.npz", "-o",
        tmp_path / "ranges.so")
    assert emulate(host, tmp_path / "ranges.so", "cortex-a57") == "passed"


@pytest.mark.parametrize("case", ["rows_through_a_network", "mask_of_a_mask", "orders"])
def test_shapes_that_depend_on_values(case, host, tmp_path):
    for path in unpack_counting(case, tmp_path):
        with np.load(path) as io:
            flags = list(input_flags(io))
        dlc("compile", tmp_path / "model-symbol.json", *flags, "--cpu", "armv8-a", "--embed-test", path, "-o",
            tmp_path / "model.so")
        assert emulate(host, tmp_path / "model.so", "cortex-a57") == "passed"


@for_models("mlp")
def test_the_best_target_is_chosen(model, host, tmp_path):
    """Features come from the kernel: what a CPU lacks is not run on it."""
    flags = [*model.flags, "--embed-test", model.io]
    dlc("compile", model.symbol, *flags, "--cpu", "neoverse-v1", "-o", tmp_path / "v1.so")
    assert "BF16, which this CPU lacks" in emulate(host, tmp_path / "v1.so", "neoverse-n1", status=6)
    dlc("compile", model.symbol, *flags, "--cpu", "neoverse-v1,cortex-a72", "-o", tmp_path / "both.so")
    for cpu in ("cortex-a72", "max"):
        assert emulate(host, tmp_path / "both.so", cpu) == "passed"


@for_models("digits")
def test_fits_the_system(model, tmp_path):
    """The same promises as on x86-64: libc and libm alone, an old glibc, pages of any size."""
    dlc("compile", model.symbol, *model.flags, "--cpu", "cortex-a76", "-o", tmp_path / "model.so")
    dynamic = subprocess.run([LLVM_BIN / "llvm-readelf", "-d", "-l", "-V", "-h", tmp_path / "model.so"], text=True,
                             capture_output=True, check=True).stdout
    assert "AArch64" in dynamic
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) <= {"libc.so.6", "libm.so.6"}
    assert "GLIBC" not in dynamic
    alignments = re.findall(r"^  LOAD .* (0x\w+)$", dynamic, re.MULTILINE)
    assert alignments and all(int(alignment, 16) >= 65536 for alignment in alignments)


@for_models("digits")
def test_tools_on_another_machine(model, tmp_path):
    """Metadata can be read anywhere; the code can't be run on x86-64."""
    artifact = tmp_path / "model.so"
    dlc("compile", model.symbol, *model.flags, "--cpu", "neoverse-n1", "-o", artifact)
    assert "neoverse-n1" in dlc("inspect", artifact, "--kernels").stdout
    for command in ("run", "bench", "verify"):
        message = dlc(command, artifact, "--io", model.io, status=3).stderr
        assert "is compiled for AArch64, but this machine is x86-64" in message


@for_models("digits")
def test_assembly_goes_on_to_the_same_artifact(model, tmp_path):
    flags = [*model.flags, "--cpu", "neoverse-n1", "--name", "digits"]
    dlc("compile", model.symbol, *flags, "-o", tmp_path / "model.so")
    dlc("compile", model.symbol, *flags, "--emit", "asm", "-o", tmp_path / "model.s")
    dlc("compile", tmp_path / "model.s", "-o", tmp_path / "again.so")
    assert (tmp_path / "again.so").read_bytes() == (tmp_path / "model.so").read_bytes()


@for_models("digits")
def test_one_file_is_for_one_architecture(model, tmp_path):
    message = dlc("compile", model.symbol, *model.flags, "--cpu", "x86-64-v3,neoverse-n1", "-o", tmp_path / "model.so",
                  status=3).stderr
    assert "'x86-64-v3' and 'neoverse-n1' are of different architectures" in message
    assert not (tmp_path / "model.so").exists()
