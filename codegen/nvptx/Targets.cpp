// SPDX-License-Identifier: Apache-2.0
// The GPUs that code can be generated for.
#include "codegen/nvptx/Targets.h"

using namespace mlir;
using namespace dlc;

namespace {
struct Row {
  int64_t sm, multiprocessors, blockSharedKiB, sharedKiB, blocks, threads;
};
} // namespace

static constexpr Row kRows[] = {
#define GPU(...) {__VA_ARGS__},
#include "codegen/nvptx/Targets.def"
};

device::GpuAttr nvptx::getGpu(MLIRContext *context, int64_t sm,
                              std::string &error) {
  for (const Row &row : kRows)
    if (row.sm == sm)
      return device::GpuAttr::get(
          context, StringAttr::get(context, "sm_" + std::to_string(sm)), sm,
          row.multiprocessors, row.blockSharedKiB << 10);
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
