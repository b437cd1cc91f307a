// SPDX-License-Identifier: Apache-2.0
// A model compiled at some size, far enough to read its numbers.
#ifndef DLC_COMPILER_DYNAMIC_INSTANCE_H
#define DLC_COMPILER_DYNAMIC_INSTANCE_H

#include "compiler/dynamic/Dims.h"
#include "compiler/dynamic/Extents.h"
#include "compiler/dynamic/Leaves.h"

namespace dlc::dynamic {

/// Choices of passes that depend on sizes (see graph::Decisions).
struct Choices {
  std::vector<int64_t> ofFusion, ofGraph, ofKernels;
  bool isRagged = false;

  /// Hands them to the passes that \p module is about to go through.
  void put(mlir::ModuleOp module) const;
  /// Reads what the passes made of them.
  void take(mlir::ModuleOp module);
  /// Leaves no trace of them.
  static void remove(mlir::Operation *op);
};

/// What all instances have in common with the typical one.
struct InstanceRules {
  KernelExtents typical;
  Choices choices;
  /// Extents of other instances: what differs from `typical` is dynamic.
  std::vector<KernelExtents> others;
  /// Where plan-schedule put the operations of the typical instance.
  std::vector<unsigned> order;
};

/// The numbers of one instance.
struct InstanceNumbers {
  KernelExtents extents;
  uint64_t planStructure = 0;
  Values plan;                   ///< in the order of visitNumbers
  std::vector<PlanNumber> kinds; ///< what each of `plan` is
  /// One for each kernel and target, the targets of a kernel together.
  std::vector<KernelLeaves> kernels;
  std::vector<std::string> names; ///< of these
  Values counts; ///< the elements of all buffers of all kernels
};

/// An extent of a model that depends on values.
struct CountedExtent {
  std::string node; ///< that counts
  int64_t size;     ///< that the instance has
};

/// The extents of \p module, of the graph stage, that depend on values.
std::vector<CountedExtent> collectCounts(mlir::ModuleOp module);

/// An instance at the kernels stage.
struct LoweredInstance {
  KernelExtents extents;
  std::vector<CountedExtent> counts;
  /// Where plan-schedule puts its operations.
  std::vector<unsigned> order;
};

/// The model at the sizes \p options names, up to the kernels stage. \p choices
/// are followed, or filled in where there are none yet.
/// \returns nothing, with diagnostics, where it can't have them.
std::optional<LoweredInstance> lowerInstance(const CompileOptions &options,
                                             Choices &choices,
                                             DiagnosticList &diagnostics);

/// Whether the model has a meaning where a dimension is 0 that is \p size in
/// \p first and \p otherSize in \p second: whether nothing reads an element of
/// a tensor that then has none.
bool hasMeaningForNone(const CompileOptions &first, int64_t size,
                       const CompileOptions &second, int64_t otherSize);

/// All numbers of the model at the sizes \p options names.
std::optional<InstanceNumbers> readInstance(const CompileOptions &options,
                                            const InstanceRules &rules,
                                            DiagnosticList &diagnostics);

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_INSTANCE_H
