// SPDX-License-Identifier: Apache-2.0
// Makes each fusion group a kernel and @main a sequence of calls.
#include "passes/lower/Passes.h"

#include "dialects/graph/Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/lower/GroupLowering.h"
#include "llvm/ADT/StringMap.h"

namespace dlc::lower {
#define GEN_PASS_DEF_LOWERTOKERNELS
#include "passes/lower/Passes.h.inc"
} // namespace dlc::lower

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;

/// Adds the names of model nodes in \p loc to \p names.
static void collectNames(Location loc, SmallVectorImpl<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!llvm::is_contained(names, name.getName()))
      names.push_back(name.getName());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNames(call.getCallee(), names);
  }
}

/// Floating-point operations of the operators in \p group.
static int64_t getFlops(graph::GroupOp group) {
  int64_t flops = 0;
  for (Operation &op : group.getBody().front())
    if (auto counted = dyn_cast<graph::FlopsOpInterface>(op))
      flops += counted.getFlops();
    else if (isa<graph::ElementwiseOpInterface>(op))
      flops +=
          cast<RankedTensorType>(op.getResult(0).getType()).getNumElements();
  return flops;
}

namespace {
struct LowerToKernels : dlc::lower::impl::LowerToKernelsBase<LowerToKernels> {
  using LowerToKernelsBase::LowerToKernelsBase;

  void runOnOperation() override;

private:
  LogicalResult lowerFunction(func::FuncOp main);
  LogicalResult lowerGroup(graph::GroupOp group);
  LogicalResult lowerOther(Operation *op);
  Value getPhysical(Value tensor) { return physical.lookup(tensor); }
  Value getConstant(Location loc, TypedAttr value);
  FailureOr<StringRef> uniqueKernel(kernel::FuncOp func, StringRef base);

  /// The value with physical type for each graph value.
  DenseMap<Value, Value> physical;
  /// Kernels by their text without a name.
  llvm::StringMap<std::string> kernels;
  llvm::StringMap<unsigned> counts;
  DenseMap<std::pair<Attribute, Type>, Value> constants;
  graph::Decisions decisions;
  OpBuilder *builder = nullptr;
  OpBuilder *kernelBuilder = nullptr;
};
} // namespace

Value LowerToKernels::getConstant(Location loc, TypedAttr value) {
  // Constants are physical: a boolean is a byte, a scalar has one element.
  auto type = graph::getPhysicalType(value.getType());
  if (type != value.getType()) {
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      // Its booleans are bytes already.
      value = DenseResourceElementsAttr::get(type, resource.getRawHandle());
    if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      if (type.getElementType() != dense.getElementType())
        dense = dense.mapValues(type.getElementType(), [&](const APInt &value) {
          return value.zext(type.getElementTypeBitWidth());
        });
      value = cast<TypedAttr>(Attribute(dense.reshape(type)));
    }
  }
  Value &constant = constants[{value, type}];
  if (!constant)
    constant = kernel::ConstantOp::create(*builder, loc, type, value);
  return constant;
}

/// Keeps \p func or, where an equal kernel exists, erases it; returns the name
/// of what is kept.
FailureOr<StringRef> LowerToKernels::uniqueKernel(kernel::FuncOp func,
                                                  StringRef base) {
  func.setSymName("kernel");
  std::string text;
  llvm::raw_string_ostream stream(text);
  func->print(stream, OpPrintingFlags().useLocalScope());
  auto [it, isNew] = kernels.try_emplace(text);
  // At another size they may differ.
  if (!isNew && !decisions.isForManySizes()) {
    func.erase();
    return StringRef(it->second);
  }
  it->second = (base + "_" + Twine(counts[base]++)).str();
  func.setSymName(it->second);
  ++numKernels;
  return StringRef(it->second);
}

/// Whether operand \p index of \p op may be unsigned: only what is moved,
/// chosen, converted or extended.
static bool takesUnsigned(Operation *op, unsigned index) {
  if (isa<graph::GatherOp, graph::GatherNdOp, graph::TakeAlongOp>(op))
    return index == 0; // not the indices
  auto conv = dyn_cast<graph::ConvOp>(op);
  auto dense = dyn_cast<graph::DenseOp>(op);
  if (conv ? conv.getWide() : dense && dense.getWide())
    return true;
  return isa<graph::CastOp, graph::SelectOp, graph::MovementOpInterface,
             graph::RelayoutOp, graph::ConcatOp, graph::PadOp, graph::YieldOp>(
      op);
}

/// Kernels take all integers for signed ones.
static LogicalResult checkSigns(graph::GroupOp group) {
  for (Operation &op : group.getBody().front())
    for (OpOperand &operand : op.getOpOperands()) {
      Type type = getElementTypeOrSelf(operand.get().getType());
      if (type.isUnsignedInteger() &&
          !takesUnsigned(&op, operand.getOperandNumber()))
        return op.emitOpError("computes on ")
               << type << ", which only graph.cast can do";
    }
  return success();
}

