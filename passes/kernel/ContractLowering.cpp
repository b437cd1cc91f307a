// SPDX-License-Identifier: Apache-2.0
// Lowers kernel.contract to tiled loops around a micro-kernel of vector.fma.
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

/// Rows of a task: their part of `lhs` stays in L2 while panels pass.
static constexpr int64_t kRowsOfBlock = 144;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The change of \p expr when dimension \p dim grows by one, if it is constant.
static std::optional<int64_t> getStride(AffineExpr expr, unsigned dim,
                                        unsigned numDims) {
  AffineExpr next = expr.replace(getAffineDimExpr(dim, expr.getContext()),
                                 getAffineDimExpr(dim, expr.getContext()) + 1);
  unsigned numSymbols = 0;
  expr.walk([&](AffineExpr part) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      numSymbols = std::max(numSymbols, symbol.getPosition() + 1);
  });
  auto stride = dyn_cast<AffineConstantExpr>(
      simplifyAffineExpr(next - expr, numDims, numSymbols));
  if (!stride)
    return std::nullopt;
  return stride.getValue();
}

ContractLowering::ContractLowering(ContractOp op, BodyEmitter &emitter,
                                   OpBuilder &builder)
    : op(op), emitter(emitter), builder(builder), loc(op.getLoc()),
      width(std::min(emitter.getTarget().getWidth(), ContractOp::kPanel)),
      chunks(ContractOp::kPanel / width) {
  emitter.enterContract(op);
  int64_t panels = op.getNumPanels();
  tile = chooseRegisterTile({int64_t(op.getM()), panels, op.getKTotal()}, width,
                            emitter.getTarget().numRegisters);
  numGroups = ceilDiv(panels, tile.panels);
  numRowTiles = ceilDiv(op.getM(), tile.rows);
  numRowBlocks = ceilDiv(numRowTiles, ceilDiv(kRowsOfBlock, tile.rows));

  lhsOffset = BodyEmitter::linearize(cast<MemRefType>(op.getLhs().getType()),
                                     op.getLhsMap());
  rhsOffset = BodyEmitter::linearize(cast<MemRefType>(op.getRhs().getType()),
                                     op.getRhsMap());
  outOffset = BodyEmitter::linearize(cast<MemRefType>(op.getOut().getType()),
                                     op.getOutMap());
  unsigned numBatch = op.getBatch().size();
  for (unsigned i = 0; i < numBatch; ++i)
    (rhsOffset.isFunctionOfDim(i) ? outerBatch : innerBatch).push_back(i);
  unsigned lane = op.getRhsMap().getNumDims() - 1;
  packsColumns = getStride(rhsOffset, lane, lane + 1) != 1;
}

LogicalResult ContractLowering::analyze() {
  unsigned numBatch = op.getBatch().size(), numDims = numBatch + 1;
  // The depth's part of the address has to be a sum of strides.
  unsigned numLhsDims = numDims + op.getK().size();
  for (size_t i = 0; i < op.getK().size(); ++i) {
    std::optional<int64_t> stride =
        getStride(lhsOffset, numDims + i, numLhsDims);
    if (!stride)
      return op.emitOpError("requires lhs_map to be linear in k");
    lhsDepthStrides.push_back(*stride);
  }
  if (std::optional<int64_t> stride =
          getStride(lhsOffset, numBatch, numLhsDims)) {
    isLinearInRows = true;
    rowStride = *stride;
  }
  return success();
}

int64_t ContractLowering::getNumTasks() {
  int64_t tasks = numGroups;
  for (unsigned dim : outerBatch)
    tasks *= op.getBatch()[dim];
  // Columns packed at run time are packed once for all rows.
  if (packsColumns)
    return tasks;
  for (unsigned dim : innerBatch)
    tasks *= op.getBatch()[dim];
  return tasks * numRowBlocks;
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// Splits \p linear into indices of \p extents, the last fastest.
static SmallVector<Value> delinearize(OpBuilder &builder, Location loc,
                                      Value linear, ArrayRef<int64_t> extents) {
  SmallVector<Value> indices(extents.size());
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    Value extent = arith::ConstantIndexOp::create(builder, loc, extents[i]);
    if (extents[i] == 1) {
      indices[i] = arith::ConstantIndexOp::create(builder, loc, 0);
    } else if (i == 0) {
      indices[i] = linear;
    } else {
      indices[i] = arith::RemUIOp::create(builder, loc, linear, extent);
      linear = arith::DivUIOp::create(builder, loc, linear, extent);
    }
  }
  return indices;
}

