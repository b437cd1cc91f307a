// SPDX-License-Identifier: Apache-2.0
// The dialects and passes of the compiler.
#include "compiler/Registration.h"

#include "codegen/cpu/Emit.h"
#include "codegen/cpu/Passes.h"
#include "codegen/nvptx/Emit.h"
#include "codegen/nvptx/Passes.h"
#include "compiler/interpret/Passes.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/kernel/KernelOps.h"
#include "passes/gpu/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/kernel/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/plan/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void dlc::registerAllDialects(DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, kernel::KernelDialect,
                  device::DeviceDialect>();
  registry
      .insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
              LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
              scf::SCFDialect, vector::VectorDialect>();
  cpu::registerTranslations(registry);
  nvptx::registerDialects(registry);
}

void dlc::registerAllPasses() {
  registerTransformsPasses();
  graph::registerGraphPasses();
  interpret::registerInterpretPasses();
  lower::registerLowerPasses();
  kernel::registerKernelPasses();
  plan::registerPlanPasses();
  cpu::registerCpuPasses();
  kernel::registerGpuPasses();
  nvptx::registerNvptxPasses();
}
