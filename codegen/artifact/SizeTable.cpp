// SPDX-License-Identifier: Apache-2.0
// Expressions of dims become the table of sizes.
#include "codegen/artifact/SizeTable.h"

#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace dlc::artifact;

SizeTable::Size SizeTable::intern(dlc_abi_size_op op, uint32_t a, int64_t b) {
  auto [it, isNew] = known.try_emplace({op, a, b}, expressions.size());
  if (isNew)
    expressions.push_back({static_cast<uint32_t>(op), a, b});
  return it->second;
}

std::optional<int64_t> SizeTable::getValue(Size size) const {
  if (expressions[size].op == DLC_SIZE_CONSTANT)
    return expressions[size].b;
  return std::nullopt;
}

SizeTable::Size SizeTable::get(dlc_abi_size_op op, Size a, Size b) {
  std::optional<int64_t> x = getValue(a), y = getValue(b);
  if (int64_t result; x && y && dlc_abi_combine_sizes(op, *x, *y, &result))
    return getConstant(result);
  bool isNeutral = (op == DLC_SIZE_ADD && y == 0) ||
                   (op == DLC_SIZE_MAX && a == b) ||
                   ((op == DLC_SIZE_MUL || op == DLC_SIZE_FLOORDIV ||
                     op == DLC_SIZE_CEILDIV || op == DLC_SIZE_ALIGN) &&
                    y == 1);
  if (isNeutral)
    return a;
  if ((op == DLC_SIZE_ADD && x == 0) || (op == DLC_SIZE_MUL && x == 1))
    return b;
  // In either order these are the same.
  if ((op == DLC_SIZE_ADD || op == DLC_SIZE_MUL || op == DLC_SIZE_MAX) && a > b)
    std::swap(a, b);
  return intern(op, a, static_cast<int64_t>(b));
}

static dlc_abi_size_op getOp(AffineExprKind kind) {
  switch (kind) {
  case AffineExprKind::Add:
    return DLC_SIZE_ADD;
  case AffineExprKind::Mul:
    return DLC_SIZE_MUL;
  case AffineExprKind::FloorDiv:
    return DLC_SIZE_FLOORDIV;
  case AffineExprKind::CeilDiv:
    return DLC_SIZE_CEILDIV;
  case AffineExprKind::Mod:
    return DLC_SIZE_MOD;
  default:
    llvm_unreachable("no operation");
  }
}

SizeTable::Size SizeTable::get(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return getConstant(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return getDim(symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Size lhs = get(binary.getLHS()), rhs = get(binary.getRHS());
  return get(getOp(expr.getKind()), lhs, rhs);
}

SizeNumber SizeTable::emit(Size size) {
  if (SizeNumber number = numbers.lookup(size))
    return number;
  dlc_abi_size entry = expressions[size];
  if (entry.op != DLC_SIZE_CONSTANT && entry.op != DLC_SIZE_DIM) {
    entry.a = emit(entry.a) - 1;
    entry.b = int64_t(emit(static_cast<Size>(entry.b))) - 1;
  }
  sizes.push_back(entry);
  return numbers[size] = sizes.size();
}

SizeNumber SizeTable::getNumber(Size size) {
  return getValue(size) ? 0 : emit(size);
}

/// Whether the text of \p expr needs parentheses as an operand of a product.
static bool isSum(AffineExpr expr) {
  return expr.getKind() == AffineExprKind::Add ||
         expr.getKind() == AffineExprKind::Mod;
}

std::string dlc::artifact::formatSize(AffineExpr expr,
                                      const std::vector<DimSpec> &dims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::to_string(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return dims[symbol.getPosition()].name;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::string lhs = formatSize(binary.getLHS(), dims),
              rhs = formatSize(binary.getRHS(), dims);
  if (expr.getKind() == AffineExprKind::Add)
    return rhs[0] == '-' ? lhs + " - " + rhs.substr(1) : lhs + " + " + rhs;
  if (isSum(binary.getLHS()))
    lhs = "(" + lhs + ")";
  if (isSum(binary.getRHS()) || isa<AffineBinaryOpExpr>(binary.getRHS()))
    rhs = "(" + rhs + ")";
  switch (expr.getKind()) {
  case AffineExprKind::Mul:
    return lhs + " * " + rhs;
  case AffineExprKind::FloorDiv:
    return "floor(" + lhs + " / " + rhs + ")";
  case AffineExprKind::CeilDiv:
    return "ceil(" + lhs + " / " + rhs + ")";
  default:
    return lhs + " mod " + rhs;
  }
}
