// SPDX-License-Identifier: Apache-2.0
// A register tile of kernel.contract: its sums over the depth and what is done
// with them.
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace dlc::kernel;

/// Whether a loop over [\p from, \p to) has one iteration for certain.
static bool isSingle(Value from, Value to) {
  std::optional<int64_t> first = getConstantIntValue(from);
  std::optional<int64_t> last = getConstantIntValue(to);
  return first && last && *last - *first == 1;
}

int64_t ContractLowering::getValidLanes(int64_t vector, GroupShape shape) {
  int64_t columnsOfLast = op.getN() % ContractOp::kPanel;
  int64_t panel = vector / chunks, lane = vector % chunks * width;
  if (!shape.isLast || panel + 1 < shape.panels || columnsOfLast == 0)
    return width;
  int64_t valid = std::clamp<int64_t>(columnsOfLast - lane, 0, width);
  // Where there is room for padding, stores need no mask; vectors of nothing
  // else are not computed.
  return op.getWholePanels() && valid > 0 ? width : valid;
}

Lanes ContractLowering::getLanes(Value index, Value base, int64_t vector,
                                 GroupShape shape) {
  Lanes lanes{index, base, width, getValidLanes(vector, shape)};
  if (!shape.columns)
    return lanes;
  Value rest = arith::SubIOp::create(builder, loc, shape.columns,
                                     constant(vector % chunks * width));
  auto type = VectorType::get(width, builder.getIndexType());
  Value step = vector::StepOp::create(builder, loc, type);
  lanes.mask = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                     step, emitter.widen(loc, rest, width));
  return lanes;
}

Value ContractLowering::getFactors(bool isLhs) {
  Value buffer = emitter.lookup(isLhs ? op.getLhs() : op.getRhs());
  return op.getQuads() ? emitter.viewWords(loc, buffer) : buffer;
}

llvm::MaybeAlign ContractLowering::getFactorAlignment() {
  return op.getQuads() ? llvm::MaybeAlign(1) : llvm::MaybeAlign();
}

/// What \p factors, a vector of lhs or rhs, are multiplied as: integers of 8
/// bits as those of the sums. Words become two vectors of twice as many
/// integers of 16 bits, the factors at even places and at odd ones.
SmallVector<Value> ContractLowering::expand(Value factors, bool isLhs) {
  if (!op.isWidening())
    return {factors};
  bool isUnsigned = isLhs ? op.getLhsUnsigned() : op.getRhsUnsigned();
  if (!op.getQuads()) {
    auto type = VectorType::get(width, op.getSumType());
    return {
        isUnsigned
            ? arith::ExtUIOp::create(builder, loc, type, factors).getResult()
            : arith::ExtSIOp::create(builder, loc, type, factors)};
  }
  auto type = VectorType::get(2 * width, builder.getI16Type());
  Value pairs = vector::BitCastOp::create(builder, loc, type, factors);
  auto splat = [&](int64_t value) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getI16IntegerAttr(value)));
  };
  if (isUnsigned)
    return {arith::AndIOp::create(builder, loc, pairs, splat(0xff)),
            arith::ShRUIOp::create(builder, loc, pairs, splat(8))};
  Value even = arith::ShLIOp::create(builder, loc, pairs, splat(8));
  return {arith::ShRSIOp::create(builder, loc, even, splat(8)),
          arith::ShRSIOp::create(builder, loc, pairs, splat(8))};
}

