// SPDX-License-Identifier: Apache-2.0
// Lowers kernel.contract to tiled loops around a micro-kernel of vector.fma.
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

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

ContractLowering::ContractLowering(ContractOp op, BodyEmitter &emitter,
                                   OpBuilder &builder)
    : op(op), emitter(emitter), builder(builder), loc(op.getLoc()),
      width(std::min(emitter.getTarget().getWidth(), ContractOp::kPanel)),
      chunks(ContractOp::kPanel / width) {
  int64_t panels = op.getNumPanels();
  unsigned numBatch = op.getBatch().size();
  lhsOffset = BodyEmitter::linearize(cast<MemRefType>(op.getLhs().getType()),
                                     op.getLhsMap());
  auto lhsType = cast<MemRefType>(op.getLhs().getType());
  int64_t rowBytes = BodyEmitter::getStride(lhsOffset, numBatch,
                                            numBatch + 1 + op.getK().size())
                         .value_or(0) *
                     (lhsType.getElementTypeBitWidth() / 8);
  TileChoice choice = chooseRegisterTile(
      {int64_t(op.getM()), panels, op.getKTotal(), rowBytes,
       int64_t(op.getN()) - (panels - 1) * ContractOp::kPanel},
      emitter.getTarget());
  tile = choice.best.tile;
  numGroups = ceilDiv(panels, tile.panels);
  numRowTiles = ceilDiv(op.getM(), tile.rows);

  rhsOffset = BodyEmitter::linearize(cast<MemRefType>(op.getRhs().getType()),
                                     op.getRhsMap());
  outOffset = BodyEmitter::linearize(cast<MemRefType>(op.getOut().getType()),
                                     op.getOutMap());
  for (unsigned i = 0; i < numBatch; ++i)
    (rhsOffset.isFunctionOfDim(i) ? outerBatch : innerBatch).push_back(i);
  for (int64_t extent : op.getK().drop_front())
    depthUnit *= extent;
  chooseBlocks();
  prefetches = isWorthPrefetching();
  emitter.addToSchedule(describe(choice));
}

/// The product of the extents of the batch indices \p dims.
static int64_t getExtent(ContractOp op, ArrayRef<unsigned> dims) {
  int64_t product = 1;
  for (unsigned dim : dims)
    product *= op.getBatch()[dim];
  return product;
}

void ContractLowering::chooseBlocks() {
  unsigned numDims = op.getRhsMap().getNumDims(), numK = op.getK().size();
  Type element = cast<MemRefType>(op.getRhs().getType()).getElementType();
  ContractionBlocks shape;
  shape.rowTiles = numRowTiles;
  shape.rowsOfTile = tile.rows;
  shape.groups = numGroups;
  shape.columnsOfGroup = tile.panels * ContractOp::kPanel;
  shape.depth = op.getK().front() * depthUnit;
  // A block with fewer channels can't be told from others in a loop.
  shape.depthUnit = op.getKTail() ? shape.depth : depthUnit;
  shape.outerBatch = getExtent(op, outerBatch);
  shape.innerBatch = getExtent(op, innerBatch);
  shape.elementBytes = (element.getIntOrFloatBitWidth() + 7) / 8;
  shape.l1Bytes = emitter.getTarget().l1Bytes;
  shape.l2Bytes = emitter.getTarget().l2Bytes;
  shape.bytesPerStep = 0;
  shape.layout = ColumnLayout::Panels;
  if (!op.getPacked()) {
    bool isRowMajor =
        BodyEmitter::getStride(rhsOffset, numDims - 1, numDims) == 1;
    shape.layout = isRowMajor ? ColumnLayout::RowMajor : ColumnLayout::Other;
    unsigned lastK = op.getBatch().size() + numK - 1;
    if (std::optional<int64_t> stride =
            BodyEmitter::getStride(rhsOffset, lastK, numDims))
      shape.bytesPerStep = std::abs(*stride) * shape.elementBytes;
  }
  blocks = chooseContractSchedule(shape);
  if (op.getKTail())
    blocks.depthBlock = op.getK().front();
  numColumnBlocks = ceilDiv(numGroups, blocks.groupsPerBlock);
  numRowBlocks = ceilDiv(numRowTiles, blocks.tilesPerBlock);
  numDepthBlocks = ceilDiv(op.getK().front(), blocks.depthBlock);
}

