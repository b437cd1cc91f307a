// SPDX-License-Identifier: Apache-2.0
// Choices of passes that depend on the sizes of tensors.
#ifndef DLC_DIALECTS_GRAPH_DECISIONS_H
#define DLC_DIALECTS_GRAPH_DECISIONS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace dlc::graph {

/// The attribute of a function or module that keeps the choices made for it:
/// for a model that is compiled at several sizes and has to come out the same
/// but for numbers. Where it is there but empty, choices are written down;
/// otherwise they are taken from it, in their order.
inline constexpr llvm::StringLiteral kDecisionsAttr = "graph.decisions";
/// The same of attention, which is fused before others decide.
inline constexpr llvm::StringLiteral kFusionDecisionsAttr =
    "graph.fusion_decisions";
/// Beside it: what is cut to fit a size is not worth it. Windows may end
/// anywhere at the far border of a plane.
inline constexpr llvm::StringLiteral kRaggedAttr = "graph.ragged";

class Decisions {
public:
  Decisions() = default;
  explicit Decisions(mlir::Operation *holder,
                     llvm::StringRef name = kDecisionsAttr)
      : name(name) {
    auto attr = holder->getAttrOfType<mlir::DenseI64ArrayAttr>(name);
    areKept = attr != nullptr;
    ragged = holder->hasAttr(kRaggedAttr);
    if (attr && !attr.empty())
      given = attr.asArrayRef();
  }

  /// Whether the model is compiled at other sizes, too: then nothing may depend
  /// on divisors of a size.
  bool isForManySizes() const { return areKept; }

  /// Whether a plane has to have the halo, and a window the checks, that some
  /// sizes need and this one may not.
  bool isRagged() const { return ragged; }

  /// Returns what to do where \p choice is the best for this size.
  int64_t decide(int64_t choice) {
    if (next < given.size())
      choice = given[next++];
    if (areKept)
      made.push_back(choice);
    return choice;
  }

  /// Writes down the choices.
  void save(mlir::Operation *holder) const {
    if (areKept)
      holder->setAttr(name,
                      mlir::DenseI64ArrayAttr::get(holder->getContext(), made));
  }

private:
  llvm::StringRef name; ///< kDecisionsAttr or another constant
  bool areKept = false, ragged = false;
  llvm::ArrayRef<int64_t> given; ///< kept alive by the context
  size_t next = 0;
  llvm::SmallVector<int64_t> made;
};

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_DECISIONS_H
