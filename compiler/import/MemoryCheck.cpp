// SPDX-License-Identifier: Apache-2.0
// Adds up what a model needs at least.
#include "compiler/import/MemoryCheck.h"

#include "dialects/graph/GraphOps.h"

using namespace mlir;

namespace dlc {

static std::string shapeText(RankedTensorType type) {
  std::string text;
  for (int64_t dim : type.getShape())
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text.empty() ? "scalar" : text;
}

std::string getSizeText(int64_t bytes) {
  const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double size = bytes;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(units); ++unit)
    size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit ? "%.1f %s" : "%.0f %s", size,
                units[unit]);
  return text;
}

/// Whether \p value may never be stored: the kernel that computes it may apply
/// its only user, too.
static bool mayBeFused(Value value) {
  return value.getDefiningOp() && value.hasOneUse() &&
         isa<graph::ElementwiseOpInterface, graph::BatchNormOp, graph::PoolOp>(
             *value.user_begin());
}

bool checkMemory(func::FuncOp function, int64_t limit, const std::string &file,
                 DiagnosticList &diagnostics) {
  int64_t weightBytes = 0, largestBytes = 0;
  Value largest;
  auto measure = [&](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    int64_t bits = type.getElementTypeBitWidth();
    int64_t bytes = type.getNumElements() * std::max<int64_t>(bits / 8, 1);
    auto constant = value.getDefiningOp<graph::ConstantOp>();
    if (constant && constant.getName())
      weightBytes += bytes;
    if ((!constant || constant.getName()) && !mayBeFused(value) &&
        bytes > largestBytes) {
      largestBytes = bytes;
      largest = value;
    }
  };
  llvm::for_each(function.getArguments(), measure);
  for (Operation &op : function.getBody().front())
    llvm::for_each(op.getResults(), measure);
  if (!largest)
    return true;
  int64_t total = std::max(weightBytes, largestBytes);
  if (auto constant = largest.getDefiningOp<graph::ConstantOp>(); !constant)
    total = weightBytes > INT64_MAX - largestBytes ? INT64_MAX
                                                   : weightBytes + largestBytes;
  if (total <= limit)
    return true;
  std::string name;
  if (auto loc = dyn_cast<NameLoc>(largest.getLoc()))
    name = loc.getName().str();
  return diagnostics.add(
      DiagnosticCode::MemoryLimit, {file, "", "", -1},
      "the model needs at least " + getSizeText(total) +
          ", more than the memory limit of " + getSizeText(limit) +
          "; its largest tensor is '" + name + "', " +
          shapeText(cast<RankedTensorType>(largest.getType())) + " (" +
          getSizeText(largestBytes) +
          "); raise --memory-limit or make the "
          "inputs smaller");
}

} // namespace dlc