LogicalResult ContractLowering::analyze() {
  unsigned numBatch = op.getBatch().size(), numDims = numBatch + 1;
  // The depth's part of the address has to be a sum of strides.
  unsigned numLhsDims = numDims + op.getK().size();
  for (size_t i = 0; i < op.getK().size(); ++i) {
    std::optional<int64_t> stride =
        BodyEmitter::getStride(lhsOffset, numDims + i, numLhsDims);
    if (!stride)
      return op.emitOpError("requires lhs_map to be linear in k");
    lhsDepthStrides.push_back(*stride);
  }
  if (std::optional<int64_t> stride =
          BodyEmitter::getStride(lhsOffset, numBatch, numLhsDims)) {
    isLinearInRows = true;
    rowStride = *stride;
  }
  return success();
}

int64_t ContractLowering::getNumTasks() {
  int64_t tasks = getExtent(op, outerBatch) * numColumnBlocks * numRowBlocks;
  // Columns packed at run time serve all inner batch indices.
  return blocks.packs ? tasks : tasks * getExtent(op, innerBatch);
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
  for (Value symbol : op.getSymbols())
    symbols.push_back(emitter.lookup(symbol));
  SmallVector<unsigned> taskDims(outerBatch);
  if (!blocks.packs)
    taskDims.append(innerBatch);
  SmallVector<int64_t> extents;
  for (unsigned dim : outerBatch)
    extents.push_back(op.getBatch()[dim]);
  extents.push_back(numColumnBlocks);
  if (!blocks.packs)
    for (unsigned dim : innerBatch)
      extents.push_back(op.getBatch()[dim]);
  extents.push_back(numRowBlocks);

  Type element = cast<MemRefType>(op.getRhs().getType()).getElementType();
  int64_t groups = blocks.mergesTasks ? numGroups : blocks.groupsPerBlock;
  int64_t columns = groups * tile.panels * ContractOp::kPanel;
  if (blocks.packs)
    packed = emitter.allocateScratch(columns * blocks.depthBlock * depthUnit,
                                     element);
  if (numDepthBlocks > 1)
    partial = emitter.allocateScratch(
        columns * blocks.tilesPerBlock * tile.rows, element);

  OpBuilder::InsertionGuard guard(builder);
  Value depthIndex;
  if (blocks.mergesTasks)
    depthIndex = enterLoop(constant(0), constant(numDepthBlocks),
                           /*trips=*/numDepthBlocks);
  auto tasks = scf::ForOp::create(builder, loc, begin, end, constant(1));
  builder.setInsertionPointToStart(tasks.getBody());
  SmallVector<Value> indices =
      delinearize(builder, loc, tasks.getInductionVar(), extents);
  Task task;
  if (depthIndex)
    std::tie(task.firstDepth, task.endDepth) =
        getRange(depthIndex, blocks.depthBlock, op.getK().front());
  task.batch.resize(op.getBatch().size());
  for (auto [i, dim] : llvm::enumerate(outerBatch))
    task.batch[dim] = indices[i];
  if (!blocks.packs)
    for (auto [i, dim] : llvm::enumerate(innerBatch))
      task.batch[dim] = indices[outerBatch.size() + 1 + i];
  std::tie(task.firstGroup, task.endGroup) =
      getRange(indices[outerBatch.size()], blocks.groupsPerBlock, numGroups);
  std::tie(task.firstTile, task.endTile) =
      getRange(indices.back(), blocks.tilesPerBlock, numRowTiles);
  return emitTask(task);
}

