// SPDX-License-Identifier: Apache-2.0
// Sizes as expressions, and the search for them.
#include "compiler/dynamic/Size.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace dlc::dynamic {

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

struct Size::Node {
  Kind kind;
  int64_t value = 0; ///< a constant, a dimension's index or a divisor
  std::shared_ptr<const Node> left, right;

  int64_t evaluate(ArrayRef<int64_t> dims) const {
    switch (kind) {
    case Kind::Constant:
      return value;
    case Kind::Dim:
      return dims[value];
    case Kind::Add:
      return left->evaluate(dims) + right->evaluate(dims);
    case Kind::Multiply:
      return left->evaluate(dims) * right->evaluate(dims);
    case Kind::FloorDivide:
      return llvm::divideFloorSigned(left->evaluate(dims), value);
    }
    llvm_unreachable("unknown size");
  }
  AffineExpr toAffine(MLIRContext *context) const {
    switch (kind) {
    case Kind::Constant:
      return getAffineConstantExpr(value, context);
    case Kind::Dim:
      return getAffineSymbolExpr(value, context);
    case Kind::Add:
      return left->toAffine(context) + right->toAffine(context);
    case Kind::Multiply:
      return left->toAffine(context) * right->toAffine(context);
    case Kind::FloorDivide:
      return left->toAffine(context).floorDiv(value);
    }
    llvm_unreachable("unknown size");
  }
};

Size Size::constant(int64_t value) {
  return Size(std::make_shared<Node>(Node{Kind::Constant, value, {}, {}}));
}

Size Size::dim(unsigned index) {
  return Size(std::make_shared<Node>(Node{Kind::Dim, index, {}, {}}));
}

Size operator+(const Size &a, const Size &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (x && y)
    return Size::constant(*x + *y);
  if (x == 0)
    return b;
  if (y == 0)
    return a;
  return Size(std::make_shared<Size::Node>(
      Size::Node{Size::Kind::Add, 0, a.node, b.node}));
}

Size operator*(const Size &a, const Size &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (x && y)
    return Size::constant(*x * *y);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return Size(std::make_shared<Size::Node>(
      Size::Node{Size::Kind::Multiply, 0, a.node, b.node}));
}

Size Size::floorDivide(int64_t divisor) const {
  if (divisor == 1)
    return *this;
  return Size(
      std::make_shared<Node>(Node{Kind::FloorDivide, divisor, node, {}}));
}

std::optional<int64_t> Size::getConstant() const {
  if (node->kind != Kind::Constant)
    return std::nullopt;
  return node->value;
}

int64_t Size::evaluate(ArrayRef<int64_t> dims) const {
  return node->evaluate(dims);
}

