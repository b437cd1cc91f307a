// SPDX-License-Identifier: Apache-2.0
// The lowering of one fusion group to one kernel: operands, sections of tasks,
// walks over tensors.
#include "passes/lower/GroupLowering.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;

/// A walk makes at least this many tasks before it turns to loops.
static constexpr int64_t kMinTasks = 32;

static MemRefType getBufferType(RankedTensorType type) {
  return MemRefType::get(type.getShape(), type.getElementType());
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

GroupLowering::GroupLowering(graph::GroupOp group, OpBuilder &builder,
                             graph::Decisions &decisions, bool hasCpus)
    : builder(builder), emitter(builder), decisions(decisions),
      hasCpus(hasCpus), group(group),
      yield(cast<graph::YieldOp>(group.getBody().front().getTerminator())) {
  for (auto [inner, outer] :
       llvm::zip(group.getBody().getArguments(), group.getInputs()))
    operands.push_back(
        {inner, outer, Attribute(), graph::getPhysicalType(outer.getType())});
  for (Operation &op : group.getBody().front().without_terminator())
    if (isa_and_nonnull<graph::ConvOp>(structured) && isa<graph::PoolOp>(op))
      pool = cast<graph::PoolOp>(op);
    else if (!canPull(&op))
      structured = &op;
  // A concatenation is pulled by nobody, so it is structured too; a group of
  // nothing else walks over its result.
}

ElementsAttr GroupLowering::getConstant(Value inner) const {
  for (const GroupOperand &operand : operands) {
    auto constant = operand.inner == inner
                        ? operand.outer.getDefiningOp<graph::ConstantOp>()
                        : graph::ConstantOp();
    if (constant)
      return dyn_cast<ElementsAttr>(constant.getValue());
  }
  return {};
}

void GroupLowering::replaceConstant(Value inner, ElementsAttr value) {
  for (GroupOperand &operand : operands)
    if (operand.inner == inner) {
      operand.packed = value;
      operand.bufferType = graph::getPhysicalType(value.getShapedType());
    }
}

/// Rearranges constants, which changes the kernel's operands.
static LogicalResult prepare(GroupLowering &lowering, Operation *op) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](graph::ConvOp op) { return prepareConv(lowering, op); })
      .Case([&](graph::DenseOp op) { return prepareDense(lowering, op); })
      .Case([&](graph::RecurrenceOp op) {
        return prepareRecurrence(lowering, op);
      })
      .Default([](Operation *) { return success(); });
}

/// Whether \p op is a convolution in Winograd's tiles.
static bool isWinograd(const GroupLowering &lowering, Operation *op) {
  auto conv = dyn_cast_or_null<graph::ConvOp>(op);
  return conv && graph::getConvolutionKind(
                     conv, bool(lowering.getConstant(conv.getFilter()))) ==
                     graph::ConvolutionKind::Winograd;
}

LogicalResult GroupLowering::lowerStructured() {
  return TypeSwitch<Operation *, LogicalResult>(structured)
      .Case([&](graph::ConvOp op) { return lowerConv(*this, op); })
      .Case([&](graph::DeconvOp op) { return lowerDeconv(*this, op); })
      .Case([&](graph::DenseOp op) { return lowerDense(*this, op); })
      .Case([&](graph::DotOp op) { return lowerDot(*this, op); })
      .Case([&](graph::AttentionOp op) { return lowerAttention(*this, op); })
      .Case([&](graph::PoolOp op) { return lowerPool(*this, op); })
      .Case([&](graph::ReductionOpInterface op) {
        return lowerReduction(*this, op);
      })
      .Case<graph::ArgmaxOp, graph::ArgminOp>(
          [&](Operation *op) { return lowerArgReduction(*this, op); })
      .Case([&](graph::CumsumOp op) { return lowerCumsum(*this, op); })
      .Case<graph::SoftmaxOp, graph::LogSoftmaxOp>(
          [&](Operation *op) { return lowerSoftmax(*this, op); })
      .Case<graph::LayerNormOp, graph::InstanceNormOp, graph::GroupNormOp>(
          [&](Operation *op) { return lowerNormalization(*this, op); })
      .Case([&](graph::LrnOp op) { return lowerLrn(*this, op); })
      .Case([&](graph::ConcatOp op) { return lowerConcat(*this, op); })
      .Case([&](graph::RecurrenceOp op) { return lowerRecurrence(*this, op); })
      .Case([&](graph::RoiAlignOp op) { return lowerRoiAlign(*this, op); })
      .Case([&](graph::RoiPoolOp op) { return lowerRoiPool(*this, op); })
      .Case([&](graph::ArgsortOp op) { return lowerArgsort(*this, op); })
      .Case([&](graph::SuppressOp op) { return lowerSuppress(*this, op); })
      .Case([&](graph::MatchOp op) { return lowerMatch(*this, op); })
      .Case([&](graph::CompactOp op) { return lowerCompact(*this, op); })
      .Default([](Operation *op) {
        return op->emitOpError("has no lowering to kernels");
      });
}

