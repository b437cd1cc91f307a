# SPDX-License-Identifier: Apache-2.0
"""The artifact: what it depends on, what it exports, how its bytes are laid out."""
import os
import platform
import re
import shutil
import subprocess

from conftest import LLVM_BIN, dlc, for_models


def readelf(*arguments):
    return subprocess.run([LLVM_BIN / "llvm-readelf", *arguments], text=True, capture_output=True, check=True).stdout


@for_models("digits", "bert_encoder")
def test_depends_on_libc_and_libm_only(model):
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", model.artifact)))
    assert needed <= {"libc.so.6", "libm.so.6"}


@for_models("digits", "bert_encoder")
def test_needs_no_new_glibc(model):
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", readelf("-V", "--dyn-syms", model.artifact))
    assert all((int(major), int(minor)) <= (2, 28) for major, minor in versions)


@for_models("digits", "bert_encoder")
def test_exports_only_the_c_abi(model):
    exported = [line.split()[7].partition("@")[0] for line in readelf("--dyn-syms", "-W", model.artifact).splitlines()
                if re.match(r"\s*[1-9]\d*: ", line) and line.split()[6] != "UND"]
    assert "dlc_model_v1" in exported
    assert all(name.startswith("dlc_") for name in exported), exported


@for_models("digits", "bert_encoder")
def test_weights_have_a_section_of_their_own_pages(model):
    section = re.search(r"\.dlc\.weights\s+PROGBITS\s+(\w+)\s+(\w+)\s+(\w+)", readelf("-S", "-W", model.artifact))
    address, offset, size = (int(field, 16) for field in section.groups())
    assert address % 4096 == 0 and offset % 4096 == 0
    assert size >= model.facts["weights_bytes"] > 0


@for_models("digits", "bert_encoder")
def test_is_not_executable_data(model):
    headers = readelf("-l", "-W", model.artifact)
    assert not re.search(r"LOAD.*RWE", headers)
    assert re.search(r"GNU_STACK.* RW ", headers)


@for_models("digits", "lenet")
def test_same_bytes_wherever_files_lie(model, tmp_path):
    """Neither the output's name, nor the folders, nor the number of threads change a byte."""
    elsewhere = tmp_path / "other folder"
    elsewhere.mkdir()
    shutil.copy(model.symbol, elsewhere / "renamed-symbol.json")
    shutil.copy(model.params, elsewhere / "renamed-0001.params")
    shapes = [flag for flag in model.flags if str(flag).startswith("--input")]
    dlc("compile", "renamed-symbol.json", *shapes, "-o", "x.so", "--threads", "1", cwd=elsewhere)
    assert (elsewhere / "x.so").read_bytes() == model.artifact.read_bytes()


@for_models("digits")
def test_holds_no_path(model):
    image = model.artifact.read_bytes()
    assert str(model.folder).encode() not in image and b"/tmp/" not in image


@for_models("digits")
def test_one_file_serves_several_cpus(model):
    assert {target if isinstance(target, str) else target["name"] for target in model.facts["targets"]} == {
        "x86-64-v3", "x86-64-v4"}


@for_models("digits")
def test_one_cpu_can_be_chosen(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--cpu", "x86-64-v3", "-o", tmp_path / "v3.so")
    dlc("verify", tmp_path / "v3.so", "--io", model.io, "--rtol", "1e-3")
    assert (tmp_path / "v3.so").stat().st_size < model.artifact.stat().st_size


@for_models("digits")
def test_native_says_what_another_cpu_lacks(model, tmp_path):
    """Code for this machine runs here, and not where features are missing."""
    artifact = tmp_path / "native.so"
    dlc("compile", model.symbol, *model.flags, "--cpu", "native", "-o", artifact)
    dlc("verify", artifact, "--io", model.io, "--rtol", "1e-3")
    environment = {**os.environ, "DLC_CPU": "x86-64" if platform.machine() == "x86_64" else "armv8-a"}
    message = dlc("run", artifact, "--io", model.io, env=environment, status=3).stderr
    assert re.search(r"needs [\w-]+.*, which this CPU lacks", message)
