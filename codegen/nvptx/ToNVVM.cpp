// SPDX-License-Identifier: Apache-2.0
// Converts kernels for GPUs to the LLVM dialect in one conversion.
#include "codegen/nvptx/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace dlc::nvptx {
#define GEN_PASS_DEF_GPUTONVVM
#include "codegen/nvptx/Passes.h.inc"
} // namespace dlc::nvptx

using namespace mlir;

namespace {
/// What the chips have an instruction for needs no libdevice.
template <typename From, typename To>
struct ToInstruction : ConvertOpToLLVMPattern<From> {
  using ConvertOpToLLVMPattern<From>::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(From op, typename From::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type type = this->getTypeConverter()->convertType(op.getType());
    rewriter.replaceOpWithNewOp<To>(op, type, adaptor.getOperands());
    return success();
  }
};
} // namespace

static void populateInstructions(LLVMTypeConverter &converter,
                                 RewritePatternSet &patterns,
                                 PatternBenefit benefit) {
  patterns.add<ToInstruction<arith::MaxNumFOp, LLVM::MaxNumOp>,
               ToInstruction<arith::MinNumFOp, LLVM::MinNumOp>,
               ToInstruction<arith::MaximumFOp, LLVM::MaximumOp>,
               ToInstruction<arith::MinimumFOp, LLVM::MinimumOp>,
               ToInstruction<math::AbsFOp, LLVM::FAbsOp>,
               ToInstruction<math::CeilOp, LLVM::FCeilOp>,
               ToInstruction<math::CopySignOp, LLVM::CopySignOp>,
               ToInstruction<math::FloorOp, LLVM::FFloorOp>,
               ToInstruction<math::FmaOp, LLVM::FMAOp>,
               ToInstruction<math::RoundEvenOp, LLVM::RoundEvenOp>,
               ToInstruction<math::SqrtOp, LLVM::SqrtOp>,
               ToInstruction<math::TruncOp, LLVM::FTruncOp>>(converter,
                                                             benefit);
}

/// All conversions that a kernel needs.
static void populatePatterns(LLVMTypeConverter &converter,
                             RewritePatternSet &patterns) {
  populateSCFToControlFlowConversionPatterns(patterns);
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  vector::populateVectorFromElementsUnrollPatterns(patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  index::populateIndexToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  populateGpuToNVVMConversionPatterns(converter, patterns);
  populateNVGPUToNVVMConversionPatterns(converter, patterns);
  // Instructions where there are some, else functions of libdevice.
  populateMathToLLVMConversionPatterns(converter, patterns);
  populateLibDeviceConversionPatterns(converter, patterns, /*benefit=*/10);
  populateInstructions(converter, patterns, /*benefit=*/20);
}

/// Whether 32 bits hold every offset in the buffers of \p function, in bytes,
/// and the number of every thread.
static bool isSmall(gpu::GPUFuncOp function) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  auto getInt = [&](StringRef name) {
    auto attr = function->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  if (function->hasAttr("kernel.any_size"))
    return false;
  // The last block has threads beyond the end.
  if (getInt("kernel.blocks") >= kMost / 1024)
    return false;
  return llvm::all_of(function.getArgumentTypes(), [&](Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref)
      return true;
    int64_t bytes = (memref.getElementTypeBitWidth() + 7) / 8;
    return memref.getNumElements() <= kMost / bytes;
  });
}

static LogicalResult convert(gpu::GPUModuleOp module) {
  MLIRContext *context = module.getContext();
  LowerToLLVMOptions options(context);
  options.useBarePtrCallConv = true;
  bool isAllSmall = llvm::all_of(module.getOps<gpu::GPUFuncOp>(), isSmall);
  options.overrideIndexBitwidth(isAllSmall ? 32 : 64);
  LLVMTypeConverter converter(context, options);
  configureGpuToNVVMTypeConverter(converter);
  // Groups of copies are known by their order.
  converter.addConversion([&](nvgpu::DeviceAsyncTokenType) -> Type {
    return IntegerType::get(context, 32);
  });
  RewritePatternSet patterns(context);
  populatePatterns(converter, patterns);
  LLVMConversionTarget target(*context);
  configureGpuToNVVMConversionLegality(target);
  // Those of populateInstructions.
  target.addLegalOp<LLVM::CopySignOp, LLVM::FAbsOp, LLVM::FCeilOp,
                    LLVM::FFloorOp, LLVM::FMAOp, LLVM::FTruncOp,
                    LLVM::MaximumOp, LLVM::MaxNumOp, LLVM::MinimumOp,
                    LLVM::MinNumOp, LLVM::RoundEvenOp, LLVM::SqrtOp>();
  target.addLegalOp<gpu::GPUModuleOp>();
  target.addIllegalDialect<nvgpu::NVGPUDialect>();
  return applyPartialConversion(module, target, std::move(patterns));
}

namespace {
struct GpuToNVVM : dlc::nvptx::impl::GpuToNVVMBase<GpuToNVVM> {
  using GpuToNVVMBase::GpuToNVVMBase;

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
      if (failed(convert(module)))
        return signalPassFailure();
  }
};
} // namespace
