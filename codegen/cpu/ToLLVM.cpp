// SPDX-License-Identifier: Apache-2.0
// Converts lowered kernels to the LLVM dialect in one conversion.
#include "codegen/cpu/Passes.h"

#include "dialects/device/DeviceOps.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Transforms/DialectConversion.h"

namespace dlc::cpu {
#define GEN_PASS_DEF_CPUTOLLVM
#include "codegen/cpu/Passes.h.inc"
} // namespace dlc::cpu

using namespace mlir;

/// All conversions that a lowered kernel needs.
static void populatePatterns(LLVMTypeConverter &converter,
                             RewritePatternSet &patterns) {
  populateSCFToControlFlowConversionPatterns(patterns);
  vector::populateVectorTransferLoweringPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns,
                                         /*reassociateFPReductions=*/false,
                                         /*force32BitVectorIndices=*/false);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  // Calls of libm only where LLVM has no intrinsic.
  populateMathToLLVMConversionPatterns(converter, patterns);
  populateMathToLibmConversionPatterns(patterns, /*benefit=*/0);
  index::populateIndexToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  populateFuncToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
}

/// Makes \p body internal and adds the entry point that the runtime calls.
static void addEntryPoint(LLVM::LLVMFuncOp body,
                          dlc::device::TargetAttr target) {
  MLIRContext *context = body.getContext();
  OpBuilder builder(context);
  builder.setInsertionPointAfter(body);
  Location loc = body.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, i64, i64, pointer});
  std::string name = body.getName().str();
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  body.setName(name + ".body");
  body.setLinkage(LLVM::Linkage::Internal);
  for (StringRef attr :
       {"kernel.num_tasks", "kernel.num_phases", "kernel.scratch_bytes",
        "kernel.schedule", "kernel.work", "kernel.dynamic_num_tasks",
        "kernel.dynamic_num_phases", "kernel.dynamic_scratch_bytes"})
    if (Attribute value = body->removeAttr(attr))
      entry->setAttr(attr, value);
  for (LLVM::LLVMFuncOp function : {body, entry}) {
    function.setTargetCpuAttr(target.getCpu());
    if (!target.getFeatures().empty())
      function.setTargetFeaturesAttr(LLVM::TargetFeaturesAttr::get(
          context, target.getFeatures().getValue()));
  }

  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> arguments;
  int64_t numBuffers = body.getNumArguments() - 3;
  for (int64_t i = 0; i < numBuffers; ++i) {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer,
                                     block->getArgument(0),
                                     ArrayRef<LLVM::GEPArg>{int32_t(i)});
    arguments.push_back(LLVM::LoadOp::create(builder, loc, pointer, slot));
  }
  for (unsigned i = 1; i < 4; ++i)
    arguments.push_back(block->getArgument(i));
  LLVM::CallOp::create(builder, loc, body, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

namespace {
struct CpuToLLVM : dlc::cpu::impl::CpuToLLVMBase<CpuToLLVM> {
  using CpuToLLVMBase::CpuToLLVMBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target =
        module->getAttrOfType<dlc::device::TargetAttr>("device.target");
    if (!target) {
      module.emitError("requires a 'device.target' on the module");
      return signalPassFailure();
    }
    SmallVector<std::string> kernels;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("kernel.num_tasks"))
        kernels.push_back(function.getName().str());

    LowerToLLVMOptions options(&getContext());
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(&getContext(), options);
    RewritePatternSet patterns(&getContext());
    populatePatterns(converter, patterns);
    LLVMConversionTarget conversion(getContext());
    conversion.addLegalOp<ModuleOp>();
    if (failed(applyFullConversion(module, conversion, std::move(patterns))))
      return signalPassFailure();
    for (StringRef name : kernels)
      addEntryPoint(module.lookupSymbol<LLVM::LLVMFuncOp>(name), target);
  }
};
} // namespace
