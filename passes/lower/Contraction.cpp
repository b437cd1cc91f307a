// SPDX-License-Identifier: Apache-2.0
// Lowers dense layers and dot products to kernel.contract.
#include "passes/lower/ContractBuilder.h"
#include "passes/lower/PackConstants.h"

#include "dialects/graph/Layout.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;

using Indices = GroupLowering::Indices;

/// The indices of a tensor whose dimensions \p extents were flattened to
/// \p linear, the last fastest.
static Indices delinearize(AffineExpr linear, ArrayRef<int64_t> extents) {
  Indices result(extents.size());
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    result[i] = i == 0 ? linear : linear % extents[i];
    linear = linear.floorDiv(extents[i]);
  }
  return result;
}

static int64_t getProduct(ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (int64_t extent : extents)
    product *= extent;
  return product;
}

//===----------------------------------------------------------------------===//
// DenseOp
//===----------------------------------------------------------------------===//

/// Whether four steps of a row are read at once, and four of a column. Those of
/// a constant have one number at all sizes.
static bool hasQuads(GroupLowering &lowering, graph::DenseOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  bool isKnown = lowering.getConstant(op.getFilter()) ||
                 !lowering.decisions.isForManySizes();
  return op.getWide() && isKnown && filter.getDimSize(1) % kQuad == 0;
}

LogicalResult dlc::lower::prepareDense(GroupLowering &lowering,
                                       graph::DenseOp op) {
  ElementsAttr filter = lowering.getConstant(op.getFilter());
  if (!filter)
    return success();
  ElementsAttr packed = packRows(filter);
  if (packed && hasQuads(lowering, op))
    packed = packQuads(packed);
  if (!packed)
    return op.emitOpError("has a filter whose data is missing");
  lowering.replaceConstant(op.getFilter(), packed);
  return success();
}

LogicalResult dlc::lower::lowerDense(GroupLowering &lowering,
                                     graph::DenseOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  ArrayRef<int64_t> leading = input.getShape().drop_back();
  ContractBuilder contract(lowering, op.getResult());
  contract.m = getProduct(leading);
  contract.n = filter.getDimSize(0);
  contract.k = {filter.getDimSize(1)};
  contract.bias = op.getBias();
  contract.quads = hasQuads(lowering, op);
  contract.mapLhs = [&](ArrayRef<AffineExpr>, AffineExpr m,
                        ArrayRef<AffineExpr> k) {
    Indices indices = delinearize(m, leading);
    indices.push_back(k.front());
    return std::pair(op.getInput(), indices);
  };
  if (lowering.getConstant(op.getFilter()))
    contract.packedRhs = op.getFilter();
  else
    contract.mapRhs = [&](ArrayRef<AffineExpr>, ArrayRef<AffineExpr> k,
                          AffineExpr n) {
      return std::pair(op.getFilter(), Indices{n, k.front()});
    };
  contract.mapOut = [&](ArrayRef<AffineExpr>, AffineExpr m, AffineExpr n) {
    Indices indices = delinearize(m, leading);
    indices.push_back(n);
    return indices;
  };
  return contract.emit(op.getLoc());
}

//===----------------------------------------------------------------------===//
// DotOp
//===----------------------------------------------------------------------===//

namespace {
/// One side of a dot product.
struct DotSide {
  TypedValue<RankedTensorType> tensor;
  SmallVector<int64_t> batch, contract, free;

  DotSide(Value value, ArrayRef<int64_t> batch, ArrayRef<int64_t> contract)
      : tensor(cast<TypedValue<RankedTensorType>>(value)), batch(batch),
        contract(contract) {
    for (int64_t i = 0; i < tensor.getType().getRank(); ++i)
      if (!llvm::is_contained(batch, i) && !llvm::is_contained(contract, i))
        free.push_back(i);
  }
  SmallVector<int64_t> getExtents(ArrayRef<int64_t> dims) const {
    return llvm::map_to_vector(
        dims, [&](int64_t dim) { return tensor.getType().getDimSize(dim); });
  }
  /// The subscripts of an element.
  Indices getIndices(ArrayRef<AffineExpr> batchIndices,
                     ArrayRef<AffineExpr> contractIndices,
                     ArrayRef<AffineExpr> freeIndices) const {
    Indices result(tensor.getType().getRank());
    for (auto [dims, indices] : {std::pair(ArrayRef(batch), batchIndices),
                                 std::pair(ArrayRef(contract), contractIndices),
                                 std::pair(ArrayRef(free), freeIndices)})
      for (auto [dim, index] : llvm::zip(dims, indices))
        result[dim] = index;
    return result;
  }
};
} // namespace

LogicalResult dlc::lower::lowerDot(GroupLowering &lowering, graph::DotOp op) {
  DotSide left(op.getLhs(), op.getLhsBatch(), op.getLhsContract());
  DotSide right(op.getRhs(), op.getRhsBatch(), op.getRhsContract());
  // Columns come from the side that has some; rows are free dimensions of the
  // other, flattened. Further free dimensions of the column side are batch.
  bool isSwapped = right.free.empty() && !left.free.empty();
  DotSide &rows = isSwapped ? right : left;
  DotSide &columns = isSwapped ? left : right;
  SmallVector<int64_t> outer(columns.free);
  bool hasColumns = !outer.empty();
  if (hasColumns)
    outer.pop_back();
  size_t numBatch = columns.batch.size();

  ContractBuilder contract(lowering, op.getResult());
  contract.batch = columns.getExtents(columns.batch);
  llvm::append_range(contract.batch, columns.getExtents(outer));
  SmallVector<int64_t> rowExtents = rows.getExtents(rows.free);
  contract.m = getProduct(rowExtents);
  contract.n =
      hasColumns ? columns.tensor.getType().getDimSize(columns.free.back()) : 1;
  contract.k = columns.getExtents(columns.contract);
  if (contract.k.empty())
    contract.k.push_back(1);
  auto takeContracted = [&](ArrayRef<AffineExpr> k) {
    return k.take_front(columns.contract.size());
  };
  contract.mapLhs = [&](ArrayRef<AffineExpr> batch, AffineExpr m,
                        ArrayRef<AffineExpr> k) {
    return std::pair(Value(rows.tensor),
                     rows.getIndices(batch.take_front(numBatch),
                                     takeContracted(k),
                                     delinearize(m, rowExtents)));
  };
  contract.mapRhs = [&](ArrayRef<AffineExpr> batch, ArrayRef<AffineExpr> k,
                        AffineExpr n) {
    Indices free(batch.drop_front(numBatch));
    if (hasColumns)
      free.push_back(n);
    return std::pair(Value(columns.tensor),
                     columns.getIndices(batch.take_front(numBatch),
                                        takeContracted(k), free));
  };
  contract.mapOut = [&](ArrayRef<AffineExpr> batch, AffineExpr m,
                        AffineExpr n) {
    Indices indices(batch.take_front(numBatch));
    Indices rowIndices = delinearize(m, rowExtents);
    Indices columnIndices(batch.drop_front(numBatch));
    if (hasColumns)
      columnIndices.push_back(n);
    llvm::append_range(indices, isSwapped ? columnIndices : rowIndices);
    llvm::append_range(indices, isSwapped ? rowIndices : columnIndices);
    return indices;
  };
  return contract.emit(op.getLoc());
}