std::pair<Value, Value> ContractLowering::getRange(Value block, int64_t size,
                                                   int64_t extent) {
  if (size >= extent)
    return {constant(0), constant(extent)};
  Value begin = size == 1 ? block : multiply(block, constant(size));
  Value end = add(begin, constant(size));
  if (extent % size != 0)
    end = arith::MinUIOp::create(builder, loc, end, constant(extent));
  return {begin, end};
}

Value ContractLowering::enterLoop(Value begin, Value end, int64_t trips) {
  if (trips == 1)
    return begin;
  auto loop = scf::ForOp::create(builder, loc, begin, end, constant(1));
  builder.setInsertionPointToStart(loop.getBody());
  return loop.getInductionVar();
}

LogicalResult ContractLowering::emitTask(Task task) {
  OpBuilder::InsertionGuard guard(builder);
  if (!blocks.mergesTasks) {
    Value depthIndex = enterLoop(constant(0), constant(numDepthBlocks),
                                 /*trips=*/numDepthBlocks);
    std::tie(task.firstDepth, task.endDepth) =
        getRange(depthIndex, blocks.depthBlock, op.getK().front());
  }
  if (blocks.packs) {
    if (failed(packColumns(task)))
      return failure();
    for (unsigned dim : innerBatch)
      task.batch[dim] = enterLoop(constant(0), constant(op.getBatch()[dim]),
                                  /*trips=*/op.getBatch()[dim]);
  }
  // Strips of rows, each through all columns.
  int64_t strips = ceilDiv(blocks.tilesPerBlock, blocks.tilesPerStrip);
  Value firstTile = task.firstTile, endTile = task.endTile;
  if (strips > 1) {
    auto loop = scf::ForOp::create(builder, loc, firstTile, endTile,
                                   constant(blocks.tilesPerStrip));
    builder.setInsertionPointToStart(loop.getBody());
    firstTile = loop.getInductionVar();
    endTile = arith::MinUIOp::create(
        builder, loc, add(firstTile, constant(blocks.tilesPerStrip)), endTile);
  }
  Value group =
      enterLoop(task.firstGroup, task.endGroup, blocks.groupsPerBlock);

  // The last group has code of its own where it has fewer panels or a panel
  // that isn't whole.
  int64_t panels = op.getNumPanels();
  int64_t lastPanels = panels - (numGroups - 1) * tile.panels;
  GroupShape lastShape{lastPanels, /*isLast=*/true};
  bool isUniform = lastPanels == tile.panels &&
                   getValidLanes(lastPanels * chunks - 1, lastShape) == width;
  if (isUniform || numGroups == 1)
    return emitGroup(task, group, firstTile, endTile, lastShape);
  Value isWhole = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        group, constant(numGroups - 1));
  auto choice = scf::IfOp::create(builder, loc, isWhole,
                                  /*withElseRegion=*/true);
  builder.setInsertionPointToStart(choice.thenBlock());
  if (failed(emitGroup(task, group, firstTile, endTile,
                       {tile.panels, /*isLast=*/false})))
    return failure();
  builder.setInsertionPointToStart(choice.elseBlock());
  return emitGroup(task, group, firstTile, endTile, lastShape);
}

LogicalResult ContractLowering::emitGroup(const Task &task, Value group,
                                          Value firstTile, Value endTile,
                                          GroupShape shape) {
  // The first `numLarge` of all tiles have a row more than the others.
  int64_t rows = op.getM();
  int64_t small = rows / numRowTiles, numLarge = rows % numRowTiles;
  Value panel = multiply(group, constant(tile.panels));
  auto emitTiles = [&](Value from, Value to, int64_t size,
                       int64_t shift) -> LogicalResult {
    OpBuilder::InsertionGuard guard(builder);
    auto loop = scf::ForOp::create(builder, loc, from, to, constant(1));
    builder.setInsertionPointToStart(loop.getBody());
    Value index = loop.getInductionVar();
    Value row = multiply(index, constant(size));
    if (shift)
      row = add(row, constant(shift));
    TilePosition at;
    at.row = row;
    at.panel = panel;
    auto subtract = [&](Value a, Value b) -> Value {
      return arith::SubIOp::create(builder, loc, a, b);
    };
    at.groupOfBlock =
        blocks.mergesTasks ? group : subtract(group, task.firstGroup);
    at.tile = index;
    at.tileOfBlock = subtract(index, task.firstTile);
    at.tileOfStrip = subtract(index, firstTile);
    return emitTile(task, at, size, shape);
  };
  if (numLarge == 0)
    return emitTiles(firstTile, endTile, small, 0);
  Value bound = constant(numLarge);
  if (failed(emitTiles(firstTile,
                       arith::MinUIOp::create(builder, loc, endTile, bound),
                       small + 1, 0)))
    return failure();
  return emitTiles(arith::MaxUIOp::create(builder, loc, firstTile, bound),
                   endTile, small, numLarge);
}

