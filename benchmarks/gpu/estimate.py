# SPDX-License-Identifier: Apache-2.0
"""How long a launch takes on a chip, from what the emulator counted of it. Runs nothing."""
import dataclasses
import math
import re

from chips import REGISTER_UNIT, REGISTERS, SCHEDULERS, SHARED_UNIT, WARP

SECTOR = 32  # bytes
# Cycles from the last warp's arrival at a barrier until all go on, in which the other blocks of a multiprocessor work.
BARRIER_CYCLES = 30


@dataclasses.dataclass
class Launch:
    """A kernel's launch, or those of all its phases, one after the other."""
    kernel: str
    blocks: int  # of one phase
    threads: int
    dynamic_shared: int  # bytes
    flops: int
    bytes: int  # of the buffers that it is given, each once
    phases: list  # what all blocks do in each of them, under the emulator's names
    registers: int = 0
    static_shared: int = 0  # bytes
    spill_bytes: int = 0
    types: tuple = ()  # of the factors of its mma instructions
    is_contraction: bool = False
    products: int = 1  # of mma for one of the model's


def scaled(counts):
    """The counts of a whole launch, of which some blocks ran."""
    factor = math.prod(counts["grid"]) / counts["blocks"]
    return {key: value * (1 if key == "largestBlock" else factor) for key, value in counts.items()
            if isinstance(value, int)}


def total(counts):
    """The sums of several counts."""
    return {key: sum(one.get(key, 0) for one in counts) for key in {key for one in counts for key in one}}


def mean(counts):
    return {key: value / len(counts) for key, value in total(counts).items()}


def sectors(counts):
    return counts["globalLoadSectors"] + counts["globalStoreSectors"]


def mma_types(text):
    """The types of the factors of the mma instructions in a kernel's PTX."""
    found = re.findall(r"\bmma\.sync\.aligned\.([\w.]+)", text)
    return tuple(sorted({name.split(".")[-3] for name in found}))


