// SPDX-License-Identifier: Apache-2.0
// How many blocks of a kernel a multiprocessor holds.
#include "codegen/nvptx/Occupancy.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace dlc;

static constexpr int64_t kWarp = 32, kSchedulers = 4;
static constexpr int64_t kRegisters = 64 << 10;
/// The registers of a warp are a multiple of it.
static constexpr int64_t kRegisterUnit = 256;
/// The bytes of a block's shared memory are a multiple of it.
static constexpr int64_t kSharedUnit = 128;
/// Shared memory of each block that the driver keeps for itself.
static constexpr int64_t kReservedShared = 1024;

/// The number in front of \p what in \p line; 0 where there is none.
static int64_t getNumber(llvm::StringRef line, llvm::StringRef what) {
  llvm::StringRef before = line.take_front(line.find(what));
  int64_t number = 0;
  if (before.size() == line.size() ||
      before.substr(before.find_last_not_of("0123456789") + 1)
          .getAsInteger(10, number))
    return 0;
  return number;
}

llvm::StringMap<nvptx::KernelUsage> nvptx::parseUsages(llvm::StringRef log) {
  llvm::StringMap<KernelUsage> usages;
  KernelUsage *usage = nullptr;
  while (!log.empty()) {
    llvm::StringRef line;
    std::tie(line, log) = log.split('\n');
    llvm::StringRef name = line.split("Compiling entry function '").second;
    if (!name.empty())
      usage = &usages[name.split('\'').first];
    if (!usage)
      continue;
    usage->spillBytes += getNumber(line, " bytes spill stores") +
                         getNumber(line, " bytes spill loads");
    usage->registers =
        std::max(usage->registers, getNumber(line, " registers"));
    usage->sharedBytes += getNumber(line, " bytes smem");
  }
  return usages;
}

int64_t nvptx::getResidentBlocks(const Multiprocessor &multiprocessor,
                                 int64_t threads, int64_t dynamicShared,
                                 const KernelUsage &usage) {
  int64_t warps = llvm::divideCeil(std::max<int64_t>(threads, 1), kWarp);
  int64_t blocks =
      std::min(multiprocessor.blocks, multiprocessor.threads / kWarp / warps);
  if (usage.registers > 0) {
    // Each scheduler has a quarter of the registers for its warps.
    int64_t ofWarp = llvm::alignTo(usage.registers * kWarp, kRegisterUnit);
    blocks = std::min(blocks,
                      kRegisters / kSchedulers / ofWarp * kSchedulers / warps);
  }
  int64_t shared = llvm::alignTo(
      dynamicShared + usage.sharedBytes + kReservedShared, kSharedUnit);
  return std::min(blocks, multiprocessor.sharedBytes / shared);
}