//===----------------------------------------------------------------------===//
// The micro-kernel
//===----------------------------------------------------------------------===//

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

Value ContractLowering::emitMultiplyAdd(Value a, Value b, Value acc) {
  auto type = cast<VectorType>(b.getType());
  Value wide = vector::BroadcastOp::create(builder, loc, type, a);
  if (isa<FloatType>(type.getElementType()))
    return vector::FMAOp::create(builder, loc, wide, b, acc);
  Value product = arith::MulIOp::create(builder, loc, wide, b);
  return arith::AddIOp::create(builder, loc, product, acc);
}

Value ContractLowering::getPartialOffset(const TilePosition &at) {
  int64_t tileSize = tile.rows * tile.panels * ContractOp::kPanel;
  Value index = add(multiply(at.groupOfBlock, constant(blocks.tilesPerBlock)),
                    at.tileOfBlock);
  return multiply(index, constant(tileSize));
}

SmallVector<Value> ContractLowering::emitStart(const Task &task,
                                               const TilePosition &at,
                                               int64_t count) {
  Type element = cast<MemRefType>(op.getRhs().getType()).getElementType();
  auto type = VectorType::get(width, element);
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
  unsigned numBatch = op.getBatch().size(), numK = extents.size();
  Value zero = constant(0);

  // Addresses at depth zero.
  auto getLhsOffset = [&](Value row) {
    SmallVector<Value> dims(task.batch);
    dims.push_back(row);
    dims.append(numK, zero);
    return emitter.emitIndex(loc, lhsOffset, dims, symbols);
  };
  SmallVector<Value> rowOffsets;
  for (int64_t row = 0; row < (isLinearInRows ? 1 : rows); ++row)
    rowOffsets.push_back(getLhsOffset(add(at.row, constant(row))));

  std::optional<Prefetch> prefetch = startPrefetch(task, at);

  // Loops over the depth; `k` holds their indices.
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> k;
  SmallVector<scf::ForOp> loops;
  for (unsigned i = 0; i < numK; ++i) {
    Value from = i == 0 ? begin : zero;
    Value to = i == 0 ? end : constant(extents[i]);
    if (isSingle(from, to)) {
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

  // Offsets of this step: of lhs, and the position kk in the packed columns.
  Value lhsStep = zero, position = zero;
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
  SmallVector<Value> columns;
  Value rhs = packed ? packed : emitter.lookup(op.getRhs());
  int64_t vectors = getNumVectors(shape);
  for (int64_t vector = 0; vector < vectors; ++vector) {
    int64_t lane = vector % chunks * width, panel = vector / chunks;
    Value offset;
    int64_t valid = width;
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
        dims.append(k);
        dims.append({at.panel, zero});
        valid = getValidLanes(vector, shape);
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
        emitter.loadVector(loc, rhs, offset, {{}, {}, width, valid}));
  }

  if (prefetch)
    emitPrefetch(*prefetch, position);

  // Rows times columns.
  Value lhs = emitter.lookup(op.getLhs());
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
      int64_t valid = getValidLanes(vector, shape);
      Value panel = arith::AddIOp::create(
          builder, loc, at.panel, emitter.constantIndex(loc, vector / chunks));
      Value lane = emitter.constantIndex(loc, vector % chunks * width);
      Lanes lanes{laneArgument, lane, width, valid};
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
