# SPDX-License-Identifier: Apache-2.0
"""The kernels of a model: which multiply matrices, their PTX, and what ptxas makes of it."""
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a thread of a kernel needs; shared memory is of a block, and only what is known before the launch."""
    registers: int
    stack_bytes: int
    spill_bytes: int
    shared_bytes: int


def find(build):
    """The program, from the toolkit that the compiler was built with or one that is installed."""
    folders = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda", "/opt/cuda"]
    folders += sorted(pathlib.Path(build).glob("cuda/lib/python3*/site-packages/nvidia/cu*"))
    for folder in filter(None, folders):
        program = pathlib.Path(folder) / "bin" / "ptxas"
        if program.exists():
            return program
    raise FileNotFoundError("ptxas: install a CUDA toolkit, or set CUDA_HOME")


def parse(log):
    """`{kernel: Usage}` from what `ptxas -v` says."""
    usages = {}
    for part in re.split(r"Compiling entry function '", log)[1:]:
        def number(pattern, part=part):
            found = re.search(pattern, part)
            return int(found[1]) if found else 0
        usages[part[:part.index("'")]] = Usage(
            number(r"Used (\d+) registers"), number(r"(\d+) bytes stack frame"),
            number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads"), number(r"(\d+) bytes smem"))
    return usages


def assemble(program, text, sm):
    """`{kernel: Usage}` of the PTX `text` on the chip `sm_SM`; raises CalledProcessError where ptxas refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "kernels.ptx"
        source.write_text(text)
        run = subprocess.run([program, "-v", "-O3", "-arch", f"sm_{sm}", source, "-o", source.with_suffix(".cubin")],
                             text=True, capture_output=True, check=True)
    return parse(run.stdout + run.stderr)


def entries(text):
    """`{kernel: its PTX}`, without what its functions are called by."""
    parts = re.split(r"^\s*\.visible \.entry ", text, flags=re.M)[1:]
    return {re.match(r"[\w$]+", part)[0]: part for part in parts}


def contractions(text):
    """The names of the kernels that multiply matrices, from what `dlc compile --emit kernels` writes."""
    parts = re.split(r"^ *kernel\.func @", text, flags=re.M)[1:]
    return {re.match(r"\w+", part)[0] for part in parts if re.search(r"^ *contract ", part, flags=re.M)}
