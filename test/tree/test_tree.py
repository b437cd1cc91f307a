# SPDX-License-Identifier: Apache-2.0
"""Rules for the tree itself: include direction, file sizes, heads, formatting."""
import re
import subprocess

import pytest
from conftest import ROOT

# Folder -> the folders whose headers it may include (the README draws this).
MAY_INCLUDE = {
    "dialects": set(),
    "passes": {"dialects"},
    "codegen": {"dialects", "runtime/include/dlc/abi.h"},
    # tools/npz reads files and knows nothing of the tools.
    "compiler": {"passes", "codegen", "dialects", "runtime/include/dlc/abi.h", "tools/npz"},
    "tools": {"compiler", "passes", "dialects", "runtime/include"},
    "runtime": set(),
    "examples": {"runtime/include"},
}
MAX_LINES = 600
MAX_BYTES = 1_000_000


def tracked(*patterns):
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.splitlines()]


def included(path):
    """The project's own files that `path` includes, relative to the root; generated ones too."""
    for name in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(), re.M):
        if name.startswith("dlc/"):
            yield f"runtime/include/{name}"
        elif name.partition("/")[0] in MAY_INCLUDE:
            yield name


def is_allowed(folder, target):
    allowed = MAY_INCLUDE[folder] | {folder}
    return any(target == rule or target.startswith(rule + "/") for rule in allowed)


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_includes_point_one_way(folder):
    wrong = [f"{path.relative_to(ROOT)} includes {target}"
             for path in tracked(f"{folder}/*.h", f"{folder}/*.cpp", f"{folder}/*.c", f"{folder}/*.td")
             for target in included(path) if not is_allowed(folder, target)]
    assert not wrong, "\n".join(wrong)


def test_public_headers_stand_alone():
    for header in tracked("runtime/include/dlc/*.h", "tools/predict/include/*.h"):
        subprocess.run(["clang-22", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only",
                        f"-I{ROOT / 'runtime' / 'include'}", "-x", "c", header], check=True)


def test_files_are_short():
    sources = tracked("*.cpp", "*.h", "*.c", "*.td", "*.py", "*.mlir", "dev")
    long = {str(path.relative_to(ROOT)): count for path in sources
            if (count := path.read_text().count("\n")) > MAX_LINES}
    assert not long


def test_files_are_small():
    large = {str(path.relative_to(ROOT)): size for path in tracked() if (size := path.stat().st_size) > MAX_BYTES}
    assert not large


def test_every_source_names_its_licence():
    sources = tracked("*.cpp", "*.h", "*.c", "*.td", "*.py", "*.cmake", "*CMakeLists.txt", "dev", ".ci/run")
    bare = [str(path.relative_to(ROOT)) for path in sources
            if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:200]]
    assert not bare


def test_cpp_is_formatted():
    run = subprocess.run([ROOT / "dev", "format", "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_every_pass_has_a_test():
    flags = [flag for path in tracked("*/Passes.td") for flag in re.findall(r'Pass<\s*"([^"]+)"', path.read_text())]
    names = [path.stem for path in tracked("test/*.mlir")]
    untested = [flag for flag in flags if not any(name == flag or name.startswith(f"{flag}-") for name in names)]
    assert not untested