AffineExpr Size::toAffine(MLIRContext *context) const {
  return node->toAffine(context);
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// Products of at most so many factors.
static constexpr int kMaxFactors = 4;
/// Constants that are added to products: the halo of a plane, say.
static constexpr int64_t kMaxTerm = 8;
/// Divisors that are tried.
static constexpr int64_t kMaxDivisors = 256;

SizeFinder::SizeFinder(std::vector<std::vector<int64_t>> given, bool areMost)
    : instances(std::move(given)), areMost(areMost) {
  for (unsigned dim = 0; dim < instances.front().size(); ++dim) {
    Values values;
    for (const std::vector<int64_t> &instance : instances)
      values.push_back(instance[dim]);
    push({values, Size::dim(dim)});
  }
}

static bool isConstant(const Values &values) { return llvm::all_equal(values); }

/// Adds \p atom, and what is left of it without a common factor.
void SizeFinder::push(Atom atom) {
  int64_t factor = 0;
  for (int64_t value : atom.values)
    factor = std::gcd(factor, value);
  atoms.push_back(atom);
  if (factor <= 1)
    return;
  for (int64_t &value : atom.values)
    value /= factor;
  atom.size = atom.size.floorDivide(factor);
  if (llvm::none_of(atoms, [&](const Atom &other) {
        return other.values == atom.values;
      }))
    atoms.push_back(std::move(atom));
}

/// values = a * atom + b
std::optional<Size> SizeFinder::findLinear(const Values &values) {
  for (const Atom &atom : atoms) {
    size_t other = 0;
    while (other < values.size() && atom.values[other] == atom.values[0])
      ++other;
    if (other == values.size())
      continue;
    int64_t run = atom.values[other] - atom.values[0];
    int64_t rise = values[other] - values[0];
    if (rise % run != 0)
      continue;
    int64_t a = rise / run, b = values[0] - a * atom.values[0];
    bool fits = true;
    for (size_t i = 0; i < values.size() && fits; ++i)
      fits = values[i] == a * atom.values[i] + b;
    if (fits)
      return Size::constant(a) * atom.size + Size::constant(b);
  }
  return std::nullopt;
}

/// Divisors c for which values = floor((atom + b) / c) may hold: of any two
/// instances the numerators differ by c times the quotients' difference, give
/// or take less than c.
static std::pair<int64_t, int64_t> getDivisors(const Values &atom,
                                               const Values &values) {
  auto [least, greatest] = std::minmax_element(atom.begin(), atom.end());
  int64_t run = *greatest - *least;
  int64_t rise = values[greatest - atom.begin()] - values[least - atom.begin()];
  if (rise < 1)
    return {2, 1};
  // One step within narrow bounds: any divisor with the step there will do.
  if (rise == 1)
    return {run / 2 + 1, std::min(run, run / 2 + kMaxDivisors) + 1};
  int64_t first = std::max<int64_t>(2, run / (rise + 1));
  int64_t last = run / (rise - 1) + 1;
  // Too little is known to tell them apart.
  return last - first > kMaxDivisors ? std::pair<int64_t, int64_t>(2, 1)
                                     : std::pair(first, last);
}

/// The least and the greatest b for which values = floor((atom + b) / c).
static std::pair<int64_t, int64_t> getOffsets(const Values &atom,
                                              const Values &values, int64_t c) {
  // c * value <= atom + b < c * (value + 1), for all.
  int64_t low = std::numeric_limits<int64_t>::min(),
          high = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < values.size() && low <= high; ++i) {
    int64_t least = c * values[i] - atom[i];
    low = std::max(low, least);
    high = std::min(high, least + c - 1);
  }
  return {low, high};
}

/// values = floor((atom + b) / c). What rounds down or up is likelier than
/// another b, and then a c of more factors of two, as widths of vectors and
/// tiles are, and a small one. Another b than these is only known where nothing
/// else fits.
std::optional<Size> SizeFinder::findQuotient(const Values &values) {
  std::optional<Size> best;
  using Rank = std::tuple<bool, int, int64_t>;
  Rank bestRank(true, 0, std::numeric_limits<int64_t>::max());
  for (const Atom &atom : atoms) {
    auto [first, last] = getDivisors(atom.values, values);
    auto [least, greatest] =
        std::minmax_element(atom.values.begin(), atom.values.end());
    int64_t run = *greatest - *least;
    int numFits = 0;
    std::optional<Size> fit;
    Rank fitRank = bestRank;
    for (int64_t c = first; c <= last; ++c) {
      auto [low, high] = getOffsets(atom.values, values, c);
      if (low > high)
        continue;
      ++numFits;
      auto isOpen = [&, low = low, high = high](int64_t b) {
        return low <= b && b <= high;
      };
      bool isRounding = isOpen(0) || isOpen(c - 1);
      bool isOneStep = areMost && c > run / 2;
      Rank rank(!isRounding, isRounding ? -llvm::countr_zero(uint64_t(c)) : 0,
                c);
      if ((low < high && !isOneStep && !isRounding) || rank >= fitRank)
        continue;
      fitRank = rank;
      int64_t b = isOpen(0) ? 0 : isOpen(c - 1) ? c - 1 : low;
      fit = (atom.size + Size::constant(b)).floorDivide(c);
    }
    bool isKnown = !std::get<0>(fitRank) || numFits == 1 || areMost;
    if (!fit || !isKnown)
      continue;
    best = fit;
    bestRank = fitRank;
  }
  return best;
}

