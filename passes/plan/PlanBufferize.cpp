// SPDX-License-Identifier: Apache-2.0
// plan-bufferize: func.func @main on tensors to device.program on buffers.
#include "dialects/device/DeviceOps.h"
#include "dialects/graph/Decisions.h"
#include "dialects/kernel/KernelOps.h"
#include "passes/plan/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace dlc;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANBUFFERIZE
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

static MemRefType getBufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Bytes of one element of \p tensor.
static int64_t getElementBytes(Value tensor) {
  Type type = cast<RankedTensorType>(tensor.getType()).getElementType();
  return *device::getSizeInBytes(MemRefType::get({1}, type));
}

/// Elements that one task of a copy moves, at most.
static constexpr int64_t kCopyTaskElements = 1 << 16;

/// Creates the kernel that copies \p count elements of type \p type.
static kernel::FuncOp makeCopyKernel(Location loc, StringRef name,
                                     int64_t count, Type type,
                                     bool isForManySizes) {
  OpBuilder builder(loc.getContext());
  auto buffer = MemRefType::get({count}, type);
  auto func = kernel::FuncOp::create(builder, loc, name, TypeRange(buffer),
                                     TypeRange(buffer));
  // Copies `tasks` times `size` elements from element `first` on.
  auto addSection = [&](int64_t tasks, int64_t size, int64_t first) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&func.getBody().front());
    auto parallel = kernel::ParallelOp::create(builder, loc, tasks);
    builder.setInsertionPointToStart(&parallel.getBody().front());
    auto loop = kernel::VectorLoopOp::create(builder, loc, size);
    builder.setInsertionPointToStart(&loop.getBody().front());
    AffineExpr task, lane;
    bindDims(loc.getContext(), task, lane);
    AffineMap map = AffineMap::get(2, 0, task * size + lane + first);
    Value indices[] = {parallel.getBody().getArgument(0),
                       loop.getBody().getArgument(0)};
    Value element = kernel::LoadOp::create(
        builder, loc, func.getInputs().front(), indices, map);
    kernel::StoreOp::create(builder, loc, element, func.getOutputs().front(),
                            indices, map);
  };
  // At other sizes there may be another number of tasks.
  int64_t whole = isForManySizes ? 0 : count / kCopyTaskElements;
  int64_t rest = count - whole * kCopyTaskElements;
  if (whole > 0)
    addSection(whole, kCopyTaskElements, 0);
  if (rest > 0 || whole == 0)
    addSection(1, rest, whole * kCopyTaskElements);
  return func;
}

namespace {

/// Rewrites one function. Tensors map to buffers; calls and views are visited
/// in order.
class Bufferizer {
public:
  Bufferizer(func::FuncOp main, SymbolTable &symbols)
      : main(main), symbols(symbols), builder(main) {}

  FailureOr<device::ProgramOp> run();
  unsigned numLaunches = 0, numCopies = 0;

private:
  ArrayAttr getNames(bool ofArguments);
  void placeOutputs(ValueRange returned);
  void placeJoins();
  void place(Value tensor, const device::BufferRange &where);
  ArrayAttr getTypes(bool ofArguments);
  LogicalResult convert(Operation &op);
  void convertCall(kernel::CallOp call);
  void convertJoin(kernel::JoinOp join);
  void convertCounted(kernel::CountedOp counted);
  void copy(Value source, const device::BufferRange &target, Location loc);
  Value view(const device::BufferRange &where, MemRefType type, Location loc);

  func::FuncOp main;
  device::ProgramOp program;
  SymbolTable &symbols;
  OpBuilder builder;
  IRMapping buffers;
  /// Where the results of calls and joins are computed that don't have a slot
  /// of their own: in an output or in a part of a join.
  llvm::DenseMap<Value, device::BufferRange> places;
  llvm::DenseSet<uint64_t> counts; ///< that are known by now
};

} // namespace

ArrayAttr Bufferizer::getNames(bool ofArguments) {
  SmallVector<Attribute> names;
  unsigned count = ofArguments ? main.getNumArguments() : main.getNumResults();
  for (unsigned i = 0; i < count; ++i) {
    auto name = ofArguments
                    ? main.getArgAttrOfType<StringAttr>(i, "graph.name")
                    : main.getResultAttrOfType<StringAttr>(i, "graph.name");
    if (!name)
      name =
          builder.getStringAttr((ofArguments ? "input" : "output") + Twine(i));
    names.push_back(name);
  }
  return builder.getArrayAttr(names);
}

