# SPDX-License-Identifier: Apache-2.0
"""The chips that times are predicted for, and where each figure is from.

What a multiprocessor holds and does in a clock: "CUDA C++ Programming Guide", the tables of compute capabilities and
of the throughput of native arithmetic instructions. Clocks and memory: NVIDIA's data sheets and papers ("A100 Tensor
Core GPU Architecture", "H100 Tensor Core GPU Architecture"); B200's memory is what its driver says (7680 bits at
3996 MHz). The clock is the one that the data sheets' tensor rates follow from.

`mma` is multiply-adds of mma.sync in a clock of a multiprocessor, with sums in float32 (int32 for s8). An A100 has no
faster instruction: the data sheet's rate. On an H100 the rest needs wgmma: rates.cu measured 682 for tf32, two thirds of
what the data sheet says, and twice and four times that for 16 and 8 bits. For a B200 nobody has published a rate of
mma.sync: it is taken to be an H100's, clock by clock.

An H100's clock, memory and L2 are measured by rates.cu, too: it ran at 1.79 GHz with busy tensor cores, and 3.09 TB/s of
the data sheet's 3.35 reach a kernel that only reads. `l2_bytes_per_clock`: the A100's paper says 5120; an H100 gave 4200;
no paper says it of a B200, for which 5120 of each die are taken. A multiprocessor takes 64 of them.
"""
import dataclasses

WARP = 32
SCHEDULERS = 4
REGISTERS = 64 << 10  # of a multiprocessor
REGISTER_UNIT = 256  # a warp's registers are a multiple of it
SHARED_UNIT = 128  # likewise a block's bytes of shared memory


@dataclasses.dataclass(frozen=True)
class Chip:
    name: str
    sm: int  # compute capability: 90 for 9.0
    multiprocessors: int
    ghz: float
    # Warp instructions of a multiprocessor in a clock.
    fp32: float
    integer: float
    fp64: float
    mma: dict  # multiply-adds of a multiprocessor in a clock, by the type of the factors
    dram_gb_s: float
    l2_bytes_per_clock: int
    l2_mib: int
    shared_kib: int  # of a multiprocessor
    block_shared_kib: int  # of one block at most
    blocks: int  # that a multiprocessor holds at most
    threads: int  # likewise
    special: float = 0.5
    issue: float = SCHEDULERS
    l1_bytes_per_clock: int = 128  # of shared memory and L1, which are one
    l2_bytes_per_multiprocessor: int = 64  # in a clock
    reserved_shared_bytes: int = 1024  # of each block


def _mma(tf32):
    """Each halving of a factor's bits doubles the rate."""
    return {name: tf32 * times for name, times in (("tf32", 1), ("f16", 2), ("bf16", 2), ("s8", 4), ("u8", 4))}


CHIPS = {chip.name: chip for chip in [
    Chip("a100", 80, 108, 1.41, 2, 2, 1, _mma(512), 2039, 5120, 40, 164, 163, 32, 2048),
    Chip("h100", 90, 132, 1.79, 4, 2, 2, _mma(682), 3090, 4200, 50, 228, 227, 32, 2048),
    Chip("b200", 100, 148, 1.965, 4, 2, 2, _mma(682), 7672, 10240, 126, 228, 227, 32, 2048),
]}