LogicalResult ContractLowering::emit(Value begin, Value end) {
  if (failed(analyze()))
    return failure();
  SmallVector<int64_t> extents;
  for (unsigned dim : outerBatch)
    extents.push_back(op.getBatch()[dim]);
  extents.push_back(numGroups);
  SmallVector<int64_t> inner;
  for (unsigned dim : innerBatch)
    inner.push_back(op.getBatch()[dim]);
  inner.push_back(numRowBlocks);
  if (!packsColumns)
    extents.append(inner);

  OpBuilder::InsertionGuard guard(builder);
  Value one = emitter.constantIndex(loc, 1);
  auto tasks = scf::ForOp::create(builder, loc, begin, end, one);
  builder.setInsertionPointToStart(tasks.getBody());
  SmallVector<Value> indices =
      delinearize(builder, loc, tasks.getInductionVar(), extents);
  if (!packsColumns)
    return emitTask(indices);

  int64_t perGroup = tile.panels * op.getKTotal() * ContractOp::kPanel;
  packed = emitter.allocateScratch(
      perGroup, cast<MemRefType>(op.getRhs().getType()).getElementType());
  return emitTask(indices);
}

LogicalResult ContractLowering::emitTask(ValueRange taskIndices) {
  SmallVector<Value> batch(op.getBatch().size());
  for (auto [dim, index] : llvm::zip(outerBatch, taskIndices))
    batch[dim] = index;
  Value group = taskIndices[outerBatch.size()];
  Value panelsOfGroup = emitter.constantIndex(loc, tile.panels);
  Value panel = arith::MulIOp::create(builder, loc, group, panelsOfGroup);

  auto emitRows = [&](int64_t panels, bool isLast) -> LogicalResult {
    OpBuilder::InsertionGuard guard(builder);
    if (!packsColumns) {
      ValueRange inner = taskIndices.drop_front(outerBatch.size() + 1);
      for (auto [dim, index] : llvm::zip(innerBatch, inner))
        batch[dim] = index;
      return emitGroup(batch, panel, inner.back(), panels, isLast);
    }
    if (failed(packColumns(batch, panel, panels, isLast)))
      return failure();
    for (unsigned dim : innerBatch) {
      auto loop =
          scf::ForOp::create(builder, loc, emitter.constantIndex(loc, 0),
                             emitter.constantIndex(loc, op.getBatch()[dim]),
                             emitter.constantIndex(loc, 1));
      builder.setInsertionPointToStart(loop.getBody());
      batch[dim] = loop.getInductionVar();
    }
    auto blocks =
        scf::ForOp::create(builder, loc, emitter.constantIndex(loc, 0),
                           emitter.constantIndex(loc, numRowBlocks),
                           emitter.constantIndex(loc, 1));
    builder.setInsertionPointToStart(blocks.getBody());
    return emitGroup(batch, panel, blocks.getInductionVar(), panels, isLast);
  };

  // The last group has code of its own where it has fewer panels or a panel
  // that isn't whole.
  int64_t panels = op.getNumPanels();
  int64_t lastPanels = panels - (numGroups - 1) * tile.panels;
  bool isUniform = lastPanels == tile.panels &&
                   (op.getWholePanels() || op.getN() % ContractOp::kPanel == 0);
  if (isUniform || numGroups == 1)
    return emitRows(lastPanels, /*isLast=*/true);
  Value last = emitter.constantIndex(loc, numGroups - 1);
  Value isWhole = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        group, last);
  auto choice = scf::IfOp::create(builder, loc, isWhole,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  if (failed(emitRows(tile.panels, /*isLast=*/false)))
    return failure();
  builder.setInsertionPointToStart(choice.elseBlock());
  return emitRows(lastPanels, /*isLast=*/true);
}