FailureOr<kernel::FuncOp> GroupLowering::run(StringRef name) {
  Location loc = group.getLoc();
  if (structured && failed(prepare(*this, structured)))
    return failure();
  SmallVector<Type> inputs, outputs;
  for (const GroupOperand &operand : operands)
    inputs.push_back(getBufferType(operand.bufferType));
  for (Type type : group.getResultTypes())
    outputs.push_back(getBufferType(graph::getPhysicalType(type)));
  func = kernel::FuncOp::create(builder, loc, name, inputs, outputs);
  for (auto [operand, buffer] : llvm::zip(operands, func.getInputs()))
    emitter.setBuffer(operand.inner, buffer);

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&func.getBody().front());
  // Winograd's few and long tasks do it themselves: as tasks of their own the
  // halo's would spoil the balance.
  if (!isWinograd(*this, structured))
    for (unsigned i = 0; i < group.getNumResults(); ++i)
      zeroHalo(loc, i);
  LogicalResult result =
      structured ? lowerStructured()
                 : walk(loc, getRootType(), [&](ArrayRef<AffineExpr> indices) {
                     return finish(loc, indices);
                   });
  if (failed(result))
    return failure();
  dropUnusedOperands();
  if (ArrayAttr inplace = getInplacePairs())
    func.setInplaceAttr(inplace);
  return func;
}

void GroupLowering::dropUnusedOperands() {
  for (int64_t i = operands.size() - 1; i >= 0; --i)
    if (func.getBody().getArgument(i).use_empty()) {
      func.getBody().front().eraseArgument(i);
      operands.erase(operands.begin() + i);
    }
}

/// Whether every load of \p buffer is at the subscripts of a store to
/// \p output in the same block, and all stores are.
static bool isReadWhereWritten(Value buffer, Value output) {
  SmallVector<kernel::LoadOp> loads;
  SmallVector<kernel::StoreOp> stores;
  for (Operation *user : buffer.getUsers())
    if (auto load = dyn_cast<kernel::LoadOp>(user))
      loads.push_back(load);
    else
      return false;
  for (Operation *user : output.getUsers())
    if (auto store = dyn_cast<kernel::StoreOp>(user))
      stores.push_back(store);
    else
      return false;
  return llvm::all_of(loads, [&](kernel::LoadOp load) {
    return llvm::any_of(stores, [&](kernel::StoreOp store) {
      return load->getBlock() == store->getBlock() &&
             load.getMap() == store.getMap() &&
             load.getIndices() == store.getIndices();
    });
  });
}

/// Whether the epilogue of \p contract reads \p buffer where it writes.
static bool isReadInEpilogue(kernel::ContractOp contract, Value buffer) {
  for (Operation *user : buffer.getUsers()) {
    auto load = dyn_cast<kernel::LoadOp>(user);
    if (!load || load->getParentOp() != contract)
      return false;
    // The access as an expression of the epilogue's arguments.
    Region &epilogue = contract.getEpilogue();
    SmallVector<AffineExpr> dims;
    for (Value index : load.getIndices()) {
      auto argument = dyn_cast<BlockArgument>(index);
      if (!argument || argument.getOwner() != &epilogue.front())
        return false;
      dims.push_back(
          getAffineDimExpr(argument.getArgNumber(), contract.getContext()));
    }
    unsigned numDims = contract.getOutMap().getNumDims();
    AffineMap map = load.getMap().replaceDimsAndSymbols(dims, {}, numDims, 0);
    if (map != contract.getOutMap())
      return false;
  }
  return true;
}

