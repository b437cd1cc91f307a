// SPDX-License-Identifier: Apache-2.0
// Replaces math functions by polynomial approximations.
#include "passes/kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELEXPANDMATH
#include "passes/kernel/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;

namespace {
struct KernelExpandMath
    : dlc::kernel::impl::KernelExpandMathBase<KernelExpandMath> {
  using KernelExpandMathBase::KernelExpandMathBase;

  void runOnOperation() override {
    // Most kernels have no math function: don't walk them with patterns.
    bool hasMath = getOperation()
                       .walk([](Operation *op) {
                         return isa<math::MathDialect>(op->getDialect()) &&
                                        !isa<math::FmaOp>(op)
                                    ? WalkResult::interrupt()
                                    : WalkResult::advance();
                       })
                       .wasInterrupted();
    if (!hasMath)
      return;
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