/// values = a * atom + b * another + c
std::optional<Size> SizeFinder::findSum(const Values &values) {
  size_t count = values.size();
  for (size_t i = 0; i < atoms.size(); ++i)
    for (size_t j = i + 1; j < atoms.size(); ++j) {
      const Values &x = atoms[i].values, &y = atoms[j].values;
      // The first two instances besides instance 0 that tell a from b.
      bool isTold = false;
      int64_t a = 0, b = 0;
      for (size_t p = 1; p < count && !isTold; ++p)
        for (size_t q = p + 1; q < count && !isTold; ++q) {
          int64_t xp = x[p] - x[0], yp = y[p] - y[0],
                  vp = values[p] - values[0];
          int64_t xq = x[q] - x[0], yq = y[q] - y[0],
                  vq = values[q] - values[0];
          int64_t determinant = xp * yq - xq * yp;
          if (determinant == 0)
            continue;
          int64_t da = vp * yq - vq * yp, db = xp * vq - xq * vp;
          isTold = true;
          if (da % determinant == 0 && db % determinant == 0) {
            a = da / determinant;
            b = db / determinant;
          }
        }
      if (!a || !b)
        continue;
      int64_t c = values[0] - a * x[0] - b * y[0];
      bool fits = true;
      for (size_t k = 0; k < count && fits; ++k)
        fits = values[k] == a * x[k] + b * y[k] + c;
      if (fits)
        return Size::constant(a) * atoms[i].size +
               Size::constant(b) * atoms[j].size + Size::constant(c);
    }
  return std::nullopt;
}

/// values = atom * (something simpler) + c
std::optional<Size> SizeFinder::findProduct(const Values &values,
                                            int64_t maxTerm, int depth) {
  for (const Atom &atom : atoms) {
    if (isConstant(atom.values) ||
        llvm::any_of(atom.values, [](int64_t v) { return v < 1; }))
      continue;
    for (int64_t c = 0; std::abs(c) <= maxTerm; c = c > 0 ? -c : 1 - c) {
      Values quotients;
      for (auto [value, factor] : llvm::zip(values, atom.values)) {
        if ((value - c) % factor != 0)
          break;
        quotients.push_back((value - c) / factor);
      }
      if (quotients.size() < values.size())
        continue;
      if (std::optional<Size> rest = search(quotients, depth - 1))
        return atom.size * *rest + Size::constant(c);
    }
  }
  return std::nullopt;
}

/// The common factor of the differences of \p values.
static int64_t getCommonFactor(const Values &values) {
  int64_t factor = 0;
  for (int64_t value : values)
    factor = std::gcd(factor, value - values.front());
  return factor;
}

std::optional<Size> SizeFinder::searchAnew(const Values &values, int depth) {
  if (std::optional<Size> size = findLinear(values))
    return size;
  if (depth > 0)
    if (std::optional<Size> size = findProduct(values, /*maxTerm=*/0, depth))
      return size;
  if (int64_t factor = getCommonFactor(values); factor > 1) {
    int64_t rest = ((values.front() % factor) + factor) % factor;
    Values reduced;
    for (int64_t value : values)
      reduced.push_back((value - rest) / factor);
    std::optional<Size> size = search(reduced, depth);
    if (size)
      size = Size::constant(factor) * *size + Size::constant(rest);
    return size;
  }
  std::optional<Size> size = findQuotient(values);
  if (!size && depth == kMaxFactors)
    size = findProduct(values, kMaxTerm, depth);
  if (!size)
    size = findSum(values);
  return size;
}

std::optional<Size> SizeFinder::search(const Values &values, int depth) {
  if (isConstant(values))
    return Size::constant(values.front());
  if (auto it = known.find(values); it != known.end())
    return it->second;
  auto [failure, isNew] = failures.try_emplace(values, -1);
  if (failure->second >= depth)
    return std::nullopt;
  failure->second = depth; // also ends cycles
  std::optional<Size> size = searchAnew(values, depth);
  if (size)
    known.emplace(values, *size);
  return size;
}

std::optional<Size> SizeFinder::find(const Values &values) {
  return search(values, kMaxFactors);
}

bool SizeFinder::addAtom(const Values &values, bool skipsMultiples) {
  if (isConstant(values) || llvm::any_of(atoms, [&](const Atom &atom) {
        return atom.values == values;
      }))
    return true;
  std::optional<Size> size = find(values);
  auto isMultiple = [&](const Atom &atom) {
    return llvm::all_of(llvm::zip(values, atom.values), [&](auto pair) {
      return std::get<0>(pair) * atom.values.front() ==
             std::get<1>(pair) * values.front();
    });
  };
  if (size && !(skipsMultiples && llvm::any_of(atoms, isMultiple))) {
    push({values, *size});
    failures.clear();
  }
  return size.has_value();
}

} // namespace dlc::dynamic
