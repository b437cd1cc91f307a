// SPDX-License-Identifier: Apache-2.0
// Lowers kernel.contract to tiled loops around a micro-kernel of vector.fma.
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dlc::kernel;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

ContractionShape dlc::kernel::getContractionShape(ContractOp op) {
  MemRefType type = op.getFactorType(/*isLhs=*/true);
  AffineExpr offset = BodyEmitter::linearize(type, op.getLhsMap());
  unsigned numBatch = op.getBatch().size();
  int64_t rowStride =
      BodyEmitter::getStride(offset, numBatch, op.getLhsMap().getNumDims())
          .value_or(0);
  int64_t panels = op.getNumPanels();
  TypicalExtents typical(op);
  int64_t columnsOfLast =
      int64_t(op.getN()) - (panels - 1) * ContractOp::kPanel;
  // Panel by panel, whole ones but the last.
  if (typical.isDynamic(numBatch + 1)) {
    panels = 1;
    columnsOfLast = ContractOp::kPanel;
  }
  int64_t rowBytes = rowStride * (type.getElementTypeBitWidth() / 8);
  int64_t depth = 1;
  for (auto [i, extent] : llvm::enumerate(op.getK()))
    depth *= typical.get(numBatch + 2 + i, extent);
  return {typical.get(numBatch, op.getM()),
          panels,
          op.getKTail() ? op.getKTotal() : depth,
          typical.get(numBatch + 2 + op.getK().size(), rowBytes),
          columnsOfLast,
          /*parts=*/op.getQuads() ? 2 : 1};
}

int64_t dlc::kernel::getBytesPerStep(ContractOp op) {
  MemRefType type = op.getFactorType(/*isLhs=*/false);
  unsigned lastK = op.getBatch().size() + op.getK().size() - 1;
  AffineExpr offset = BodyEmitter::linearize(type, op.getRhsMap());
  std::optional<int64_t> stride =
      BodyEmitter::getStride(offset, lastK, op.getRhsMap().getNumDims());
  return std::abs(stride.value_or(0)) *
         ((type.getElementTypeBitWidth() + 7) / 8);
}

