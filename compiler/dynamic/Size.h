// SPDX-License-Identifier: Apache-2.0
// Sizes as expressions of a model's dynamic dimensions, and finding them from
// the values that they have in several instances of the model.
#ifndef DLC_COMPILER_DYNAMIC_SIZE_H
#define DLC_COMPILER_DYNAMIC_SIZE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/Support/LLVM.h"
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace dlc::dynamic {

/// An expression of the dimensions; independent of any MLIR context.
class Size {
public:
  enum class Kind { Constant, Dim, Add, Multiply, FloorDivide };

  static Size constant(int64_t value);
  static Size dim(unsigned index);
  friend Size operator+(const Size &a, const Size &b);
  friend Size operator*(const Size &a, const Size &b);
  /// Rounds towards minus infinity; \p divisor is positive.
  Size floorDivide(int64_t divisor) const;

  std::optional<int64_t> getConstant() const;
  int64_t evaluate(llvm::ArrayRef<int64_t> dims) const;
  /// Dimension i becomes symbol i.
  mlir::AffineExpr toAffine(mlir::MLIRContext *context) const;

private:
  struct Node;
  explicit Size(std::shared_ptr<const Node> node) : node(std::move(node)) {}

  std::shared_ptr<const Node> node;
};

/// The values of one integer in all instances, in their order.
using Values = std::vector<int64_t>;

/// Finds the size that has given values: sums, products and quotients of the
/// dimensions and of sizes found before.
///
/// What an integer of a lowered model depends on is known by its kind (extents,
/// strides, counts), not by where it comes from, so it is found from values
/// alone. The instances should have consecutive sizes, for the remainders of
/// divisions, and some far from these, for the divisors.
class SizeFinder {
public:
  /// \p instances: the sizes of the dimensions in each instance. With
  /// \p areMost the dimensions have hardly any others: what steps up between
  /// two of them may do so anywhere there.
  explicit SizeFinder(std::vector<std::vector<int64_t>> instances,
                      bool areMost = false);

  /// Nothing where no expression is found.
  std::optional<Size> find(const Values &values);
  /// Finds \p values and lets later sizes be built from it. For extents: there
  /// are few, and others are made of them. With \p skipsMultiples, not if it is
  /// a multiple of another one.
  bool addAtom(const Values &values, bool skipsMultiples = false);
  /// Atoms added after this are forgotten with `dropAtoms`.
  size_t countAtoms() const { return atoms.size(); }
  void dropAtoms(size_t count) {
    atoms.erase(atoms.begin() + count, atoms.end());
  }

private:
  struct Atom {
    Values values;
    Size size;
  };
  void push(Atom atom);
  std::optional<Size> search(const Values &values, int depth);
  std::optional<Size> searchAnew(const Values &values, int depth);
  std::optional<Size> findLinear(const Values &values);
  std::optional<Size> findQuotient(const Values &values);
  std::optional<Size> findSum(const Values &values);
  std::optional<Size> findProduct(const Values &values, int64_t maxTerm,
                                  int depth);

  std::vector<std::vector<int64_t>> instances;
  bool areMost;
  std::vector<Atom> atoms; ///< the dimensions first
  std::map<Values, Size> known;
  std::map<Values, int> failures; ///< the greatest depth that found nothing
};

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_SIZE_H