ArrayAttr GroupLowering::getInplacePairs() {
  SmallVector<Attribute> pairs;
  if (func.getNumOutputs() != 1)
    return {};
  Value output = func.getOutputs().front();
  kernel::ContractOp contract;
  for (Operation *user : output.getUsers())
    if (auto op = dyn_cast<kernel::ContractOp>(user))
      contract = op;
  // Each element is read by what writes it.
  bool isMap = !structured || isWinograd(*this, structured);
  for (auto [i, input] : llvm::enumerate(func.getInputs())) {
    if (input.getType() != output.getType())
      continue;
    // A halo is zeroed by a task of its own, before or after the others.
    bool isSafe = contract ? isReadInEpilogue(contract, input)
                           : isMap && isReadWhereWritten(input, output);
    if (isSafe)
      pairs.push_back(builder.getDenseI64ArrayAttr({int64_t(i), 0}));
  }
  return pairs.empty() ? ArrayAttr() : builder.getArrayAttr(pairs);
}

GroupLowering::Indices
GroupLowering::getRootIndices(Value result, ArrayRef<AffineExpr> indices) {
  for (Operation *user : result.getUsers())
    if (auto transpose = dyn_cast<graph::TransposeOp>(user))
      return llvm::map_to_vector(transpose.getPermutation(),
                                 [&](int64_t dim) { return indices[dim]; });
  return Indices(indices);
}

LogicalResult GroupLowering::finish(Location loc,
                                    ArrayRef<AffineExpr> indices) {
  FailureOr<Value> element = emitter.emit(getRoot(), indices);
  if (failed(element))
    return failure();
  emitter.store(loc, *element, getOutput(), getRootType(), indices);
  return success();
}

//===----------------------------------------------------------------------===//
// Sections and loops
//===----------------------------------------------------------------------===//

GroupLowering::Indices GroupLowering::openTasks(Location loc,
                                                ArrayRef<int64_t> extents) {
  auto tasks = kernel::ParallelOp::create(builder, loc, extents);
  builder.setInsertionPointToStart(&tasks.getBody().front());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
  Indices indices;
  for (auto [argument, extent] :
       llvm::zip(tasks.getBody().getArguments(), extents))
    indices.push_back(emitter.addIndex(argument, extent));
  return indices;
}

void GroupLowering::closeSection() { closeLoop(); }

AffineExpr GroupLowering::openPhases(Location loc, int64_t extent) {
  auto phases = kernel::PhasesOp::create(builder, loc, extent);
  builder.setInsertionPointToStart(&phases.getBody().front());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
  return emitter.addIndex(phases.getBody().getArgument(0), extent);
}

GroupLowering::Indices GroupLowering::openLoop(Location loc,
                                               ArrayRef<int64_t> extents,
                                               int64_t unroll) {
  auto loop = kernel::LoopOp::create(builder, loc, extents, unroll);
  builder.setInsertionPointToStart(&loop.getBody().front());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
  Indices indices;
  for (auto [argument, extent] :
       llvm::zip(loop.getBody().getArguments(), extents))
    indices.push_back(emitter.addIndex(argument, extent));
  return indices;
}

AffineExpr GroupLowering::openVectorLoop(Location loc, int64_t extent) {
  auto loop = kernel::VectorLoopOp::create(builder, loc, extent);
  builder.setInsertionPointToStart(&loop.getBody().front());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
  return emitter.addIndex(loop.getBody().getArgument(0), extent);
}

AffineExpr GroupLowering::openBoundedLoop(Location loc, Value bound,
                                          int64_t extent, Value first) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto loop = scf::ForOp::create(builder, loc, first ? first : constant(0),
                                 bound, constant(1));
  builder.setInsertionPointToStart(loop.getBody());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
  return emitter.addIndex(loop.getInductionVar(), extent);
}

void GroupLowering::openIf(Location loc, Value condition) {
  auto choice =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(choice.thenBlock());
  scopes.push_back(std::make_unique<ElementEmitter::Scope>(emitter));
}

void GroupLowering::closeLoop() {
  builder.setInsertionPointAfter(builder.getInsertionBlock()->getParentOp());
  scopes.pop_back();
}

void GroupLowering::emitAlternatives(Location loc,
                                     llvm::function_ref<void()> serial,
                                     llvm::function_ref<void()> shared) {
  auto op = kernel::AlternativesOp::create(builder, loc);
  auto fill = [&](Region &region, llvm::function_ref<void()> emit) {
    builder.setInsertionPointToStart(&region.front());
    ElementEmitter::Scope scope(emitter);
    emit();
  };
  fill(op.getSerial(), serial);
  fill(op.getShared(), shared);
  builder.setInsertionPointAfter(op);
}