LogicalResult ContractLowering::emitGroup(ArrayRef<Value> batch, Value panel,
                                          Value rowBlock, int64_t panels,
                                          bool isLast) {
  // Row tiles [first, last) of this block; the first `numLarge` of all tiles
  // have a row more than the others.
  int64_t rows = op.getM();
  int64_t small = rows / numRowTiles, numLarge = rows % numRowTiles;
  int64_t tilesOfBlock = ceilDiv(numRowTiles, numRowBlocks);
  auto constant = [&](int64_t v) { return emitter.constantIndex(loc, v); };
  Value first = constant(0), last = constant(numRowTiles);
  if (numRowBlocks > 1) {
    first =
        arith::MulIOp::create(builder, loc, rowBlock, constant(tilesOfBlock));
    Value end =
        arith::AddIOp::create(builder, loc, first, constant(tilesOfBlock));
    last = arith::MinUIOp::create(builder, loc, end, last);
  }
  auto emitTiles = [&](Value from, Value to, int64_t size,
                       int64_t shift) -> LogicalResult {
    OpBuilder::InsertionGuard guard(builder);
    auto loop = scf::ForOp::create(builder, loc, from, to, constant(1));
    builder.setInsertionPointToStart(loop.getBody());
    Value row = arith::MulIOp::create(builder, loc, loop.getInductionVar(),
                                      constant(size));
    if (shift)
      row = arith::AddIOp::create(builder, loc, row, constant(shift));
    TilePosition at{SmallVector<Value>(batch), row, panel};
    return emitTile(at, size, panels, isLast);
  };
  if (numLarge == 0)
    return emitTiles(first, last, small, 0);
  Value bound = constant(numLarge);
  if (failed(emitTiles(first, arith::MinUIOp::create(builder, loc, last, bound),
                       small + 1, 0)))
    return failure();
  return emitTiles(arith::MaxUIOp::create(builder, loc, first, bound), last,
                   small, numLarge);
}

//===----------------------------------------------------------------------===//
// The micro-kernel
//===----------------------------------------------------------------------===//

int64_t ContractLowering::getValidLanes(int64_t panels, int64_t vector,
                                        bool isLast) {
  int64_t columnsOfLast = op.getN() % ContractOp::kPanel;
  int64_t panel = vector / chunks, lane = vector % chunks * width;
  if (!isLast || panel + 1 < panels || op.getWholePanels() ||
      columnsOfLast == 0)
    return width;
  return std::clamp<int64_t>(columnsOfLast - lane, 0, width);
}

Value ContractLowering::emitMultiplyAdd(Value a, Value b, Value acc) {
  auto type = cast<VectorType>(b.getType());
  Value wide = vector::BroadcastOp::create(builder, loc, type, a);
  if (isa<FloatType>(type.getElementType()))
    return vector::FMAOp::create(builder, loc, wide, b, acc);
  Value product = arith::MulIOp::create(builder, loc, wide, b);
  return arith::AddIOp::create(builder, loc, product, acc);
}

LogicalResult ContractLowering::emitTile(const TilePosition &at, int64_t rows,
                                         int64_t panels, bool isLast) {
  SmallVector<Value> accumulators = emitDepth(at, rows, panels, isLast);
  return emitEpilogue(at, rows, panels, isLast, accumulators);
}

SmallVector<Value> ContractLowering::emitDepth(const TilePosition &at,
                                               int64_t rows, int64_t panels,
                                               bool isLast) {
  Type element = cast<MemRefType>(op.getRhs().getType()).getElementType();
  auto type = VectorType::get(width, element);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> accumulators(rows * panels * chunks, zero);

  SmallVector<int64_t> extents(op.getK());
  Value firstBlock = emitter.constantIndex(loc, 0);
  std::optional<uint64_t> tail = op.getKTail();
  if (!tail)
    return emitDepthLoops(extents, firstBlock, /*hasFirstLoop=*/true, at, rows,
                          panels, isLast, accumulators);
  // Whole blocks, then the one that has fewer channels.
  if (extents[0] > 1) {
    SmallVector<int64_t> whole = extents;
    --whole[0];
    accumulators = emitDepthLoops(whole, firstBlock, /*hasFirstLoop=*/true, at,
                                  rows, panels, isLast, accumulators);
  }
  Value lastBlock = emitter.constantIndex(loc, extents[0] - 1);
  extents.back() = *tail;
  return emitDepthLoops(extents, lastBlock, /*hasFirstLoop=*/false, at, rows,
                        panels, isLast, accumulators);
}

