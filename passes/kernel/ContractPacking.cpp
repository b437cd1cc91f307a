// SPDX-License-Identifier: Apache-2.0
// Packs the columns of a contraction at run time: the panels of a task for one
// block of the depth, as [panel][k][16].
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

/// Panels [begin, end) of a task, whose columns beyond `columns` don't exist.
struct ContractLowering::PanelRange {
  Value begin, end;
  int64_t columns;
};

Value ContractLowering::add(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}

Value ContractLowering::multiply(Value a, Value b) {
  return arith::MulIOp::create(builder, loc, a, b);
}

Value ContractLowering::getPackedOffset(Value panel, Value position) {
  int64_t depth = blocks.depthBlock * depthUnit;
  return multiply(add(multiply(panel, constant(depth)), position),
                  constant(ContractOp::kPanel));
}

/// Transposes the square matrix whose rows are the vectors \p rows: 4x4 blocks
/// inside quarters of 128 bits, where x86 shuffles cost least, then the blocks.
static SmallVector<Value> transpose(OpBuilder &builder, Location loc,
                                    ArrayRef<Value> rows) {
  int64_t width = rows.size(), numBlocks = width / 4;
  // Picks, for each block of four lanes, lanes `lanes` of the same block in
  // the concatenation of a and b (4..7 are b's).
  auto shuffleBlocks = [&](Value a, Value b, ArrayRef<int64_t> lanes) -> Value {
    SmallVector<int64_t> mask;
    for (int64_t block = 0; block < numBlocks; ++block)
      for (int64_t lane : lanes)
        mask.push_back(lane < 4 ? block * 4 + lane
                                : width + block * 4 + lane - 4);
    return vector::ShuffleOp::create(builder, loc, a, b, mask);
  };
  SmallVector<Value> result(rows);
  for (int64_t i = 0; i < width; i += 4) {
    Value low0 = shuffleBlocks(rows[i], rows[i + 1], {0, 4, 1, 5});
    Value high0 = shuffleBlocks(rows[i], rows[i + 1], {2, 6, 3, 7});
    Value low1 = shuffleBlocks(rows[i + 2], rows[i + 3], {0, 4, 1, 5});
    Value high1 = shuffleBlocks(rows[i + 2], rows[i + 3], {2, 6, 3, 7});
    result[i] = shuffleBlocks(low0, low1, {0, 1, 4, 5});
    result[i + 1] = shuffleBlocks(low0, low1, {2, 3, 6, 7});
    result[i + 2] = shuffleBlocks(high0, high1, {0, 1, 4, 5});
    result[i + 3] = shuffleBlocks(high0, high1, {2, 3, 6, 7});
  }
  // Vector 4 g + c now holds, in block b, column 4 b + c of rows 4 g to 4 g
  // + 3. Exchange bit after bit of g and b.
  for (int64_t bit = 1; bit < numBlocks; bit *= 2)
    for (int64_t i = 0; i < width; ++i) {
      if (i / 4 & bit)
        continue;
      Value a = result[i], b = result[i + 4 * bit];
      SmallVector<int64_t> first, second;
      for (int64_t block = 0; block < numBlocks; ++block)
        for (int64_t lane = 0; lane < 4; ++lane) {
          bool isUpper = block & bit;
          first.push_back(isUpper ? width + (block - bit) * 4 + lane
                                  : block * 4 + lane);
          second.push_back(isUpper ? width + block * 4 + lane
                                   : (block + bit) * 4 + lane);
        }
      result[i] = vector::ShuffleOp::create(builder, loc, a, b, first);
      result[i + 4 * bit] =
          vector::ShuffleOp::create(builder, loc, a, b, second);
    }
  return result;
}

