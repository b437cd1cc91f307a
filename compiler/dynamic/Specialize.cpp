// SPDX-License-Identifier: Apache-2.0
// Fits programs for single sizes into the artifact for all.
#include "compiler/dynamic/Specialize.h"

#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"

using namespace mlir;

namespace dlc::dynamic {

static std::string getText(const Dim &dim, int64_t size) {
  std::string text = dim.name + " is " + std::to_string(size);
  if (size < dim.low)
    return text + ", less than its bound " + std::to_string(dim.low);
  if (size > dim.high)
    return text + ", more than its bound " + std::to_string(dim.high);
  return text + ", not a multiple of " + std::to_string(dim.multiple);
}

std::optional<Sizes> findSizes(const std::vector<InputOption> &inputs,
                               const std::vector<Dim> &dims,
                               const std::vector<InputOption> &special,
                               const std::string &file,
                               DiagnosticList &diagnostics) {
  auto fail = [&](const std::string &what) {
    diagnostics.add(DiagnosticCode::DynamicDimension, {file, "", "", -1},
                    "--specialize: " + what);
    return std::nullopt;
  };
  Sizes sizes(dims.size(), 0);
  for (const InputOption &given : special) {
    auto input = llvm::find_if(inputs, [&](const InputOption &candidate) {
      return candidate.name == given.name;
    });
    if (input == inputs.end() || input->shape.size() != given.shape.size())
      return fail("no --input '" + given.name + "' of this rank");
    for (size_t i = 0; i < given.shape.size(); ++i) {
      const InputDim &extent = input->shape[i], &size = given.shape[i];
      auto dim = llvm::find_if(
          dims, [&](const Dim &dim) { return dim.name == extent.name; });
      if (dim == dims.end()) {
        if (extent.size != size.size)
          return fail("input '" + given.name + "' has the extent " +
                      std::to_string(extent.size) + ", not " +
                      std::to_string(size.size));
        continue;
      }
      int64_t &known = sizes[dim - dims.begin()];
      if (known != 0 && known != size.size)
        return fail(dim->name + " is both " + std::to_string(known) + " and " +
                    std::to_string(size.size));
      known = size.size;
      if (known < dim->low || known > dim->high || known % dim->multiple != 0)
        return fail("input '" + given.name + "': " + getText(*dim, known));
    }
  }
  for (auto [dim, size] : llvm::zip(dims, sizes))
    if (size == 0)
      return fail("gives no size for " + dim.name + " of input '" + dim.input +
                  "'");
  return sizes;
}

void prefixKernels(ModuleOp module, StringRef prefix) {
  for (auto func : module.getOps<kernel::FuncOp>())
    func.setSymName((prefix + func.getSymName()).str());
  module.walk([&](Operation *op) {
    auto rename = [&](FlatSymbolRefAttr callee) {
      return FlatSymbolRefAttr::get(op->getContext(),
                                    (prefix + callee.getValue()).str());
    };
    if (auto call = dyn_cast<kernel::CallOp>(op))
      call.setCalleeAttr(rename(call.getCalleeAttr()));
    else if (auto launch = dyn_cast<device::LaunchOp>(op))
      launch.setCalleeAttr(rename(launch.getCalleeAttr()));
  });
}

} // namespace dlc::dynamic