SmallVector<Value>
ContractLowering::emitDepthLoops(ArrayRef<int64_t> extents, Value firstBlock,
                                 bool hasFirstLoop, const TilePosition &at,
                                 int64_t rows, int64_t panels, bool isLast,
                                 SmallVector<Value> accumulators) {
  unsigned numBatch = op.getBatch().size(), numK = extents.size();
  auto constant = [&](int64_t v) { return emitter.constantIndex(loc, v); };
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(builder, loc, a, b);
  };
  Value zero = constant(0);

  // Addresses at depth zero.
  auto getLhsOffset = [&](Value row) {
    SmallVector<Value> dims(at.batch);
    dims.push_back(row);
    dims.append(numK, zero);
    return emitter.emitIndex(loc, lhsOffset, dims);
  };
  SmallVector<Value> rowOffsets;
  for (int64_t row = 0; row < (isLinearInRows ? 1 : rows); ++row)
    rowOffsets.push_back(getLhsOffset(add(at.row, constant(row))));

  // Loops over the depth; `k` holds their indices.
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> k;
  SmallVector<scf::ForOp> loops;
  for (unsigned i = 0; i < numK; ++i) {
    if (i == 0 && !hasFirstLoop) {
      k.push_back(firstBlock);
      continue;
    }
    if (extents[i] == 1) {
      k.push_back(zero);
      continue;
    }
    auto loop = scf::ForOp::create(builder, loc, zero, constant(extents[i]),
                                   constant(1), accumulators);
    builder.setInsertionPointToStart(loop.getBody());
    accumulators.assign(loop.getRegionIterArgs().begin(),
                        loop.getRegionIterArgs().end());
    loops.push_back(loop);
    k.push_back(loop.getInductionVar());
  }

  // Offsets of this step: of lhs, and the position kk in the packed columns.
  Value lhsStep = zero, position = zero;
  int64_t positionStride = 1, elementsOfBlock = 1;
  for (int64_t extent : op.getK().drop_front())
    elementsOfBlock *= extent;
  for (int64_t i = numK - 1; i >= 0; --i) {
    // Whole blocks lie before one with a tail.
    int64_t perIndex = i == 0 ? elementsOfBlock : positionStride;
    position = add(position, arith::MulIOp::create(builder, loc, k[i],
                                                   constant(perIndex)));
    lhsStep = add(lhsStep, arith::MulIOp::create(builder, loc, k[i],
                                                 constant(lhsDepthStrides[i])));
    positionStride *= extents[i];
  }

  // The columns.
  SmallVector<Value> columns;
  Value rhs = packed ? packed : emitter.lookup(op.getRhs());
  for (int64_t vector = 0; vector < panels * chunks; ++vector) {
    int64_t lane = vector % chunks * width, panel = vector / chunks;
    Value offset;
    int64_t valid = width;
    if (packed) {
      int64_t start = panel * op.getKTotal() * ContractOp::kPanel + lane;
      offset = add(arith::MulIOp::create(builder, loc, position,
                                         constant(ContractOp::kPanel)),
                   constant(start));
    } else {
      SmallVector<Value> dims(at.batch);
      if (op.getPacked()) {
        dims.append({at.panel, position, zero});
      } else {
        dims.append(k);
        dims.append({at.panel, zero});
        valid = getValidLanes(panels, vector, isLast);
      }
      // The parts that differ between vectors are constants.
      unsigned panelDim = op.getPacked() ? numBatch : numBatch + numK;
      int64_t panelStride =
          getStride(rhsOffset, panelDim, op.getRhsMap().getNumDims())
              .value_or(0);
      offset = add(emitter.emitIndex(loc, rhsOffset, dims),
                   constant(panel * panelStride + lane));
    }
    columns.push_back(
        emitter.loadVector(loc, rhs, offset, {{}, {}, width, valid}));
  }

  // Rows times columns.
  Value lhs = emitter.lookup(op.getLhs());
  int64_t vectors = panels * chunks;
  for (int64_t row = 0; row < rows; ++row) {
    Value offset = add(rowOffsets[isLinearInRows ? 0 : row], lhsStep);
    if (isLinearInRows && row > 0)
      offset = add(offset, constant(row * rowStride));
    Value a = memref::LoadOp::create(builder, loc, lhs, offset);
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value &acc = accumulators[row * vectors + vector];
      acc = emitMultiplyAdd(a, columns[vector], acc);
    }
  }
  for (scf::ForOp loop : llvm::reverse(loops)) {
    builder.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(builder, loc, accumulators);
    accumulators.assign(loop.getResults().begin(), loop.getResults().end());
  }
  return accumulators;
}

