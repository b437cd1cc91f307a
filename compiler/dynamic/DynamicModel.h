// SPDX-License-Identifier: Apache-2.0
// Compiles a model for all sizes of its dynamic dimensions.
//
// Every pass sees static shapes: those of a typical size. What depends on the
// dimensions is found by compiling the model at other sizes too. All of these
// instances are the same but for numbers, and each number that differs is an
// expression of the dimensions (see SizeFinder), which the typical instance
// then carries. docs/dynamic-shapes.md says why that is enough.
#ifndef DLC_COMPILER_DYNAMIC_DYNAMICMODEL_H
#define DLC_COMPILER_DYNAMIC_DYNAMICMODEL_H

#include "compiler/dynamic/Dims.h"
#include "compiler/dynamic/Instance.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"

namespace dlc::dynamic {

class DynamicModel {
public:
  /// Finds out how the numbers of the model depend on \p dims, the dimensions
  /// that \p options name. \returns null, with diagnostics, where that can't be
  /// found.
  static std::unique_ptr<DynamicModel> analyze(const CompileOptions &options,
                                               std::vector<Dim> dims,
                                               DiagnosticList &diagnostics);

  /// The options that the typical instance is compiled with.
  const CompileOptions &getTypicalOptions() const { return typicalOptions; }

  /// The options that the model for single sizes is compiled with, one for
  /// each of CompileOptions::specializations.
  const std::vector<CompileOptions> &getSpecialOptions() const {
    return specialOptions;
  }

  /// Has \p module, of the graph stage, lowered as its instances were.
  void prepare(mlir::ModuleOp module) const;
  /// Marks the extents of \p module, of the kernels stage, that differ.
  void mark(mlir::ModuleOp module) const;
  /// Tells \p program, whose weights are planned, how its numbers depend on
  /// its dims.
  mlir::LogicalResult generalize(device::ProgramOp program) const;
  /// Makes the numbers of \p function depend on the dims, which become an
  /// argument behind its buffers. It is kernel \p index of the module for
  /// target \p target, as kernel-to-vector made it, or for GPUs as
  /// kernel-to-gpu did: they come after the targets.
  mlir::LogicalResult generalize(mlir::FunctionOpInterface function,
                                 size_t index, size_t target) const;

private:
  friend class Analysis;

  size_t getNumChosen() const;
  void addDims(device::ProgramOp program,
               llvm::ArrayRef<mlir::AffineMap> most) const;
  mlir::LogicalResult checkSlot(device::SlotOp slot, const Size &bytes) const;
  mlir::LogicalResult delayLaunches(device::ProgramOp program) const;

  CompileOptions typicalOptions;
  std::vector<CompileOptions> specialOptions;
  std::vector<Dim> dims;
  InstanceRules rules;
  size_t numTargets = 0; ///< GPUs are one
  uint64_t planStructure = 0;
  std::vector<Size> plan; ///< in the order of visitNumbers
  /// A leaf and what it is; those that never change are left out.
  struct LeafSize {
    size_t leaf;
    Size size;
    bool isReciprocal; ///< a float that is one divided by the size
  };
  struct Kernel {
    uint64_t structure;
    std::vector<LeafSize> leaves;
  };
  static mlir::AffineExpr getSum(mlir::ArrayAttr terms, const Kernel &kernel,
                                 size_t &next);

  std::vector<Kernel> kernels; ///< as InstanceNumbers has them
};

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_DYNAMICMODEL_H
