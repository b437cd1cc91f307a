// SPDX-License-Identifier: Apache-2.0
// Chooses which kernels a library computes, and lets it read their weights.
#include "passes/gpu/GemmCost.h"
#include "passes/gpu/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/lower/PackConstants.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_CHOOSEGEMM
#include "passes/gpu/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc;
using namespace dlc::kernel;

namespace {
/// Who computes a product, and why.
struct Choice {
  bool isLibrary;
  std::string reason;
};

struct ChooseGemm : dlc::kernel::impl::ChooseGemmBase<ChooseGemm> {
  using ChooseGemmBase::ChooseGemmBase;

  void runOnOperation() override;

private:
  /// Who computes \p product, of the kernel called by \p calls.
  Choice decide(const PlainProduct &product, ArrayRef<CallOp> calls,
                device::GpuAttr gpu, Precision exactness);
  LogicalResult choose(FuncOp kernel, PlainProduct product,
                       ArrayRef<CallOp> calls);
};
} // namespace

/// The constants that \p calls pass for the packed columns of \p contract;
/// nothing where one passes something else.
static std::optional<SmallVector<ConstantOp>>
getPackedColumns(ContractOp contract, ArrayRef<CallOp> calls) {
  unsigned operand = cast<BlockArgument>(contract.getRhs()).getArgNumber();
  SmallVector<ConstantOp> constants;
  for (CallOp call : calls)
    constants.push_back(call.getInputs()[operand].getDefiningOp<ConstantOp>());
  if (!llvm::all_of(constants, [](ConstantOp op) { return bool(op); }))
    return std::nullopt;
  return constants;
}

Choice ChooseGemm::decide(const PlainProduct &product, ArrayRef<CallOp> calls,
                          device::GpuAttr gpu, Precision exactness) {
  if (!product.gemm)
    return {false, product.reason};
  ContractOp contract = product.contract;
  bool isPacked = contract.getPacked();
  if (isPacked && !getPackedColumns(contract, calls))
    return {false, "its packed columns are no constant"};
  if (required)
    return {true, "it is to compute all that it can"};
  GemmCost cost = estimateGemm(product, gpu, exactness);
  if (cost.isLibraryBetter && isPacked && sharesWeights)
    return {false, "its weights are packed for the CPU's code"};
  return {cost.isLibraryBetter, cost.reason};
}

/// Replaces what \p calls pass by the same weights unpacked.
static LogicalResult unpackColumns(ContractOp contract,
                                   ArrayRef<CallOp> calls) {
  auto constants = getPackedColumns(contract, calls);
  unsigned operand = cast<BlockArgument>(contract.getRhs()).getArgNumber();
  llvm::SmallDenseMap<Operation *, Value> unpacked;
  for (auto [caller, constant] : llvm::zip(calls, *constants)) {
    CallOp call = caller;
    Value &value = unpacked[constant];
    if (!value) {
      ElementsAttr rows = lower::unpackRows(
          cast<ElementsAttr>(constant.getValue()), contract.getN());
      if (!rows)
        return constant.emitOpError("has no data");
      OpBuilder builder(constant);
      value = ConstantOp::create(builder, constant.getLoc(),
                                 rows.getShapedType(), cast<TypedAttr>(rows));
    }
    call.getInputsMutable()[operand].set(value);
  }
  for (auto &[constant, value] : unpacked)
    if (constant->use_empty())
      constant->erase();
  readUnpackedRows(contract);
  return success();
}

LogicalResult ChooseGemm::choose(FuncOp kernel, PlainProduct product,
                                 ArrayRef<CallOp> calls) {
  if (product.contract.getPacked() &&
      failed(unpackColumns(product.contract, calls)))
    return failure();
  device::GemmAttr gemm = product.gemm;
  kernel->setAttr(kGemmAttr, gemm.with(gemm.getAlignment(), required));
  ++numChosen;
  return success();
}

void ChooseGemm::runOnOperation() {
  auto gpu = getOperation()->getAttrOfType<device::GpuAttr>("device.gpu");
  std::optional<Precision> exactness = parsePrecision(precision);
  if (!gpu || !exactness) {
    getOperation().emitError(gpu ? "unknown precision '" +
                                       precision.getValue() + "'"
                                 : "requires a 'device.gpu' on the module");
    return signalPassFailure();
  }
  llvm::StringMap<SmallVector<CallOp>> calls;
  getOperation().walk(
      [&](CallOp call) { calls[call.getCallee()].push_back(call); });
  for (FuncOp kernel : getOperation().getOps<FuncOp>()) {
    PlainProduct product = matchProduct(kernel, precision);
    if (!product.contract)
      continue;
    ArrayRef<CallOp> users = calls[kernel.getSymName()];
    Choice choice = decide(product, users, gpu, *exactness);
    auto options = remark::RemarkOpts::name("gemm").category("gemm").function(
        kernel.getSymName());
    if (!choice.isLibrary) {
      remark::missed(kernel.getLoc(), options) << remark::add(
          "{0} stays generated code: {1}", kernel.getSymName(), choice.reason);
      continue;
    }
    remark::passed(kernel.getLoc(), options)
        << remark::add("{0} is a product of the library: {1}",
                       kernel.getSymName(), choice.reason);
    if (failed(choose(kernel, product, users)))
      return signalPassFailure();
  }
}
