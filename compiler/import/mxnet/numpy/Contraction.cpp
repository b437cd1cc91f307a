// SPDX-License-Identifier: Apache-2.0
// Numpy's products: dot, matmul, tensordot and Einstein's summation.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// Contracts dimensions of both sides, pairwise; without any, the product of
/// each element of one with each of the other.
static Value contract(NodeBuilder &n, Value lhs, Value rhs,
                      ArrayRef<int64_t> lhsAxes, ArrayRef<int64_t> rhsAxes) {
  if (!lhs || !rhs)
    return {};
  if (!lhsAxes.empty())
    return n.dot(lhs, rhs, {}, {}, lhsAxes, rhsAxes);
  Shape spread(n.shape(lhs));
  spread.append(n.rank(rhs), 1);
  return n.binary<graph::MulOp>(n.reshape(lhs, spread), rhs);
}

static Values dot(NodeBuilder &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  if (!lhs || !rhs)
    return Values(1);
  if (n.rank(lhs) == 0 || n.rank(rhs) == 0)
    return {n.binary<graph::MulOp>(lhs, rhs)};
  return {contract(n, lhs, rhs, {n.rank(lhs) - 1},
                   {std::max<int64_t>(n.rank(rhs) - 2, 0)})};
}

/// Products of the last two dimensions; the others are broadcast, and a vector
/// is a row on the left and a column on the right.
static Values matmul(NodeBuilder &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  if (!lhs || !rhs)
    return Values(1);
  int64_t left = n.rank(lhs), right = n.rank(rhs);
  if (left == 0 || right == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs no scalars")};
  if (left == 1 || right == 1 || (left == 2 && right == 2))
    return {
        contract(n, lhs, rhs, {left - 1}, {std::max<int64_t>(right - 2, 0)})};
  // Batches in one shape.
  auto take = [&](Value x) { return n.shape(x).drop_back(2); };
  int64_t rank = std::max(left, right) - 2;
  Shape batch(rank, 1);
  for (Value side : {lhs, rhs})
    for (auto [i, dim] : llvm::enumerate(llvm::reverse(take(side))))
      if (dim != 1)
        batch[rank - 1 - i] = dim;
  for (Value *side : {&lhs, &rhs}) {
    Shape target(batch);
    llvm::append_range(target, n.shape(*side).take_back(2));
    *side = n.broadcast(*side, target);
    if (!*side)
      return Values(1);
  }
  Shape dims = dimRange(0, rank);
  return {n.dot(lhs, rhs, dims, dims, {rank + 1}, {rank})};
}

static Values tensordot(NodeBuilder &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  if (!lhs || !rhs)
    return Values(1);
  Shape lhsAxes = n.getShape("a_axes_summed");
  Shape rhsAxes = n.getShape("b_axes_summed");
  if (lhsAxes.size() != rhsAxes.size())
    return {n.fail(DiagnosticCode::BadAttribute,
                   "the axes of both sides differ in number")};
  for (size_t i = 0; i < lhsAxes.size(); ++i) {
    std::optional<int64_t> left = n.axis(lhsAxes[i], n.rank(lhs));
    std::optional<int64_t> right = n.axis(rhsAxes[i], n.rank(rhs));
    if (!left || !right)
      return Values(1);
    lhsAxes[i] = *left;
    rhsAxes[i] = *right;
  }
  return {contract(n, lhs, rhs, lhsAxes, rhsAxes)};
}

/// The last dimensions of the left with the first of the right.
static Values tensordotCount(NodeBuilder &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  int64_t count = n.attributes.getInt("axes");
  if (!lhs || !rhs)
    return Values(1);
  if (count < 0 || count > std::min(n.rank(lhs), n.rank(rhs)))
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'axes' is " + Twine(count) +
                       ", more than there are dimensions")};
  return {contract(n, lhs, rhs, dimRange(n.rank(lhs) - count, n.rank(lhs)),
                   dimRange(0, count))};
}

//===----------------------------------------------------------------------===//
// Einstein's summation
//===----------------------------------------------------------------------===//

namespace {

/// A tensor and a letter for each dimension. Letters of an ellipsis are
/// numbered from the right, beyond all characters.
struct Term {
  SmallVector<int> labels;
  Value value;