/// The tensor types that callers know inputs or outputs as: a boolean or a
/// scalar has another buffer. Null if all are those of the buffers.
ArrayAttr Bufferizer::getTypes(bool ofArguments) {
  SmallVector<Attribute> types;
  ArrayRef<Type> buffers =
      ofArguments ? main.getArgumentTypes() : main.getResultTypes();
  bool differs = false;
  for (auto [i, buffer] : llvm::enumerate(buffers)) {
    auto type = ofArguments
                    ? main.getArgAttrOfType<TypeAttr>(i, "graph.type")
                    : main.getResultAttrOfType<TypeAttr>(i, "graph.type");
    differs |= bool(type);
    types.push_back(type ? type : TypeAttr::get(buffer));
  }
  return differs ? builder.getArrayAttr(types) : ArrayAttr();
}

FailureOr<device::ProgramOp> Bufferizer::run() {
  auto terminator =
      dyn_cast<func::ReturnOp>(main.getBody().front().getTerminator());
  if (!terminator || !main.getBody().hasOneBlock())
    return main.emitOpError("requires one block that ends in func.return");
  program = device::ProgramOp::create(
      builder, main.getLoc(), main.getName(),
      llvm::map_to_vector(main.getArgumentTypes(),
                          [](Type t) -> Type { return getBufferType(t); }),
      llvm::map_to_vector(main.getResultTypes(),
                          [](Type t) -> Type { return getBufferType(t); }),
      getNames(/*ofArguments=*/true), getNames(/*ofArguments=*/false));
  program.setInputTypesAttr(getTypes(/*ofArguments=*/true));
  program.setOutputTypesAttr(getTypes(/*ofArguments=*/false));
  buffers.map(main.getArguments(), program.getInputs());
  builder.setInsertionPointToStart(&program.getBody().front());

  placeOutputs(terminator.getOperands());
  placeJoins();
  for (Operation &op : main.getBody().front().without_terminator())
    if (failed(convert(op)))
      return failure();
  for (auto [value, output] :
       llvm::zip(terminator.getOperands(), program.getOutputs()))
    if (device::getRoot(buffers.lookup(value)) != output)
      copy(buffers.lookup(value), device::getRange(output),
           terminator.getLoc());
  // Views for values that are returned have no use: the output is the buffer.
  for (auto view :
       llvm::make_early_inc_range(program.getBody().getOps<device::ViewOp>()))
    if (view->use_empty())
      view->erase();
  return program;
}

/// Lets calls write right where \p tensor has to be in the end: those that
/// compute it or, for a join, its parts. What is somewhere else already stays.
void Bufferizer::place(Value tensor, const device::BufferRange &where) {
  auto view = tensor.getDefiningOp<kernel::ViewOp>();
  for (; view && !view.getOffset();
       view = tensor.getDefiningOp<kernel::ViewOp>())
    tensor = view.getSource();
  Operation *producer = tensor.getDefiningOp();
  if (!isa_and_nonnull<kernel::CallOp, kernel::JoinOp>(producer) ||
      !places.try_emplace(tensor, where).second)
    return;
  auto join = dyn_cast<kernel::JoinOp>(producer);
  if (!join)
    return;
  int64_t begin = where.begin;
  for (Value source : join.getSources()) {
    int64_t size = cast<RankedTensorType>(source.getType()).getNumElements() *
                   getElementBytes(source);
    place(source, {where.root, begin, begin + size});
    begin += size;
  }
}

void Bufferizer::placeOutputs(ValueRange returned) {
  for (auto [value, output] : llvm::zip(returned, program.getOutputs()))
    place(value, device::getRange(output));
}

/// Gives joins that are not a part of another place a slot. Backwards: a join
/// of joins is one slot.
void Bufferizer::placeJoins() {
  for (Operation &op : llvm::reverse(main.getBody().front())) {
    auto join = dyn_cast<kernel::JoinOp>(op);
    if (!join || places.contains(join.getResult()))
      continue;
    Value slot = device::SlotOp::create(builder, join.getLoc(),
                                        getBufferType(join.getType()));
    place(join.getResult(), device::getRange(slot));
  }
}

LogicalResult Bufferizer::convert(Operation &op) {
  if (auto constant = dyn_cast<kernel::ConstantOp>(op)) {
    auto value = dyn_cast<ElementsAttr>(constant.getValue());
    if (!value)
      return op.emitOpError("is not a tensor constant");
    buffers.map(constant.getResult(),
                device::WeightsOp::create(builder, op.getLoc(),
                                          /*offset=*/IntegerAttr(), value)
                    .getResult());
    return success();
  }
  if (auto viewOp = dyn_cast<kernel::ViewOp>(op)) {
    MemRefType type = getBufferType(viewOp.getType());
    device::BufferRange range =
        device::getRange(buffers.lookup(viewOp.getSource()));
    range.begin +=
        viewOp.getOffset().value_or(0) * getElementBytes(viewOp.getSource());
    range.end = range.begin + device::getSizeInBytes(type).value_or(0);
    buffers.map(viewOp.getResult(), view(range, type, op.getLoc()));
    return success();
  }
  if (auto counted = dyn_cast<kernel::CountedOp>(op)) {
    convertCounted(counted);
    return success();
  }
  if (auto call = dyn_cast<kernel::CallOp>(op)) {
    convertCall(call);
    return success();
  }
  if (auto join = dyn_cast<kernel::JoinOp>(op)) {
    convertJoin(join);
    return success();
  }
  return op.emitOpError("is not expected here: only kernel.constant, "
                        "kernel.view, kernel.counted, kernel.join and "
                        "kernel.call can be planned");
}