LogicalResult LowerToKernels::lowerGroup(graph::GroupOp group) {
  ++numGroups;
  if (failed(checkSigns(group)))
    return failure();
  GroupLowering lowering(group, *kernelBuilder, decisions, hasCpus);
  FailureOr<kernel::FuncOp> func = lowering.run("kernel");
  if (failed(func))
    return failure();

  SmallVector<Value> inputs;
  for (const GroupOperand &operand : lowering.getOperands())
    inputs.push_back(operand.packed
                         ? getConstant(operand.outer.getLoc(),
                                       cast<TypedAttr>(operand.packed))
                         : getPhysical(operand.outer));
  SmallVector<Type> types;
  for (Type type : group.getResultTypes())
    types.push_back(graph::getPhysicalType(type));
  SmallVector<StringRef> nodes;
  for (Operation &op : group.getBody().front().without_terminator())
    collectNames(op.getLoc(), nodes);

  Operation *named = lowering.getStructuredOp();
  if (!named)
    named = &*std::prev(group.getBody().front().getTerminator()->getIterator());
  std::string base = named->getName().stripDialect().str();
  if (auto conv = dyn_cast<graph::ConvOp>(named); conv && conv.getWinograd())
    base += "_winograd" + std::to_string(*conv.getWinograd());
  ArrayAttr inplace = lowering.getInplacePairs();
  FailureOr<StringRef> name = uniqueKernel(*func, base);
  auto call = kernel::CallOp::create(*builder, group.getLoc(), types, *name,
                                     inputs, builder->getStrArrayAttr(nodes),
                                     getFlops(group), inplace);
  for (auto [from, to] : llvm::zip(group.getResults(), call.getResults()))
    physical[from] = to;
  return success();
}

LogicalResult LowerToKernels::lowerOther(Operation *op) {
  if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
    // Only what is used as it is; packed constants have values of their own.
    physical[constant] = getConstant(op->getLoc(), constant.getValue());
    return success();
  }
  if (auto reshape = dyn_cast<graph::ReshapeOp>(op)) {
    Value source = getPhysical(reshape.getInput());
    Type type = graph::getPhysicalType(reshape.getType());
    physical[reshape] = source.getType() == type
                            ? source
                            : Value(kernel::ViewOp::create(
                                  *builder, op->getLoc(), type, source));
    return success();
  }
  if (auto concat = dyn_cast<graph::ConcatOp>(op);
      concat && graph::isContiguousJoin(concat)) {
    SmallVector<Value> sources;
    for (Value input : concat.getInputs())
      sources.push_back(getPhysical(input));
    physical[concat] = kernel::JoinOp::create(
        *builder, op->getLoc(), graph::getPhysicalType(concat.getType()),
        sources);
    return success();
  }
  if (auto slice = dyn_cast<graph::SliceOp>(op))
    if (std::optional<int64_t> offset = graph::getPartOffset(slice)) {
      physical[slice] = kernel::ViewOp::create(
          *builder, op->getLoc(), graph::getPhysicalType(slice.getType()),
          getPhysical(slice.getInput()), builder->getI64IntegerAttr(*offset));
      return success();
    }
  if (auto counted = dyn_cast<graph::CountedOp>(op)) {
    physical[counted] =
        kernel::CountedOp::create(*builder, op->getLoc(), counted.getType(),
                                  getPhysical(counted.getPacked()),
                                  counted.getStart(), counted.getCount());
    return success();
  }
  return op->emitOpError("is outside of a group");
}

/// What callers know a tensor of \p type as, if its buffer does not say.
static Attribute getLogicalType(Type type) {
  RankedTensorType plain = graph::getPlainType(type);
  return plain == graph::getPhysicalType(plain) ? Attribute()
                                                : TypeAttr::get(plain);
}

LogicalResult LowerToKernels::lowerFunction(func::FuncOp main) {
  Block &block = main.getBody().front();
  OpBuilder bodyBuilder(&block, block.begin());
  OpBuilder functionBuilder(main);
  builder = &bodyBuilder;
  kernelBuilder = &functionBuilder;
  SmallVector<Operation *> old;
  for (Operation &op : block)
    old.push_back(&op);
  for (BlockArgument argument : block.getArguments()) {
    argument.setType(argument.getType());
    physical[argument] = argument;
  }
  // Arguments keep their logical type until all groups have seen it.
  for (Operation *op : old) {
    bodyBuilder.setInsertionPoint(op);
    if (auto group = dyn_cast<graph::GroupOp>(op)) {
      if (failed(lowerGroup(group)))
        return failure();
    } else if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      SmallVector<Value> results;
      for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
        results.push_back(getPhysical(value));
        if (Attribute type = getLogicalType(value.getType()))
          main.setResultAttr(i, "graph.type", type);
      }
      ret->setOperands(results);
    } else if (failed(lowerOther(op))) {
      return failure();
    }
  }
  for (Operation *op : llvm::reverse(old))
    if (!isa<func::ReturnOp>(op))
      op->erase();
  for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
    if (Attribute type = getLogicalType(argument.getType()))
      main.setArgAttr(i, "graph.type", type);
    argument.setType(graph::getPhysicalType(argument.getType()));
  }
  main.setFunctionType(
      FunctionType::get(&getContext(), block.getArgumentTypes(),
                        block.getTerminator()->getOperandTypes()));
  // Constants whose packed form alone is used.
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<kernel::ConstantOp>(op) && op.use_empty())
      op.erase();
  return success();
}

void LowerToKernels::runOnOperation() {
  decisions = graph::Decisions(getOperation());
  for (auto main : getOperation().getOps<func::FuncOp>()) {
    physical.clear();
    kernels.clear();
    counts.clear();
    constants.clear();
    if (failed(lowerFunction(main)))
      return signalPassFailure();
  }
  decisions.save(getOperation());
}
