// SPDX-License-Identifier: Apache-2.0
// Programs whose sizes depend on dims: maps are evaluated and verified.
#include "dialects/device/DeviceOps.h"

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::device;

static std::optional<int64_t> evaluate(AffineExpr expr,
                                       ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> lhs = evaluate(binary.getLHS(), symbols),
                         rhs = evaluate(binary.getRHS(), symbols);
  if (!lhs || !rhs)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add)
    return llvm::checkedAdd(*lhs, *rhs);
  if (expr.getKind() == AffineExprKind::Mul)
    return llvm::checkedMul(*lhs, *rhs);
  if (*rhs <= 0)
    return std::nullopt;
  switch (expr.getKind()) {
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(*lhs, *rhs);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(*lhs, *rhs);
  case AffineExprKind::Mod:
    return llvm::mod(*lhs, *rhs);
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<int64_t>>
dlc::device::evaluate(AffineMap map, ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> values;
  for (AffineExpr expr : map.getResults()) {
    std::optional<int64_t> value = ::evaluate(expr, symbols);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

SmallVector<int64_t> ProgramOp::getTypicalSizes() {
  SmallVector<int64_t> sizes;
  if (getDims())
    for (DimAttr dim : getDims()->getAsRange<DimAttr>())
      sizes.push_back(dim.getTypical());
  return sizes;
}

unsigned ProgramOp::getNumChosenDims() {
  return getDims()
             ? llvm::count_if(getDims()->getAsRange<DimAttr>(),
                              [](DimAttr dim) { return !dim.isCounted(); })
             : 0;
}

LogicalResult dlc::device::verifyDynamic(Operation *op, ProgramOp program,
                                         StringRef name,
                                         std::optional<AffineMap> dynamic,
                                         ArrayRef<int64_t> expected) {
  if (!dynamic)
    return success();
  SmallVector<int64_t> sizes = program.getTypicalSizes();
  if (sizes.empty())
    return op->emitOpError("has '") << name << "', but the program has no dims";
  if (dynamic->getNumDims() != 0 || dynamic->getNumSymbols() != sizes.size())
    return op->emitOpError("requires '")
           << name << "' to have the program's dims as its symbols, "
           << sizes.size() << " in all, but got "
           << AffineMapAttr::get(*dynamic);
  std::optional<SmallVector<int64_t>> values = evaluate(*dynamic, sizes);
  if (!values || ArrayRef<int64_t>(*values) != expected) {
    InFlightDiagnostic error = op->emitOpError("requires '")
                               << name << "' to be (" << expected
                               << ") at the typical sizes, but it ";
    if (values)
      return error << "is (" << ArrayRef<int64_t>(*values) << ")";
    return error << "has no value there";
  }
  return success();
}

/// One map for each of \p buffers; \p types are what callers know them as.
static LogicalResult verifyShapes(ProgramOp program, StringRef name,
                                  ArrayAttr maps, ValueRange buffers,
                                  std::optional<ArrayAttr> types) {
  if (maps.size() != buffers.size())
    return program.emitOpError("requires '")
           << name << "' to have " << buffers.size() << " maps, but got "
           << maps.size();
  for (auto [i, map] : llvm::enumerate(maps.getAsValueRange<AffineMapAttr>())) {
    Type type =
        types ? cast<TypeAttr>((*types)[i]).getValue() : buffers[i].getType();
    if (failed(verifyDynamic(program, program, name, map,
                             cast<ShapedType>(type).getShape())))
      return failure();
  }
  return success();
}

LogicalResult dlc::device::verifyDims(ProgramOp program) {
  // C6
  bool hasDims = bool(program.getDims());
  if (hasDims != bool(program.getDynamicInputShapes()) ||
      hasDims != bool(program.getDynamicOutputShapes()))
    return program.emitOpError("requires 'dims', 'dynamic_input_shapes' and "
                               "'dynamic_output_shapes' together");
  if (!hasDims)
    return success();
  if (program.getDims()->empty())
    return program.emitOpError("requires at least one dim in 'dims'");
  llvm::StringSet<> names;
  bool isCounted = false;
  for (DimAttr dim : program.getDims()->getAsRange<DimAttr>()) {
    if (!names.insert(dim.getName().getValue()).second)
      return program.emitOpError("has two dims ") << dim.getName();
    if (isCounted && !dim.isCounted())
      return program.emitOpError("has the dim ")
             << dim.getName() << " behind one that is counted";
    isCounted = dim.isCounted();
  }
  // C7
  if (failed(verifyShapes(
          program, "dynamic_input_shapes", *program.getDynamicInputShapes(),
          ValueRange(program.getInputs()), program.getInputTypes())))
    return failure();
  return verifyShapes(
      program, "dynamic_output_shapes", *program.getDynamicOutputShapes(),
      ValueRange(program.getOutputs()), program.getOutputTypes());
}

/// Checks the size and the place of \p slot.
static LogicalResult verifySlot(SlotOp slot, ProgramOp program) {
  if (failed(verifyDynamic(slot, program, "dynamic_bytes",
                           slot.getDynamicBytes(),
                           getBufferBytes(slot.getResult()))))
    return failure();
  // C8
  int64_t alignment = program.getArenaAlignment().value_or(1);
  for (Value below : slot.getAbove()) {
    std::optional<uint64_t> offset = below.getDefiningOp<SlotOp>().getOffset();
    if (!offset || !slot.getOffset())
      continue;
    uint64_t end = llvm::alignTo(*offset + getBufferBytes(below), alignment);
    if (*slot.getOffset() < end)
      return slot.emitOpError("is at ")
             << *slot.getOffset() << ", but above a slot that ends at " << end;
  }
  return success();
}

/// Checks that the counted dims are those that operations count, once each.
static LogicalResult verifyCounts(ProgramOp program) {
  if (!program.isDynamic())
    return success();
  unsigned first = program.getNumChosenDims();
  auto dims = program.getDims()->getValue().drop_front(first);
  llvm::SmallBitVector counted(dims.size());
  for (auto count : program.getBody().getOps<CountOp>()) {
    if (count.getCount() >= dims.size() || counted.test(count.getCount()))
      return count.emitOpError("counts dim ")
             << count.getCount() << " of " << dims.size()
             << " that the program has to count, or counts it again";
    counted.set(count.getCount());
    auto dim = cast<DimAttr>(dims[count.getCount()]);
    if (failed(verifyDynamic(count, program, "most", dim.getMost().getValue(),
                             count.getMost())))
      return failure();
  }
  if (counted.all())
    return success();
  return program.emitOpError("never counts its dim ")
         << cast<DimAttr>(dims[counted.find_first_unset()]).getName();
}

LogicalResult dlc::device::verifyDynamicBody(ProgramOp program) {
  if (failed(verifyCounts(program)))
    return failure();
  for (Operation &op : program.getBody().front()) {
    LogicalResult result = success();
    if (auto slot = dyn_cast<SlotOp>(op))
      result = verifySlot(slot, program);
    else if (auto view = dyn_cast<ViewOp>(op))
      result = verifyDynamic(view, program, "dynamic_offset",
                             view.getDynamicOffset(),
                             int64_t(view.getOffset().value_or(0)));
    else if (auto launch = dyn_cast<LaunchOp>(op))
      result =
          verifyDynamic(launch, program, "dynamic_flops",
                        launch.getDynamicFlops(), int64_t(launch.getFlops()));
    if (failed(result))
      return failure();
  }
  return success();
}

LogicalResult dlc::device::verifyDynamicKernel(LaunchOp launch,
                                               KernelOp kernel) {
  auto program = launch->getParentOfType<ProgramOp>();
  auto verify = [&](StringRef name, AffineMapAttr map, int64_t expected) {
    return verifyDynamic(launch, program, name,
                         map ? std::optional(map.getValue()) : std::nullopt,
                         expected);
  };
  for (auto variant : kernel.getVariants().getAsRange<VariantAttr>())
    if (failed(verify("dynamic_tasks", variant.getDynamicTasks(),
                      variant.getTasks())) ||
        failed(verify("dynamic_scratch", variant.getDynamicScratch(),
                      variant.getScratchBytes())) ||
        failed(verify("dynamic_phases", variant.getDynamicPhases(),
                      variant.getPhases())))
      return failure();
  if (std::optional<GridAttr> grid = kernel.getGrid())
    if (failed(verify("dynamic_blocks", grid->getDynamicBlocks(),
                      grid->getBlocks())) ||
        failed(verify("dynamic_scratch", grid->getDynamicScratch(),
                      grid->getScratchBytes())) ||
        failed(verify("dynamic_phases", grid->getDynamicPhases(),
                      grid->getPhases())))
      return failure();
  return success();
}
