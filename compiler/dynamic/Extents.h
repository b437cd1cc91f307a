// SPDX-License-Identifier: Apache-2.0
// The numbers of a model's kernels and of its plan before they are lowered.
#ifndef DLC_COMPILER_DYNAMIC_EXTENTS_H
#define DLC_COMPILER_DYNAMIC_EXTENTS_H

#include "compiler/dynamic/Size.h"
#include "dialects/device/DeviceOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <string>

namespace dlc::dynamic {

/// The extents of all kernels of a module of the kernels stage.
struct KernelExtents {
  struct Kernel {
    std::string name;
    uint64_t structure = 0; ///< a hash of the operations
    /// Of each loop and contraction, as `kernel.typical` lists them.
    std::vector<Values> loops;
    /// Of the same, where `kernel.traits` has some.
    std::vector<Values> traits;
    Values shapes; ///< of its buffers, one after the other
  };
  std::vector<Kernel> kernels;
  Values results; ///< the extents of what the model returns
};

/// \p wantsTraits: code for GPUs is wanted, which is decided by them.
KernelExtents collectExtents(mlir::ModuleOp module, bool wantsTraits);

/// The first kernel of \p a that differs from that of \p b by more than its
/// extents; nothing where none does.
std::optional<std::string> findDifference(const KernelExtents &a,
                                          const KernelExtents &b);

/// Whether \p instance, where traits are wanted, breaks what \p typical and
/// \p others of the same structure let one believe: it lacks a trait that they
/// have, or has another extent where theirs are the same.
bool breaksRules(const KernelExtents &instance, const KernelExtents &typical,
                 llvm::ArrayRef<KernelExtents> others);

/// Sets `kernel.typical` on the loops and contractions of \p module where
/// \p others have other extents than \p typical, and `kernel.traits` to what
/// all have in common. All have the same structure.
void markExtents(mlir::ModuleOp module, const KernelExtents &typical,
                 llvm::ArrayRef<KernelExtents> others);

/// Sets it on all of the kernels that planning added: copies, whose sizes are
/// those of tensors.
void markAddedKernels(mlir::ModuleOp module, const KernelExtents &typical);

/// Calls \p visit for each number of \p program that may change with its dims:
/// what it belongs to and which one it is.
enum class PlanNumber {
  InputExtent,
  OutputExtent,
  SlotBytes,
  ViewOffset,
  Flops,
  MostCounted
};
void visitNumbers(device::ProgramOp program,
                  llvm::function_ref<void(mlir::Operation *op, PlanNumber kind,
                                          unsigned index, int64_t value)>
                      visit);

/// A hash of everything else of \p program, the bytes of its weights included.
uint64_t hashStructure(device::ProgramOp program);

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_EXTENTS_H