FailureOr<Value> GroupLowering::emitReduce(
    Location loc, kernel::ReduceKind kind, ArrayRef<int64_t> extents, Type type,
    llvm::function_ref<FailureOr<Value>(ArrayRef<AffineExpr>)> body) {
  auto reduce = kernel::ReduceOp::create(builder, loc, kind, extents, type);
  builder.setInsertionPointToStart(&reduce.getBody().front());
  FailureOr<Value> value;
  {
    ElementEmitter::Scope scope(emitter);
    Indices indices;
    for (auto [argument, extent] :
         llvm::zip(reduce.getBody().getArguments(), extents))
      indices.push_back(emitter.addIndex(argument, extent));
    value = body(indices);
    if (failed(value))
      return failure();
  }
  kernel::YieldOp::create(builder, loc, *value);
  builder.setInsertionPointAfter(reduce);
  return reduce.getResult();
}

//===----------------------------------------------------------------------===//
// Walks
//===----------------------------------------------------------------------===//

LogicalResult GroupLowering::walkPlain(Location loc, RankedTensorType type,
                                       ElementBody body) {
  ArrayRef<int64_t> shape = type.getShape();
  int64_t rank = type.getRank();
  // The innermost dimension that isn't trivial becomes lanes.
  int64_t vectorDim = rank - 1;
  while (vectorDim > 0 && shape[vectorDim] == 1)
    --vectorDim;
  Indices indices(rank, emitter.constant(0));
  SmallVector<int64_t> taskDims, loopDims;
  int64_t tasks = 1, numTaskDims = 0;
  for (int64_t i = 0; i < vectorDim; ++i) {
    if (shape[i] == 1)
      continue;
    loopDims.push_back(i);
    numTaskDims += tasks < kMinTasks;
    tasks *= shape[i];
  }
  numTaskDims =
      std::min<int64_t>(decisions.decide(numTaskDims), loopDims.size());
  taskDims.assign(loopDims.begin(), loopDims.begin() + numTaskDims);
  loopDims.erase(loopDims.begin(), loopDims.begin() + numTaskDims);
  auto getExtents = [&](ArrayRef<int64_t> dims) {
    return llvm::map_to_vector(dims, [&](int64_t dim) { return shape[dim]; });
  };
  // A single row is split into tasks of its own.
  constexpr int64_t kChunk = 1024;
  int64_t inner = rank == 0 ? 1 : shape[vectorDim];
  bool isSplit = taskDims.empty() && inner % kChunk == 0 && inner > kChunk &&
                 !decisions.isForManySizes();
  SmallVector<int64_t> taskExtents = getExtents(taskDims);
  if (isSplit)
    taskExtents.push_back(inner / kChunk);
  Indices task = openTasks(loc, taskExtents);
  for (auto [dim, index] : llvm::zip(taskDims, task))
    indices[dim] = index;
  if (!loopDims.empty()) {
    Indices loop = openLoop(loc, getExtents(loopDims));
    for (auto [dim, index] : llvm::zip(loopDims, loop))
      indices[dim] = index;
  }
  AffineExpr lane = openVectorLoop(loc, isSplit ? kChunk : inner);
  if (rank > 0)
    indices[vectorDim] = isSplit ? task.back() * kChunk + lane : lane;
  LogicalResult result = body(indices);
  closeLoop();
  if (!loopDims.empty())
    closeLoop();
  closeSection();
  return result;
}