  int64_t find(int label) const {
    auto place = llvm::find(labels, label);
    return place == labels.end() ? -1 : place - labels.begin();
  }
};

/// Contracts terms from the left to the right.
class Einsum {
public:
  explicit Einsum(NodeBuilder &n) : n(n) {}

  Value run();

private:
  static constexpr int firstOfEllipsis = 1000;

  Value fail(const Twine &what) {
    return n.fail(DiagnosticCode::BadAttribute,
                  "attribute 'subscripts' " + what);
  }
  bool parseTerms(StringRef text);
  bool parse();
  bool parseTerm(StringRef text, int64_t rank, SmallVectorImpl<int> &labels);
  void makeImplicitOutput();
  bool takeDiagonals(Term &term);
  bool isNeeded(int label, size_t next) const;
  void sumOut(Term &term, size_t next, const Term *partner);
  bool combine(Term &lhs, Term rhs, size_t next);
  void alignExtents(Term &lhs, Term &rhs);

  NodeBuilder &n;
  std::vector<Term> terms;
  SmallVector<int> output;
  /// How often the terms have each letter.
  std::map<int, int> counts;
  int64_t ellipsisRank = 0;
};

} // namespace

/// Reads the letters of one term; \p rank is the tensor's, or -1 for the
/// output.
bool Einsum::parseTerm(StringRef text, int64_t rank,
                       SmallVectorImpl<int> &labels) {
  int64_t letters = llvm::count_if(text, llvm::isAlpha);
  int64_t hidden = rank < 0 ? ellipsisRank : rank - letters;
  bool hasEllipsis = text.contains("...");
  if (hidden < 0 || (!hasEllipsis && rank >= 0 && hidden != 0))
    return fail("has '" + text + "' for a tensor of " + Twine(rank) +
                " dimensions"),
           false;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      ellipsisRank = std::max(ellipsisRank, hidden);
      for (int64_t i = hidden; i > 0; --i)
        labels.push_back(firstOfEllipsis + int(i));
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return fail("has the character '" + text.take_front() + "'"), false;
    labels.push_back(text.front());
    text = text.drop_front();
  }
  return true;
}

/// Letters that appear once, in order, behind the ellipsis.
void Einsum::makeImplicitOutput() {
  for (int64_t i = ellipsisRank; i > 0; --i)
    output.push_back(firstOfEllipsis + int(i));
  for (auto [label, count] : counts)
    if (count == 1 && label < firstOfEllipsis)
      output.push_back(label);
}

bool Einsum::parseTerms(StringRef text) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  if (parts.size() != n.getInputCount())
    return fail("has " + Twine(parts.size()) + " terms for " +
                Twine(n.getInputCount()) + " tensors"),
           false;
  for (auto [part, value] : llvm::zip(parts, n.getInputs())) {
    Term term;
    term.value = value;
    if (!value || !parseTerm(part, n.rank(value), term.labels))
      return false;
    for (int label : term.labels)
      ++counts[label];
    if (!takeDiagonals(term))
      return false;
    terms.push_back(std::move(term));
  }
  return true;
}

bool Einsum::parse() {
  std::string text = n.attributes.getText("subscripts");
  llvm::erase(text, ' ');
  bool isExplicit = StringRef(text).contains("->");
  auto [inputs, result] = StringRef(text).split("->");
  if (!parseTerms(inputs))
    return false;
  if (!isExplicit)
    return makeImplicitOutput(), true;
  if (!parseTerm(result, -1, output))
    return false;
  for (size_t i = 0; i < output.size(); ++i) {
    int label = output[i];
    bool isThere = llvm::any_of(
        terms, [label](const Term &term) { return term.find(label) >= 0; });
    if (!isThere || llvm::is_contained(ArrayRef(output).take_front(i), label))
      return fail("has a letter in its result that is repeated or that no "
                  "term has"),
             false;
  }
  return true;
}