Value ContractLowering::emitMultiplyAdd(ArrayRef<Value> row,
                                        ArrayRef<Value> columns, Value acc) {
  if (isa<FloatType>(op.getSumType()))
    return vector::FMAOp::create(builder, loc, row[0], columns[0], acc);
  if (!op.getQuads()) {
    Value product = arith::MulIOp::create(builder, loc, row[0], columns[0]);
    return arith::AddIOp::create(builder, loc, product, acc);
  }
  auto type = VectorType::get(2 * width, op.getSumType());
  auto multiply = [&](Value a, Value b) -> Value {
    return arith::MulIOp::create(builder, loc,
                                 arith::ExtSIOp::create(builder, loc, type, a),
                                 arith::ExtSIOp::create(builder, loc, type, b));
  };
  auto addPairs = [&](Value products) {
    SmallVector<int64_t> first, second;
    for (int64_t i = 0; i < width; ++i) {
      first.push_back(2 * i);
      second.push_back(2 * i + 1);
    }
    Value sum = add(
        vector::ShuffleOp::create(builder, loc, products, products, first),
        vector::ShuffleOp::create(builder, loc, products, products, second));
    acc = add(sum, acc);
  };
  Value even = multiply(row[0], columns[0]), odd = multiply(row[1], columns[1]);
  if (emitter.getTarget().addsPairs) {
    addPairs(even);
    addPairs(odd);
  } else {
    addPairs(add(even, odd));
  }
  return acc;
}

Value ContractLowering::getPartialOffset(const TilePosition &at) {
  int64_t tileSize = tile.rows * tile.panels * ContractOp::kPanel;
  Value index = add(multiply(at.groupOfBlock, constant(blocks.tilesPerBlock)),
                    at.tileOfBlock);
  Value offset = multiply(index, constant(tileSize));
  if (!at.rowOfTile)
    return offset;
  return add(offset, multiply(at.rowOfTile,
                              constant(tile.panels * ContractOp::kPanel)));
}

SmallVector<Value> ContractLowering::emitStart(const Task &task,
                                               const TilePosition &at,
                                               int64_t count) {
  auto type = VectorType::get(width, op.getSumType());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> zeros(count, zero);
  if (numDepthBlocks == 1)
    return zeros;
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        task.firstDepth, constant(0));
  auto choice =
      scf::IfOp::create(builder, loc, SmallVector<Type>(count, type), isFirst,
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(builder, loc, zeros);
  builder.setInsertionPointToStart(choice.elseBlock());
  Value offset = getPartialOffset(at);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < count; ++i)
    sums.push_back(vector::LoadOp::create(builder, loc, type, partial,
                                          add(offset, constant(i * width))));
  scf::YieldOp::create(builder, loc, sums);
  return SmallVector<Value>(choice.getResults());
}

LogicalResult ContractLowering::emitTile(const Task &task,
                                         const TilePosition &at, int64_t rows,
                                         GroupShape shape) {
  SmallVector<Value> sums = emitStart(task, at, rows * getNumVectors(shape));
  sums = emitDepth(task, at, rows, shape, std::move(sums));
  if (numDepthBlocks == 1)
    return emitEpilogue(task, at, rows, shape, sums);
  Value isLast =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                            task.endDepth, constant(op.getK().front()));
  auto choice = scf::IfOp::create(builder, loc, isLast,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.elseBlock());
  Value offset = getPartialOffset(at);
  for (auto [i, sum] : llvm::enumerate(sums))
    vector::StoreOp::create(builder, loc, sum, partial,
                            add(offset, constant(i * width)));
  builder.setInsertionPointToStart(choice.thenBlock());
  return emitEpilogue(task, at, rows, shape, sums);
}

SmallVector<Value> ContractLowering::emitDepth(const Task &task,
                                               const TilePosition &at,
                                               int64_t rows, GroupShape shape,
                                               SmallVector<Value> sums) {
  SmallVector<int64_t> extents(op.getK());
  std::optional<uint64_t> tail = op.getKTail();
  if (!tail)
    return emitDepthLoops(extents, task.firstDepth, task.endDepth, task, at,
                          rows, shape, std::move(sums));
  // Whole blocks, then the one that has fewer channels.
  Value lastBlock = constant(extents[0] - 1);
  if (extents[0] > 1)
    sums = emitDepthLoops(extents, constant(0), lastBlock, task, at, rows,
                          shape, std::move(sums));
  extents.back() = *tail;
  return emitDepthLoops(extents, lastBlock, constant(extents[0]), task, at,
                        rows, shape, std::move(sums));
}