ContractLowering::ContractLowering(ContractOp op, BodyEmitter &emitter,
                                   OpBuilder &builder)
    : op(op), typical(op), emitter(emitter), builder(builder), loc(op.getLoc()),
      width(std::min(emitter.getTarget().getWidth(), ContractOp::kPanel)),
      chunks(ContractOp::kPanel / width) {
  lhsOffset =
      BodyEmitter::linearize(op.getFactorType(/*isLhs=*/true), op.getLhsMap());
  given = op.getScheduleFor(emitter.getTarget().cpu);
  TileChoice choice = chooseTile(getContractionShape(op));
  int64_t panels = op.getNumPanels();
  unsigned numBatch = op.getBatch().size();
  numGroups = ceilDiv(panels, tile.panels);
  numRowTiles = ceilDiv(op.getM(), tile.rows);

  rhsOffset =
      BodyEmitter::linearize(op.getFactorType(/*isLhs=*/false), op.getRhsMap());
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

TileChoice ContractLowering::chooseTile(const ContractionShape &shape) {
  const VectorTarget &target = emitter.getTarget();
  TileChoice choice = chooseRegisterTile(shape, target);
  if (given) {
    RegisterTile wanted{
        std::min<int64_t>(given.getRows(), shape.rows),
        std::min(given.getColumns() / ContractOp::kPanel, shape.panels)};
    choice.runnerUp = choice.best;
    choice.best = estimateRegisterTile(wanted, shape, target);
  }
  tile = choice.best.tile;
  return choice;
}

/// The product of the extents of the batch indices \p dims: those that
/// \p typical says, or their own.
static int64_t getExtent(ContractOp op, ArrayRef<unsigned> dims,
                         const TypicalExtents *typical = nullptr) {
  int64_t product = 1;
  for (unsigned dim : dims) {
    int64_t extent = op.getBatch()[dim];
    product *= typical ? typical->get(dim, extent) : extent;
  }
  return product;
}

void ContractLowering::chooseBlocks() {
  unsigned numDims = op.getRhsMap().getNumDims(), numK = op.getK().size();
  unsigned numBatch = op.getBatch().size();
  Type element = op.getFactorType(/*isLhs=*/false).getElementType();
  ContractionBlocks shape;
  shape.rowTiles = ceilDiv(typical.get(numBatch, op.getM()), tile.rows);
  shape.rowsOfTile = tile.rows;
  shape.groups = numGroups;
  if (hasDynamicColumns())
    shape.groups =
        ceilDiv(typical.get(numBatch + 1, op.getN()), ContractOp::kPanel);
  shape.columnsOfGroup = tile.panels * ContractOp::kPanel;
  int64_t typicalUnit = 1;
  for (unsigned i = 1; i < numK; ++i)
    typicalUnit *= typical.get(numBatch + 2 + i, op.getK()[i]);
  shape.depth = typical.get(numBatch + 2, op.getK().front()) * typicalUnit;
  // A block with fewer channels can't be told from others in a loop.
  shape.depthUnit = op.getKTail() ? shape.depth : typicalUnit;
  shape.outerBatch = getExtent(op, outerBatch, &typical);
  shape.innerBatch = getExtent(op, innerBatch, &typical);
  shape.elementBytes = (element.getIntOrFloatBitWidth() + 7) / 8;
  shape.l1Bytes = emitter.getTarget().l1Bytes;
  shape.l2Bytes = emitter.getTarget().l2Bytes;
  shape.bytesPerStep = 0;
  shape.layout = ColumnLayout::Panels;
  if (!op.getPacked()) {
    bool isRowMajor =
        BodyEmitter::getStride(rhsOffset, numDims - 1, numDims) == 1;
    shape.layout = isRowMajor ? ColumnLayout::RowMajor : ColumnLayout::Other;
    shape.bytesPerStep =
        typical.get(numBatch + 2 + numK + 1, getBytesPerStep(op));
  }
  if (given) {
    shape.givenDepth = given.getDepth();
    shape.givenColumnsOfTask = given.getTaskColumns();
    shape.givenRowsOfStrip = given.getStripRows();
  }
  blocks = chooseContractSchedule(shape);
  // Sums of a depth that isn't known stay in registers.
  if (op.getKTail() || hasDynamicDepth()) {
    blocks.depthBlock = op.getK().front();
    blocks.mergesTasks = false;
  }
  numColumnBlocks = ceilDiv(numGroups, blocks.groupsPerBlock);
  numRowBlocks = ceilDiv(numRowTiles, blocks.tilesPerBlock);
  numDepthBlocks = ceilDiv(op.getK().front(), blocks.depthBlock);
}

LogicalResult ContractLowering::analyze() {
  if (hasDynamicColumns() && op.getPacked())
    return op.emitOpError("can't have packed columns of several sizes");
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
                                      Value linear, ArrayRef<int64_t> extents,
                                      ArrayRef<bool> areDynamic) {
  SmallVector<Value> indices(extents.size());
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    Value extent = arith::ConstantIndexOp::create(builder, loc, extents[i]);
    if (extents[i] == 1 && !areDynamic[i]) {
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
  SmallVector<bool> areDynamic;
  auto addExtent = [&](int64_t extent, bool isDynamic) {
    extents.push_back(extent);
    areDynamic.push_back(isDynamic);
  };
  for (unsigned dim : outerBatch)
    addExtent(op.getBatch()[dim], hasDynamicBatch(dim));
  addExtent(numColumnBlocks, hasDynamicColumns());
  if (!blocks.packs)
    for (unsigned dim : innerBatch)
      addExtent(op.getBatch()[dim], hasDynamicBatch(dim));
  addExtent(numRowBlocks, hasDynamicRows());

  Type element = op.getFactorType(/*isLhs=*/false).getElementType();
  int64_t groups = blocks.mergesTasks ? numGroups : blocks.groupsPerBlock;
  int64_t columns = groups * tile.panels * ContractOp::kPanel;
  if (blocks.packs)
    packed = emitter.allocateScratch(columns * blocks.depthBlock * depthUnit,
                                     element);
  if (numDepthBlocks > 1)
    partial = emitter.allocateScratch(
        columns * blocks.tilesPerBlock * tile.rows, op.getSumType());

  OpBuilder::InsertionGuard guard(builder);
  Value depthIndex;
  if (blocks.mergesTasks)
    depthIndex = enterLoop(constant(0), constant(numDepthBlocks),
                           /*trips=*/numDepthBlocks);
  auto tasks = scf::ForOp::create(builder, loc, begin, end, constant(1));
  builder.setInsertionPointToStart(tasks.getBody());
  SmallVector<Value> indices =
      delinearize(builder, loc, tasks.getInductionVar(), extents, areDynamic);
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
      getRange(indices[outerBatch.size()], blocks.groupsPerBlock, numGroups,
               hasDynamicColumns());
  std::tie(task.firstTile, task.endTile) = getRange(
      indices.back(), blocks.tilesPerBlock, numRowTiles, hasDynamicRows());
  return emitTask(task);
}

std::pair<Value, Value> ContractLowering::getRange(Value block, int64_t size,
                                                   int64_t extent,
                                                   bool isDynamic) {
  if (size >= extent && !isDynamic)
    return {constant(0), constant(extent)};
  Value begin = size == 1 ? block : multiply(block, constant(size));
  Value end = add(begin, constant(size));
  if (extent % size != 0 || isDynamic)
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
      task.batch[dim] =
          enterLoop(constant(0), constant(op.getBatch()[dim]),
                    hasDynamicBatch(dim) ? 0 : op.getBatch()[dim]);
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
  if (hasDynamicColumns()) {
    lastShape = {1, /*isLast=*/false};
    if (!op.getWholePanels()) {
      Value first = multiply(group, constant(ContractOp::kPanel));
      lastShape.columns =
          arith::SubIOp::create(builder, loc, constant(op.getN()), first);
    }
  }
  bool isUniform = !hasDynamicColumns() && lastPanels == tile.panels &&
                   getValidLanes(lastPanels * chunks - 1, lastShape) == width;
  if (isUniform || (numGroups == 1 && !hasDynamicColumns()) ||
      (hasDynamicColumns() && op.getWholePanels()))
    return emitGroup(task, group, firstTile, endTile, lastShape);
  int64_t numWhole = hasDynamicColumns()
                         ? int64_t(op.getN()) / ContractOp::kPanel
                         : numGroups - 1;
  Value isWhole = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        group, constant(numWhole));
  auto choice = scf::IfOp::create(builder, loc, isWhole,
                                  /*withElseRegion=*/true);
  builder.setInsertionPointToStart(choice.thenBlock());
  if (failed(emitGroup(task, group, firstTile, endTile,
                       {tile.panels, /*isLast=*/false})))
    return failure();
  builder.setInsertionPointToStart(choice.elseBlock());
  return emitGroup(task, group, firstTile, endTile, lastShape);
}

ContractLowering::TilePosition
ContractLowering::getPosition(const Task &task, Value group, Value firstTile,
                              Value tile, Value row) {
  auto subtract = [&](Value a, Value b) -> Value {
    return arith::SubIOp::create(builder, loc, a, b);
  };
  TilePosition at;
  at.row = row;
  at.panel = multiply(group, constant(this->tile.panels));
  at.groupOfBlock =
      blocks.mergesTasks ? group : subtract(group, task.firstGroup);
  at.tile = tile;
  at.tileOfBlock = subtract(tile, task.firstTile);
  at.tileOfStrip = subtract(tile, firstTile);
  return at;
}

LogicalResult ContractLowering::emitDynamicGroup(const Task &task, Value group,
                                                 Value firstTile, Value endTile,
                                                 GroupShape shape) {
  Value rows = constant(tile.rows), one = constant(1);
  Value numWhole = constant(int64_t(op.getM()) / tile.rows);
  Value endWhole = arith::MinUIOp::create(builder, loc, endTile, numWhole);
  OpBuilder::InsertionGuard guard(builder);
  auto whole = scf::ForOp::create(builder, loc, firstTile, endWhole, one);
  builder.setInsertionPointToStart(whole.getBody());
  Value index = whole.getInductionVar();
  if (failed(emitTile(
          task,
          getPosition(task, group, firstTile, index, multiply(index, rows)),
          tile.rows, shape)))
    return failure();
  if (tile.rows == 1)
    return success();
  // The rows of the tile that isn't whole, if it is one of these.
  builder.setInsertionPointAfter(whole);
  Value numRows = constant(op.getM());
  Value end =
      arith::MinUIOp::create(builder, loc, multiply(endTile, rows), numRows);
  Value begin =
      multiply(arith::MaxUIOp::create(builder, loc, firstTile, endWhole), rows);
  auto rest = scf::ForOp::create(builder, loc, begin, end, one);
  builder.setInsertionPointToStart(rest.getBody());
  Value row = rest.getInductionVar();
  TilePosition at = getPosition(task, group, firstTile, numWhole, row);
  at.rowOfTile =
      arith::SubIOp::create(builder, loc, row, multiply(numWhole, rows));
  return emitTile(task, at, 1, shape);
}

LogicalResult ContractLowering::emitGroup(const Task &task, Value group,
                                          Value firstTile, Value endTile,
                                          GroupShape shape) {
  if (hasDynamicRows())
    return emitDynamicGroup(task, group, firstTile, endTile, shape);
  // The first `numLarge` of all tiles have a row more than the others.
  int64_t rows = op.getM();
  int64_t small = rows / numRowTiles, numLarge = rows % numRowTiles;
  auto emitTiles = [&](Value from, Value to, int64_t size,
                       int64_t shift) -> LogicalResult {
    OpBuilder::InsertionGuard guard(builder);
    auto loop = scf::ForOp::create(builder, loc, from, to, constant(1));
    builder.setInsertionPointToStart(loop.getBody());
    Value index = loop.getInductionVar();
    Value row = multiply(index, constant(size));
    if (shift)
      row = add(row, constant(shift));
    return emitTile(task, getPosition(task, group, firstTile, index, row), size,
                    shape);
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