LogicalResult GroupLowering::walkBlocked(Location loc, RankedTensorType type,
                                         ElementBody body,
                                         WalkOptions options) {
  ArrayRef<int64_t> shape = type.getShape();
  int64_t block = graph::getLayout(type).getBlock();
  ArrayRef<int64_t> spatial = shape.drop_front(2);
  int64_t channels = shape[1], tail = channels % block;
  int64_t wholeBlocks = channels / block;
  if (!options.exactChannels && tail) {
    ++wholeBlocks;
    tail = 0;
  }
  // Emits `blocks` blocks of `lanes` channels from block `first` on.
  auto emitBlocks = [&](int64_t first, int64_t blocks,
                        int64_t lanes) -> LogicalResult {
    SmallVector<int64_t> extents{shape[0], blocks};
    bool hasRows = spatial.size() > 1;
    if (hasRows)
      llvm::append_range(extents, spatial.drop_back());
    Indices task = openTasks(loc, extents);
    AffineExpr blockIndex = task[1] + first;
    Indices indices{task[0]};
    auto run = [&](AffineExpr lane, AffineExpr column) {
      indices.push_back(blockIndex * block + lane);
      llvm::append_range(indices, ArrayRef(task).drop_front(2));
      indices.push_back(column);
      return body(indices);
    };
    AffineExpr lane, column;
    if (options.unroll > 1) {
      lane = openVectorLoop(loc, lanes);
      column = openLoop(loc, spatial.back(), options.unroll).front();
    } else {
      column = openLoop(loc, spatial.back()).front();
      lane = openVectorLoop(loc, lanes);
    }
    LogicalResult result = run(lane, column);
    closeLoop();
    closeLoop();
    closeSection();
    return result;
  };
  if (wholeBlocks > 0 && failed(emitBlocks(0, wholeBlocks, block)))
    return failure();
  if (tail > 0)
    return emitBlocks(wholeBlocks, 1, tail);
  return success();
}

LogicalResult GroupLowering::walk(Location loc, RankedTensorType type,
                                  ElementBody body, WalkOptions options) {
  graph::BlockedLayoutAttr layout = graph::getLayout(type);
  if (layout && layout.getBlock() > 1)
    return walkBlocked(loc, type, body, options);
  return walkPlain(loc, type, body);
}

bool GroupLowering::hasHalo(unsigned i) {
  auto layout = graph::getLayout(yield.getValues()[i].getType());
  auto isPositive = [](int64_t halo) { return halo > 0; };
  return layout && (llvm::any_of(layout.getHaloLow(), isPositive) ||
                    llvm::any_of(layout.getHaloHigh(), isPositive));
}

void GroupLowering::zeroHalo(Location loc, unsigned i) {
  if (!hasHalo(i))
    return;
  auto buffer = cast<MemRefType>(getOutput(i).getType());
  Indices outer = openTasks(loc, buffer.getShape().take_front(2));
  zeroHaloOfPlane(loc, i, outer);
  closeSection();
}

void GroupLowering::zeroHaloOfPlane(Location loc, unsigned i,
                                    ArrayRef<AffineExpr> outer) {
  auto type = cast<RankedTensorType>(yield.getValues()[i].getType());
  graph::BlockedLayoutAttr layout = graph::getLayout(type);
  auto buffer = cast<MemRefType>(getOutput(i).getType());
  bool isBlocked = layout.getBlock() > 1;
  int64_t lanes = isBlocked ? layout.getBlock() : 1;
  Value zero =
      graph::scalar::constant(builder, loc, buffer.getElementType(), 0);
  // For each spatial dimension, the slabs below and above the data; the
  // dimensions before it stay within the data.
  size_t rank = layout.getHaloLow().size();
  for (size_t dim = 0; dim < rank; ++dim)
    for (bool isHigh : {false, true}) {
      int64_t halo = (isHigh ? layout.getHaloHigh() : layout.getHaloLow())[dim];
      if (halo == 0)
        continue;
      SmallVector<int64_t> extents, starts;
      for (size_t other = 0; other < rank; ++other) {
        int64_t whole = buffer.getDimSize(2 + other);
        int64_t data = type.getDimSize(2 + other);
        int64_t low = layout.getHaloLow()[other];
        extents.push_back(other == dim ? halo : other < dim ? data : whole);
        starts.push_back(other == dim  ? (isHigh ? low + data : 0)
                         : other < dim ? low
                                       : 0);
      }
      // Without blocks the last spatial dimension becomes lanes.
      int64_t lastExtent = extents.back();
      SmallVector<int64_t> loops(extents);
      if (!isBlocked)
        loops.pop_back();
      Indices at = openLoop(loc, loops);
      AffineExpr lane = openVectorLoop(loc, isBlocked ? lanes : lastExtent);
      if (!isBlocked)
        at.push_back(lane);
      Indices subscripts(outer);
      for (auto [index, start] : llvm::zip(at, starts))
        subscripts.push_back(index + start);
      if (isBlocked)
        subscripts.push_back(lane);
      emitter.storePhysical(loc, zero, getOutput(i), subscripts);
      closeLoop();
      closeLoop();
    }
}
