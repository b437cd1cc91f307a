// SPDX-License-Identifier: Apache-2.0
// The GPUs that code can be generated for.
#include "codegen/nvptx/Targets.h"

using namespace mlir;
using namespace dlc;

namespace {
struct Row {
  int64_t sm, multiprocessors, blockSharedKiB, sharedKiB, blocks, threads;
  int64_t fmaRate, mmaRate, tensorRate;
};
} // namespace

static constexpr Row kRows[] = {
#define GPU(...) {__VA_ARGS__},
#include "codegen/nvptx/Targets.def"
};

/// Shared memory that a block may have on every chip that code for compute
/// capability \p sm runs on: that and newer ones, in KiB.
static int64_t getLeastSharedKiB(int64_t sm) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const Row &row : kRows)
    if (row.sm >= sm)
      least = std::min<int64_t>(least, row.blockSharedKiB);
  return least;
}

device::GpuAttr nvptx::getGpu(MLIRContext *context, int64_t sm,
                              std::string &error) {
  for (const Row &row : kRows)
    if (row.sm == sm)
      return device::GpuAttr::get(
          context, StringAttr::get(context, "sm_" + std::to_string(sm)), sm,
          row.multiprocessors, getLeastSharedKiB(sm) << 10, row.fmaRate,
          row.mmaRate, row.tensorRate);
  error = "no code can be generated for compute capability " +
          std::to_string(sm) + ": use one of";
  for (const Row &row : kRows)
    error += " " + std::to_string(row.sm);
  return {};
}

std::optional<nvptx::Multiprocessor> nvptx::getMultiprocessor(int64_t sm) {
  for (const Row &row : kRows)
    if (row.sm == sm)
      return Multiprocessor{row.sharedKiB << 10, row.blocks, row.threads};
  return std::nullopt;
}