SmallVector<Value> ContractLowering::emitDepthLoops(
    ArrayRef<int64_t> extents, Value begin, Value end, const Task &task,
    const TilePosition &at, int64_t rows, GroupShape shape,
    SmallVector<Value> accumulators) {
  unsigned numK = extents.size();
  Value zero = constant(0);
  Steps steps{extents, task, at, shape, {}, startPrefetch(task, at)};
  for (int64_t row = 0; row < (isLinearInRows ? 1 : rows); ++row) {
    SmallVector<Value> dims(task.batch);
    dims.push_back(add(at.row, constant(row)));
    dims.append(numK, zero);
    steps.rowOffsets.push_back(
        emitter.emitIndex(loc, lhsOffset, dims, symbols));
  }

  // Loops over the depth; `k` holds their indices. Not unrolled: LLVM would
  // keep what steps share in registers that it doesn't have.
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> k;
  SmallVector<scf::ForOp> loops;
  for (unsigned i = 0; i < numK; ++i) {
    Value from = i == 0 ? begin : zero;
    Value to = i == 0 ? end : constant(extents[i]);
    if (isSingle(from, to) &&
        !typical.isDynamic(op.getBatch().size() + 2 + i)) {
      k.push_back(from);
      continue;
    }
    auto loop =
        scf::ForOp::create(builder, loc, from, to, constant(1), accumulators);
    builder.setInsertionPointToStart(loop.getBody());
    accumulators.assign(loop.getRegionIterArgs().begin(),
                        loop.getRegionIterArgs().end());
    loops.push_back(loop);
    k.push_back(loop.getInductionVar());
  }
  emitStep(steps, k, rows, accumulators);
  for (scf::ForOp loop : llvm::reverse(loops)) {
    builder.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(builder, loc, accumulators);
    accumulators.assign(loop.getResults().begin(), loop.getResults().end());
  }
  return accumulators;
}

void ContractLowering::emitStep(const Steps &steps, ArrayRef<Value> k,
                                int64_t rows,
                                MutableArrayRef<Value> accumulators) {
  ArrayRef<int64_t> extents = steps.extents;
  const Task &task = steps.task;
  const TilePosition &at = steps.at;
  GroupShape shape = steps.shape;
  unsigned numBatch = op.getBatch().size(), numK = extents.size();

  // Offsets of this step: of lhs, and the position kk in the packed columns.
  Value zero = constant(0), lhsStep = zero, position = zero;
  int64_t positionStride = 1;
  for (int64_t i = numK - 1; i >= 0; --i) {
    // Whole blocks lie before one with a tail.
    int64_t perIndex = i == 0 ? depthUnit : positionStride;
    Value index = k[i];
    if (i == 0 && packed)
      index = arith::SubIOp::create(builder, loc, index, task.firstDepth);
    position = add(position, multiply(index, constant(perIndex)));
    lhsStep = add(lhsStep, multiply(k[i], constant(lhsDepthStrides[i])));
    // Blocks packed at run time are whole.
    positionStride *= packed ? op.getK()[i] : extents[i];
  }

  // The columns.
  SmallVector<SmallVector<Value>> columns;
  Value rhs = packed ? packed : getFactors(/*isLhs=*/false);
  int64_t vectors = getNumVectors(shape);
  for (int64_t vector = 0; vector < vectors; ++vector) {
    int64_t lane = vector % chunks * width, panel = vector / chunks;
    Value offset;
    Lanes lanes{{}, {}, width, width};
    if (packed) {
      offset = add(
          getPackedOffset(add(multiply(at.groupOfBlock, constant(tile.panels)),
                              constant(panel)),
                          position),
          constant(lane));
    } else {
      SmallVector<Value> dims(task.batch);
      if (op.getPacked()) {
        dims.append({at.panel, position, zero});
      } else {
        dims.append(k.begin(), k.end());
        dims.append({at.panel, zero});
        lanes = getLanes({}, {}, vector, shape);
      }
      // The parts that differ between vectors are constants.
      unsigned panelDim = op.getPacked() ? numBatch : numBatch + numK;
      int64_t panelStride = BodyEmitter::getStride(rhsOffset, panelDim,
                                                   op.getRhsMap().getNumDims())
                                .value_or(0);
      offset = add(emitter.emitIndex(loc, rhsOffset, dims, symbols),
                   constant(panel * panelStride + lane));
    }
    columns.push_back(
        expand(emitter.loadVector(loc, rhs, offset, lanes), /*isLhs=*/false));
  }

  if (steps.prefetch)
    emitPrefetch(*steps.prefetch, position);

  // Rows times columns.
  Value lhs = getFactors(/*isLhs=*/true);
  auto type =
      VectorType::get(width, cast<MemRefType>(lhs.getType()).getElementType());
  for (int64_t row = 0; row < rows; ++row) {
    Value offset = add(steps.rowOffsets[isLinearInRows ? 0 : row], lhsStep);
    if (isLinearInRows && row > 0)
      offset = add(offset, constant(row * rowStride));
    Value factor =
        memref::LoadOp::create(builder, loc, lhs, offset,
                               /*nontemporal=*/false, getFactorAlignment());
    factor = vector::BroadcastOp::create(builder, loc, type, factor);
    SmallVector<Value> a = expand(factor, /*isLhs=*/true);
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value &acc = accumulators[row * vectors + vector];
      acc = emitMultiplyAdd(a, columns[vector], acc);
    }
  }
}