LogicalResult ContractLowering::emitEpilogue(const TilePosition &at,
                                             int64_t rows, int64_t panels,
                                             bool isLast,
                                             ArrayRef<Value> accumulators) {
  Block &body = op.getEpilogue().front();
  ArrayRef<BlockArgument> arguments = body.getArguments();
  unsigned numBatch = op.getBatch().size();
  for (unsigned i = 0; i < numBatch; ++i)
    emitter.map(arguments[i], at.batch[i]);
  BlockArgument rowArgument = arguments[numBatch];
  BlockArgument panelArgument = arguments[numBatch + 1];
  BlockArgument laneArgument = arguments[numBatch + 2];
  BlockArgument accArgument = arguments[numBatch + 3];
  Value out = emitter.lookup(op.getOut());
  Value result = cast<YieldOp>(body.back()).getValue();
  unsigned numDims = op.getOutMap().getNumDims();
  bool isContiguous = getStride(outOffset, numDims - 1, numDims) == 1;

  // All values first: a store between them would keep LLVM from merging loads
  // of the same bias.
  struct Store {
    Value value, offset;
    Lanes lanes;
  };
  SmallVector<Store> stores;
  int64_t vectors = panels * chunks;
  for (int64_t row = 0; row < rows; ++row) {
    Value rowIndex = arith::AddIOp::create(builder, loc, at.row,
                                           emitter.constantIndex(loc, row));
    for (int64_t vector = 0; vector < vectors; ++vector) {
      int64_t valid = getValidLanes(panels, vector, isLast);
      if (valid == 0)
        continue;
      Value panel = arith::AddIOp::create(
          builder, loc, at.panel, emitter.constantIndex(loc, vector / chunks));
      Value lane = emitter.constantIndex(loc, vector % chunks * width);
      Lanes lanes{laneArgument, lane, width, valid};
      emitter.map(rowArgument, rowIndex);
      emitter.map(panelArgument, panel);
      emitter.map(accArgument, accumulators[row * vectors + vector]);
      if (failed(emitter.emitBlock(body, lanes)))
        return failure();
      SmallVector<Value> dims(at.batch);
      dims.append({rowIndex, panel, lane});
      stores.push_back({emitter.widen(loc, emitter.lookup(result), width),
                        emitter.emitIndex(loc, outOffset, dims), lanes});
    }
  }
  for (const Store &store : stores) {
    if (isContiguous) {
      emitter.storeVector(loc, store.value, out, store.offset, store.lanes);
      continue;
    }
    int64_t stride = getStride(outOffset, numDims - 1, numDims).value_or(0);
    for (int64_t lane = 0; lane < store.lanes.valid; ++lane) {
      Value element =
          vector::ExtractOp::create(builder, loc, store.value, lane);
      Value offset =
          arith::AddIOp::create(builder, loc, store.offset,
                                emitter.constantIndex(loc, lane * stride));
      memref::StoreOp::create(builder, loc, element, out, offset);
    }
  }
  return success();
}

LogicalResult ContractLowering::packColumns(ArrayRef<Value> batch, Value panel,
                                            int64_t panels, bool isLast) {
  auto constant = [&](int64_t v) { return emitter.constantIndex(loc, v); };
  unsigned numDims = op.getRhsMap().getNumDims();
  std::optional<int64_t> laneStride =
      getStride(rhsOffset, numDims - 1, numDims);
  if (!laneStride)
    return op.emitOpError("requires rhs_map to be linear in the columns");
  Value rhs = emitter.lookup(op.getRhs());
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> k;
  for (int64_t extent : op.getK()) {
    auto loop = scf::ForOp::create(builder, loc, constant(0), constant(extent),
                                   constant(1));
    builder.setInsertionPointToStart(loop.getBody());
    k.push_back(loop.getInductionVar());
  }
  Value position = constant(0);
  for (auto [index, extent] : llvm::zip(k, op.getK()))
    position = arith::AddIOp::create(
        builder, loc,
        arith::MulIOp::create(builder, loc, position, constant(extent)), index);
  position = arith::MulIOp::create(builder, loc, position,
                                   constant(ContractOp::kPanel));
  for (int64_t vector = 0; vector < panels * chunks; ++vector) {
    int64_t lane = vector % chunks * width, inGroup = vector / chunks;
    int64_t valid = getValidLanes(panels, vector, isLast);
    SmallVector<Value> dims(batch);
    for (Value &index : dims)
      if (!index) // rhs doesn't depend on it
        index = constant(0);
    if (op.getPacked())
      return op.emitOpError("requires packed columns to be contiguous");
    dims.append(k);
    dims.append({arith::AddIOp::create(builder, loc, panel, constant(inGroup)),
                 constant(lane)});
    Value offset = emitter.emitIndex(loc, rhsOffset, dims);
    Value to = arith::AddIOp::create(
        builder, loc, position,
        constant(inGroup * op.getKTotal() * ContractOp::kPanel + lane));
    auto type = VectorType::get(width, element);
    Value values =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    for (int64_t i = 0; i < valid; ++i) {
      Value from = arith::AddIOp::create(builder, loc, offset,
                                         constant(i * *laneStride));
      Value scalar = memref::LoadOp::create(builder, loc, rhs, from);
      values = vector::InsertOp::create(builder, loc, scalar, values, i);
    }
    emitter.storeVector(loc, values, packed, to, {{}, {}, width, width});
  }
  return success();
}