LogicalResult ContractLowering::packColumns(const Task &task) {
  if (op.getPacked())
    return op.emitOpError("requires packed columns to be contiguous");
  unsigned numDims = op.getRhsMap().getNumDims();
  std::optional<int64_t> laneStride =
      BodyEmitter::getStride(rhsOffset, numDims - 1, numDims);
  if (!laneStride)
    return op.emitOpError("requires rhs_map to be linear in the columns");
  unsigned lastK = numDims - 3;
  bool isTransposed =
      BodyEmitter::getStride(rhsOffset, lastK, numDims) == 1 && width >= 4;
  auto pack = [&](Value from, Value to, int64_t columns) {
    PanelRange range{from, to, columns};
    if (laneStride == 1)
      packRows(task, range);
    else if (isTransposed)
      packTransposed(task, range);
    else
      packElements(task, range);
  };

  // The last panel has code of its own where it isn't whole.
  int64_t panels = op.getNumPanels(), rest = op.getN() % ContractOp::kPanel;
  Value begin = multiply(task.firstGroup, constant(tile.panels));
  Value end = arith::MinUIOp::create(
      builder, loc, multiply(task.endGroup, constant(tile.panels)),
      constant(panels));
  if (op.getWholePanels() || (rest == 0 && !hasDynamicColumns())) {
    pack(begin, end, ContractOp::kPanel);
    return success();
  }
  if (hasDynamicColumns()) {
    Value numWhole = constant(int64_t(op.getN()) / ContractOp::kPanel);
    Value whole = arith::MinUIOp::create(builder, loc, end, numWhole);
    pack(begin, whole, ContractOp::kPanel);
    packPartial(task, {whole, end, 0});
    return success();
  }
  Value whole = arith::MinUIOp::create(builder, loc, end, constant(panels - 1));
  pack(begin, whole, ContractOp::kPanel);
  pack(whole, end, rest);
  return success();
}

/// Columns that are neighbours: row after row of the task's panels.
void ContractLowering::packRows(const Task &task, const PanelRange &range) {
  OpBuilder::InsertionGuard guard(builder);
  DepthIndex depth = enterDepth(task, op.getK().size());
  Value panel = enterLoop(range.begin, range.end, /*trips=*/0);
  Value from = getColumnOffset(task, depth.k, panel);
  Value to = getPackedOffset(getPanelOfTask(task, panel), depth.position);
  Value rhs = getFactors(/*isLhs=*/false);
  for (int64_t lane = 0; lane < ContractOp::kPanel; lane += width) {
    int64_t valid = std::clamp<int64_t>(range.columns - lane, 0, width);
    Value values = emitter.loadVector(loc, rhs, add(from, constant(lane)),
                                      {{}, {}, width, valid});
    emitter.storeVector(loc, values, packed, add(to, constant(lane)),
                        {{}, {}, width, width});
  }
}

/// Elements along k that are neighbours: square blocks through registers.
void ContractLowering::packTransposed(const Task &task,
                                      const PanelRange &range) {
  OpBuilder::InsertionGuard guard(builder);
  unsigned lastK = op.getK().size() - 1, numDims = op.getRhsMap().getNumDims();
  int64_t laneStride = *BodyEmitter::getStride(rhsOffset, numDims - 1, numDims);
  Value panel = enterLoop(range.begin, range.end, /*trips=*/0);
  DepthIndex outer = enterDepth(task, lastK);
  Value begin = lastK == 0 ? task.firstDepth : constant(0);
  Value end = lastK == 0 ? task.endDepth : constant(op.getK().back());
  Value size = arith::SubIOp::create(builder, loc, end, begin);
  Value rest = arith::RemUIOp::create(builder, loc, size, constant(width));
  Value endOfSquares = arith::SubIOp::create(builder, loc, end, rest);
  Value rhs = getFactors(/*isLhs=*/false);
  auto type =
      VectorType::get(width, cast<MemRefType>(rhs.getType()).getElementType());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));

  // One chunk of lanes at a time: more rows might not fit into the ways of L1.
  for (int64_t lane = 0; lane < ContractOp::kPanel; lane += width) {
    int64_t valid = std::clamp<int64_t>(range.columns - lane, 0, width);
    for (bool isSquare : {true, false}) {
      OpBuilder::InsertionGuard guard(builder);
      auto loop = scf::ForOp::create(
          builder, loc, isSquare ? begin : endOfSquares,
          isSquare ? endOfSquares : end, constant(isSquare ? width : 1));
      builder.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> k(outer.k);
      k.push_back(loop.getInductionVar());
      Value from =
          add(getColumnOffset(task, k, panel), constant(lane * laneStride));
      Value position = add(
          outer.position,
          arith::SubIOp::create(builder, loc, loop.getInductionVar(), begin));
      Value to = add(getPackedOffset(getPanelOfTask(task, panel), position),
                     constant(lane));
      SmallVector<Value> vectors;
      if (isSquare) {
        for (int64_t i = 0; i < width; ++i)
          vectors.push_back(
              i >= valid ? zero
                         : vector::LoadOp::create(
                               builder, loc, type, rhs,
                               add(from, constant(i * laneStride)),
                               /*nontemporal=*/false, getFactorAlignment())
                               .getResult());
        vectors = transpose(builder, loc, vectors);
      } else {
        vectors.push_back(gatherLanes(from, laneStride, valid));
      }
      for (auto [i, values] : llvm::enumerate(vectors))
        vector::StoreOp::create(builder, loc, values, packed,
                                add(to, constant(i * ContractOp::kPanel)));
    }
  }
}