LogicalResult ContractLowering::emitEpilogue(const Task &task,
                                             const TilePosition &at,
                                             int64_t rows, GroupShape shape,
                                             ArrayRef<Value> accumulators) {
  Block &body = op.getEpilogue().front();
  ArrayRef<BlockArgument> arguments = body.getArguments();
  unsigned numBatch = op.getBatch().size();
  for (unsigned i = 0; i < numBatch; ++i)
    emitter.map(arguments[i], task.batch[i]);
  BlockArgument rowArgument = arguments[numBatch];
  BlockArgument panelArgument = arguments[numBatch + 1];
  BlockArgument laneArgument = arguments[numBatch + 2];
  BlockArgument accArgument = arguments[numBatch + 3];
  Value out = emitter.lookup(op.getOut());
  Value result = cast<YieldOp>(body.back()).getValue();
  unsigned numDims = op.getOutMap().getNumDims();
  bool isContiguous =
      BodyEmitter::getStride(outOffset, numDims - 1, numDims) == 1;

  // All values first: a store between them would keep LLVM from merging loads
  // of the same bias.
  struct Store {
    Value value, offset;
    Lanes lanes;
  };
  SmallVector<Store> stores;
  int64_t vectors = getNumVectors(shape);
  for (int64_t row = 0; row < rows; ++row) {
    Value rowIndex = arith::AddIOp::create(builder, loc, at.row,
                                           emitter.constantIndex(loc, row));
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value panel = arith::AddIOp::create(
          builder, loc, at.panel, emitter.constantIndex(loc, vector / chunks));
      Value lane = emitter.constantIndex(loc, vector % chunks * width);
      Lanes lanes = getLanes(laneArgument, lane, vector, shape);
      emitter.map(rowArgument, rowIndex);
      emitter.map(panelArgument, panel);
      emitter.map(accArgument, accumulators[row * vectors + vector]);
      if (failed(emitter.emitBlock(body, lanes)))
        return failure();
      SmallVector<Value> dims(task.batch);
      dims.append({rowIndex, panel, lane});
      stores.push_back({emitter.widen(loc, emitter.lookup(result), width),
                        emitter.emitIndex(loc, outOffset, dims, symbols),
                        lanes});
    }
  }
  for (const Store &store : stores) {
    if (isContiguous) {
      emitter.storeVector(loc, store.value, out, store.offset, store.lanes);
      continue;
    }
    int64_t stride =
        BodyEmitter::getStride(outOffset, numDims - 1, numDims).value_or(0);
    emitter.emitValidLanes(loc, store.lanes, [&](int64_t lane) {
      Value element =
          vector::ExtractOp::create(builder, loc, store.value, lane);
      Value offset =
          arith::AddIOp::create(builder, loc, store.offset,
                                emitter.constantIndex(loc, lane * stride));
      memref::StoreOp::create(builder, loc, element, out, offset);
    });
  }
  return success();
}