/// \p where as a buffer of type \p type.
Value Bufferizer::view(const device::BufferRange &where, MemRefType type,
                       Location loc) {
  if (where.root.getType() == type)
    return where.root;
  IntegerAttr offset;
  if (where.getSize() != device::getRange(where.root).getSize())
    offset = builder.getI64IntegerAttr(where.begin);
  return device::ViewOp::create(builder, loc, type, where.root, offset);
}

/// Copies the parts that no call computes in their place.
void Bufferizer::convertJoin(kernel::JoinOp join) {
  device::BufferRange whole = places.lookup(join.getResult());
  int64_t begin = whole.begin;
  for (Value source : join.getSources()) {
    device::BufferRange range = device::getRange(buffers.lookup(source));
    device::BufferRange part{whole.root, begin, begin + range.getSize()};
    bool isThere = range.root == part.root && range.begin == part.begin;
    if (!isThere && part.getSize() > 0)
      copy(buffers.lookup(source), part, join.getLoc());
    begin = part.end;
  }
  buffers.map(join.getResult(),
              view(whole, getBufferType(join.getType()), join.getLoc()));
}

/// The first part that has a count makes it known.
void Bufferizer::convertCounted(kernel::CountedOp counted) {
  Value packed = buffers.lookup(counted.getPacked());
  Location loc = counted.getLoc();
  if (counts.insert(counted.getCount()).second)
    device::CountOp::create(builder, loc, packed, counted.getCount());
  MemRefType type = getBufferType(counted.getType());
  device::BufferRange range = device::getRange(packed);
  range.begin += counted.getStart() * getElementBytes(counted.getPacked());
  range.end = range.begin + device::getSizeInBytes(type).value_or(0);
  buffers.map(counted.getResult(), view(range, type, loc));
}

void Bufferizer::convertCall(kernel::CallOp call) {
  SmallVector<Value> inputs, results;
  for (Value input : call.getInputs())
    inputs.push_back(buffers.lookup(input));
  for (Value result : call.getOutputs()) {
    MemRefType type = getBufferType(result.getType());
    auto place = places.find(result);
    Value buffer =
        place != places.end()
            ? view(place->second, type, call.getLoc())
            : device::SlotOp::create(builder, call.getLoc(), type).getResult();
    buffers.map(result, buffer);
    results.push_back(buffer);
  }
  // What the kernel allows holds for each of its calls.
  ArrayAttr inplace = call.getInplaceAttr();
  if (auto callee = symbols.lookup<kernel::FuncOp>(call.getCallee());
      callee && !inplace)
    inplace = callee.getInplaceAttr();
  device::LaunchOp::create(builder, call.getLoc(), call.getCallee(), inputs,
                           results, call.getNodesAttr(), call.getFlops(),
                           inplace);
  ++numLaunches;
}

void Bufferizer::copy(Value source, const device::BufferRange &target,
                      Location loc) {
  auto type = cast<MemRefType>(source.getType());
  int64_t count = type.getNumElements();
  std::string name;
  llvm::raw_string_ostream(name)
      << "copy_" << count << "x" << type.getElementType();
  auto callee = symbols.lookup<kernel::FuncOp>(name);
  if (!callee) {
    callee =
        makeCopyKernel(loc, name, count, type.getElementType(),
                       main->getParentOp()->hasAttr(graph::kDecisionsAttr));
    symbols.insert(callee, Block::iterator(program));
  }
  auto flat = MemRefType::get({count}, type.getElementType());
  device::LaunchOp::create(
      builder, loc, callee.getSymName(),
      ValueRange{view(device::getRange(source), flat, loc)},
      ValueRange{view(target, flat, loc)});
  ++numLaunches;
  ++numCopies;
}

namespace {
struct PlanBufferize : dlc::plan::impl::PlanBufferizeBase<PlanBufferize> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main || main.isExternal()) {
      getOperation().emitOpError("has no function @main to plan");
      return signalPassFailure();
    }
    // The program takes the function's name.
    symbols.remove(main);
    Bufferizer bufferizer(main, symbols);
    FailureOr<device::ProgramOp> program = bufferizer.run();
    if (failed(program))
      return signalPassFailure();
    main.erase();
    numLaunches = bufferizer.numLaunches;
    numCopies = bufferizer.numCopies;
  }
};
} // namespace