/// Any other columns, element by element.
void ContractLowering::packElements(const Task &task, const PanelRange &range) {
  OpBuilder::InsertionGuard guard(builder);
  unsigned numDims = op.getRhsMap().getNumDims();
  int64_t laneStride = *BodyEmitter::getStride(rhsOffset, numDims - 1, numDims);
  Value panel = enterLoop(range.begin, range.end, /*trips=*/0);
  DepthIndex depth = enterDepth(task, op.getK().size());
  Value from = getColumnOffset(task, depth.k, panel);
  Value to = getPackedOffset(getPanelOfTask(task, panel), depth.position);
  for (int64_t lane = 0; lane < ContractOp::kPanel; lane += width) {
    int64_t valid = std::clamp<int64_t>(range.columns - lane, 0, width);
    Value values =
        gatherLanes(add(from, constant(lane * laneStride)), laneStride, valid);
    emitter.storeVector(loc, values, packed, add(to, constant(lane)),
                        {{}, {}, width, width});
  }
}

/// Panels of an unknown number of columns: the last one takes the place of
/// those that aren't there, for they are not stored.
void ContractLowering::packPartial(const Task &task, const PanelRange &range) {
  OpBuilder::InsertionGuard guard(builder);
  unsigned numDims = op.getRhsMap().getNumDims();
  int64_t laneStride = *BodyEmitter::getStride(rhsOffset, numDims - 1, numDims);
  Value panel = enterLoop(range.begin, range.end, /*trips=*/0);
  DepthIndex depth = enterDepth(task, op.getK().size());
  Value from = getColumnOffset(task, depth.k, panel);
  Value to = getPackedOffset(getPanelOfTask(task, panel), depth.position);
  Value last =
      arith::SubIOp::create(builder, loc, constant(op.getN() - 1),
                            multiply(panel, constant(ContractOp::kPanel)));
  Value rhs = getFactors(/*isLhs=*/false);
  for (int64_t lane = 0; lane < ContractOp::kPanel; ++lane) {
    Value column = arith::MinUIOp::create(builder, loc, constant(lane), last);
    Value scalar = memref::LoadOp::create(
        builder, loc, rhs, add(from, multiply(column, constant(laneStride))));
    memref::StoreOp::create(builder, loc, scalar, packed,
                            add(to, constant(lane)));
  }
}

Value ContractLowering::gatherLanes(Value from, int64_t stride, int64_t valid) {
  Value rhs = getFactors(/*isLhs=*/false);
  auto type =
      VectorType::get(width, cast<MemRefType>(rhs.getType()).getElementType());
  Value values =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  for (int64_t i = 0; i < valid; ++i) {
    Value scalar = memref::LoadOp::create(
        builder, loc, rhs, add(from, constant(i * stride)),
        /*nontemporal=*/false, getFactorAlignment());
    values = vector::InsertOp::create(builder, loc, scalar, values, i);
  }
  return values;
}

ContractLowering::DepthIndex ContractLowering::enterDepth(const Task &task,
                                                          unsigned numK) {
  DepthIndex depth;
  depth.position = constant(0);
  int64_t stride = depthUnit;
  for (unsigned i = 0; i < numK; ++i) {
    int64_t extent = op.getK()[i];
    Value begin = i == 0 ? task.firstDepth : constant(0);
    Value index = enterLoop(begin, i == 0 ? task.endDepth : constant(extent),
                            i == 0 ? blocks.depthBlock : extent);
    if (i > 0)
      stride /= extent;
    depth.k.push_back(index);
    Value relative = arith::SubIOp::create(builder, loc, index, begin);
    depth.position = add(depth.position, multiply(relative, constant(stride)));
  }
  return depth;
}

Value ContractLowering::getColumnOffset(const Task &task, ArrayRef<Value> k,
                                        Value panel) {
  SmallVector<Value> dims(task.batch);
  for (Value &index : dims)
    if (!index) // rhs doesn't depend on it
      index = constant(0);
  dims.append(k.begin(), k.end());
  dims.append({panel, constant(0)});
  return emitter.emitIndex(loc, rhsOffset, dims, symbols);
}

Value ContractLowering::getPanelOfTask(const Task &task, Value panel) {
  Value first = multiply(task.firstGroup, constant(tile.panels));
  return arith::SubIOp::create(builder, loc, panel, first);
}