def resident_blocks(chip, launch):
    """How many blocks a multiprocessor holds at once, and what keeps it from holding more."""
    warps = -(-launch.threads // WARP)
    limits = {"blocks": chip.blocks, "threads": chip.threads // WARP // warps}
    if launch.registers:
        of_warp = -(-launch.registers * WARP // REGISTER_UNIT) * REGISTER_UNIT
        limits["registers"] = REGISTERS // SCHEDULERS // of_warp * SCHEDULERS // warps
    shared = launch.dynamic_shared + launch.static_shared + chip.reserved_shared_bytes
    limits["shared memory"] = (chip.shared_kib << 10) // (-(-shared // SHARED_UNIT) * SHARED_UNIT)
    limit = min(limits, key=limits.get)
    return limits[limit], limit


def occupancy(chip, launch):
    """The share of the warps that a multiprocessor could hold, and what limits it; of a grid that is large enough."""
    blocks, limit = resident_blocks(chip, launch)
    return blocks * -(-launch.threads // WARP) * WARP / chip.threads, limit


def tensor_rate(chip, launch):
    """Multiply-adds of a multiprocessor in a clock by mma.sync; 0 without such instructions."""
    return min((chip.mma[name] for name in launch.types if name in chip.mma), default=0)


def busiest_blocks(chip, launch, counts):
    """`(blocks of the busiest multiprocessor, how many such blocks the launch has)`.

    Multiprocessors get whole blocks. A kernel may have small ones beside those that count, and tiles at an edge are
    smaller: a launch whose blocks differ is taken for one of as many of the largest ones as do its work, but for a
    remainder of 3 %, which small blocks spread.
    """
    number = max(1.0, counts["instructions"] / counts["largestBlock"])
    whole = launch.blocks if number > 0.97 * launch.blocks else max(1.0, 0.97 * number)
    return math.ceil(whole / chip.multiprocessors), number


def terms(chip, launch, counts):
    """`{resource: microseconds}` that a phase keeps each resource busy for, if it waits for no other.

    The busiest multiprocessor decides; too few warps leave schedulers without work.
    """
    busiest, number = busiest_blocks(chip, launch, counts)
    share = max(busiest / number, 1 / chip.multiprocessors)
    resident = min(busiest, max(1, resident_blocks(chip, launch)[0]))
    warps = -(-launch.threads // WARP)
    used = min(1.0, resident * warps / SCHEDULERS)

    def cycles(amount, rate):
        """Of the busiest multiprocessor, which does `rate` in a clock, where the launch does `amount`."""
        return amount * share / rate

    moved = sectors(counts) * SECTOR
    # What cp.async brings is written to shared memory at once, which its wavefronts are.
    loaded = counts["sharedWavefronts"] * chip.l1_bytes_per_clock + moved - counts["asyncLoadSectors"] * SECTOR
    clocks = {
        # ptxas has no instruction for most moves.
        "issue": cycles(counts["instructions"] - counts["move"], chip.issue * used),
        "float": cycles(counts["floating"] + counts["half"], chip.fp32 * used)
        + cycles(counts["double"], chip.fp64 * used),
        "integer": cycles(counts["integer"] + counts["convert"], chip.integer * used),
        "special": cycles(counts["special"], chip.special * used),
        "tensor": cycles(counts["matrixFlops"] / 2, (tensor_rate(chip, launch) or math.inf) * used),
        "L1": cycles(loaded, chip.l1_bytes_per_clock),
        "L2": max(moved / chip.l2_bytes_per_clock, cycles(moved, chip.l2_bytes_per_multiprocessor)),
        "barrier": cycles(counts["barriers"] / warps, resident / BARRIER_CYCLES),
    }
    found = {name: value / chip.ghz / 1e3 for name, value in clocks.items()}
    # Of the buffers, what the phase reads and writes of all that is.
    of_all = sum(map(sectors, launch.phases))
    share = sectors(counts) / of_all if of_all else 1 / len(launch.phases)
    found["DRAM"] = launch.bytes * share / chip.dram_gb_s / 1e3
    return found


def roofline(chip, launch):
    """`(microseconds, what bounds it)`: the launch's FLOPs at the full rate of what it computes with, and its buffers
    once through memory."""
    rate = tensor_rate(chip, launch) / launch.products or chip.fp32 * WARP
    compute = launch.flops / 2 / (rate * chip.multiprocessors * chip.ghz * 1e3)
    memory = launch.bytes / chip.dram_gb_s / 1e3
    return max((compute, "tensor" if tensor_rate(chip, launch) else "float"), (memory, "DRAM"))


def most_dram(chip, launch):
    """Microseconds of memory's traffic if L2 kept nothing from one read to the next; the least where all buffers fit
    in half of it."""
    if launch.bytes <= chip.l2_mib << 19:
        return launch.bytes / chip.dram_gb_s / 1e3
    return max(launch.bytes, sum(map(sectors, launch.phases)) * SECTOR) / chip.dram_gb_s / 1e3


@dataclasses.dataclass
class Estimate:
    launch: Launch
    terms: dict  # of all phases
    us: float  # each phase's largest term, added up
    bound: str  # the largest term
    roof_us: float
    roof: str
    occupancy: float
    limit: str
    most_dram_us: float

    @property
    def ratio(self):
        """The share of the roofline that is reached; 0 of a launch without work."""
        return self.roof_us / self.us if self.us else 0.0


def estimate(chip, launch):
    phases = [terms(chip, launch, counts) for counts in launch.phases]
    found = total(phases)
    us = sum(max(phase.values()) for phase in phases)
    roof_us, roof = roofline(chip, launch)
    share, limit = occupancy(chip, launch)
    return Estimate(launch, found, us, max(found, key=found.get), roof_us, roof, share, limit, most_dram(chip, launch))
