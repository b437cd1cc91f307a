// SPDX-License-Identifier: Apache-2.0
// The numbers in a lowered kernel, apart from its structure.
#ifndef DLC_COMPILER_DYNAMIC_LEAVES_H
#define DLC_COMPILER_DYNAMIC_LEAVES_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include <cstdint>
#include <vector>

namespace dlc::dynamic {

/// A number that may differ between instances.
struct Leaf {
  bool isFloat = false;
  int64_t integer = 0;
  double number = 0; ///< of a float

  bool operator==(const Leaf &other) const {
    return integer == other.integer && number == other.number;
  }
};

/// What the leaves of one kernel are, in an order that only depends on its
/// structure.
struct KernelLeaves {
  /// A hash of everything else: operations, operands, types. Shapes of buffers
  /// are no part of it, since flat buffers are addresses.
  uint64_t structure = 0;
  std::vector<Leaf> leaves;
  /// The constant that a leaf is the value of, or null for an attribute of the
  /// function: those come first, in the order of `getLeafAttrs` and then of the
  /// extents of `getTermAttrs`.
  std::vector<mlir::Operation *> owners;
};

/// The integer attributes of a lowered kernel that are leaves.
llvm::ArrayRef<llvm::StringLiteral> getLeafAttrs();

/// An attribute that a sum of terms says (see kernel::GridTerm): its leaves are
/// the extents of these, where they are there.
struct TermAttr {
  llvm::StringLiteral number, terms;
};
llvm::ArrayRef<TermAttr> getTermAttrs();

/// Collects the leaves of what kernel-to-vector or kernel-to-gpu made of a
/// kernel.
KernelLeaves collectLeaves(mlir::FunctionOpInterface function);

/// Mixes \p value into \p hash; the same in every process.
void mixHash(uint64_t &hash, uint64_t value);
void mixHash(uint64_t &hash, llvm::StringRef text);

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_LEAVES_H