/// Leaves one dimension of those that share a letter: their diagonal.
bool Einsum::takeDiagonals(Term &term) {
  for (size_t i = 0; i < term.labels.size(); ++i)
    for (size_t j = i + 1; j < term.labels.size();) {
      if (term.labels[i] != term.labels[j]) {
        ++j;
        continue;
      }
      ArrayRef<int64_t> shape = n.shape(term.value);
      if (shape[i] != shape[j])
        return fail("repeats a letter for different sizes"), false;
      // Mask all but the diagonal and sum.
      Type index = n.element(ElementType::I64);
      Value hit = n.emit<graph::EqualOp>(
          {n.iota(shape, index, i), n.iota(shape, index, j)});
      Value masked = n.emit<graph::SelectOp>(
          {hit, term.value, n.splatLike(term.value, 0)});
      term.value = n.reduce<graph::ReduceSumOp>(masked, {int64_t(j)}, false);
      term.labels.erase(term.labels.begin() + j);
      if (!term.value)
        return false;
    }
  return true;
}

/// Whether the result or a term from number \p next on has the letter.
bool Einsum::isNeeded(int label, size_t next) const {
  return llvm::is_contained(output, label) ||
         llvm::any_of(ArrayRef(terms).drop_front(next),
                      [&](const Term &term) { return term.find(label) >= 0; });
}

/// Sums over dimensions that neither the result, \p partner nor terms from
/// \p next on have.
void Einsum::sumOut(Term &term, size_t next, const Term *partner) {
  Shape axes;
  SmallVector<int> rest;
  for (auto [i, label] : llvm::enumerate(term.labels))
    if (isNeeded(label, next) || (partner && partner->find(label) >= 0))
      rest.push_back(label);
    else
      axes.push_back(i);
  if (!axes.empty())
    term.value = n.reduce<graph::ReduceSumOp>(term.value, axes, false);
  term.labels = rest;
}

/// Broadcasts dimensions of size 1 to the other side's.
void Einsum::alignExtents(Term &lhs, Term &rhs) {
  for (auto [from, to] : {std::pair(&lhs, &rhs), std::pair(&rhs, &lhs)}) {
    if (!from->value || !to->value)
      return;
    Shape target(n.shape(from->value));
    for (auto [i, label] : llvm::enumerate(from->labels))
      if (int64_t j = to->find(label); j >= 0 && target[i] == 1)
        target[i] = n.shape(to->value)[j];
    from->value = n.broadcast(from->value, target);
  }
}

bool Einsum::combine(Term &lhs, Term rhs, size_t next) {
  sumOut(lhs, next, &rhs);
  sumOut(rhs, next, &lhs);
  alignExtents(lhs, rhs);
  Shape lhsBatch, rhsBatch, lhsContract, rhsContract;
  SmallVector<int> batch, left, right;
  for (auto [i, label] : llvm::enumerate(lhs.labels)) {
    int64_t j = rhs.find(label);
    if (j < 0) {
      left.push_back(label);
      continue;
    }
    bool stays = isNeeded(label, next);
    (stays ? lhsBatch : lhsContract).push_back(i);
    (stays ? rhsBatch : rhsContract).push_back(j);
    if (stays)
      batch.push_back(label);
  }
  for (int label : rhs.labels)
    if (lhs.find(label) < 0)
      right.push_back(label);
  if (!lhs.value || !rhs.value)
    return false;
  lhs.value =
      n.dot(lhs.value, rhs.value, lhsBatch, rhsBatch, lhsContract, rhsContract);
  lhs.labels = batch;
  lhs.labels.append(left);
  lhs.labels.append(right);
  return bool(lhs.value);
}

Value Einsum::run() {
  if (!parse())
    return {};
  Term result = terms.front();
  for (size_t i = 1; i < terms.size(); ++i)
    if (!combine(result, terms[i], i + 1))
      return {};
  sumOut(result, terms.size(), nullptr);
  Shape permutation;
  for (int label : output)
    permutation.push_back(result.find(label));
  return n.transpose(result.value, permutation);
}

static Values einsum(NodeBuilder &n) { return {Einsum(n).run()}; }

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getNumpyContractionOperators() {
  static const OperatorRow rows[] = {
      {"_np_dot", "", "a b", dot},
      {"_npi_matmul", "", "a b", matmul, nullptr, "out"},
      {"_npi_tensordot", "a_axes_summed:shape! b_axes_summed:shape!", "a b",
       tensordot},
      {"_npi_tensordot_int_axes", "axes:int!", "a b", tensordotCount},
      {"_npi_einsum", "num_args:count! subscripts:string= optimize:int=0",
       "data*", einsum},
  };
  return rows;
}

} // namespace dlc::mxnet
