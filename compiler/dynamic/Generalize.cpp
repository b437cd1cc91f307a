// SPDX-License-Identifier: Apache-2.0
// Writes the sizes that were found into the typical instance.
#include "compiler/dynamic/DynamicModel.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/TypicalExtents.h"

using namespace mlir;

namespace dlc::dynamic {

void DynamicModel::prepare(ModuleOp module) const { rules.choices.put(module); }

void DynamicModel::mark(ModuleOp module) const {
  for (auto main : module.getOps<func::FuncOp>())
    Choices::remove(main);
  markExtents(module, rules.typical, rules.others);
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

static AffineMap getMap(ArrayRef<Size> sizes, unsigned numDims,
                        MLIRContext *context) {
  SmallVector<AffineExpr> results;
  for (const Size &size : sizes)
    results.push_back(size.toAffine(context));
  return AffineMap::get(/*dimCount=*/0, numDims, results, context);
}

/// How many dims callers choose; those that are counted follow.
size_t DynamicModel::getNumChosen() const {
  return llvm::count_if(dims, [](const Dim &dim) { return !dim.isCounted; });
}

/// \p most: for each dim that is counted, what it is at most.
void DynamicModel::addDims(device::ProgramOp program,
                           ArrayRef<AffineMap> most) const {
  Builder builder(program.getContext());
  SmallVector<Attribute> attrs;
  for (const Dim &dim : dims) {
    AffineMapAttr limit;
    if (dim.isCounted)
      limit = AffineMapAttr::get(most[attrs.size() - getNumChosen()]);
    attrs.push_back(device::DimAttr::get(
        builder.getContext(), builder.getStringAttr(dim.name), dim.low,
        dim.high, dim.multiple, dim.typical, limit));
  }
  program.setDimsAttr(builder.getArrayAttr(attrs));
}

/// The place of \p slot holds for the most that is counted: it mustn't need
/// more for less.
LogicalResult DynamicModel::checkSlot(device::SlotOp slot,
                                      const Size &bytes) const {
  for (auto [d, dim] : llvm::enumerate(dims)) {
    if (!dim.isCounted)
      continue;
    Sizes sizes;
    for (const Dim &other : dims)
      sizes.push_back(other.typical);
    Sizes counts{0, 1, 2, 3, 5, 8, 13};
    for (int64_t factor : {1, 2, 3, 5})
      counts.push_back(std::max<int64_t>(factor * dim.typical + factor, 13));
    int64_t last = 0;
    for (int64_t size : counts) {
      sizes[d] = size;
      int64_t now = bytes.evaluate(sizes);
      if (now < last)
        return slot.emitOpError("needs more memory where ")
               << dim.name << " is less";
      last = now;
    }
  }
  return success();
}

LogicalResult DynamicModel::generalize(device::ProgramOp program) const {
  MLIRContext *context = program.getContext();
  Builder builder(context);
  Choices::remove(program->getParentOp());
  markAddedKernels(program->getParentOfType<ModuleOp>(), rules.typical);
  if (hashStructure(program) != planStructure)
    return program.emitOpError("is planned in another way than its instances");
  std::vector<std::vector<Size>> shapes[2];
  shapes[0].resize(program.getNumInputs());
  shapes[1].resize(program.getNumOutputs());
  SmallVector<AffineMap> most(dims.size() - getNumChosen());
  size_t next = 0;
  LogicalResult result = success();
  visitNumbers(program, [&](Operation *op, PlanNumber kind, unsigned index,
                            int64_t) {
    const Size &size = plan[next++];
    if (kind == PlanNumber::InputExtent || kind == PlanNumber::OutputExtent) {
      shapes[kind == PlanNumber::OutputExtent][index].push_back(size);
      return;
    }
    auto map = AffineMapAttr::get(getMap(size, dims.size(), context));
    if (kind == PlanNumber::MostCounted)
      most[cast<device::CountOp>(op).getCount()] = map.getValue();
    if (kind == PlanNumber::MostCounted || size.getConstant())
      return;
    if (kind == PlanNumber::SlotBytes) {
      auto slot = cast<device::SlotOp>(op);
      slot.setDynamicBytesAttr(map);
      if (failed(checkSlot(slot, size)))
        result = failure();
    } else if (kind == PlanNumber::ViewOffset)
      cast<device::ViewOp>(op).setDynamicOffsetAttr(map);
    else
      cast<device::LaunchOp>(op).setDynamicFlopsAttr(map);
  });
  auto getMaps = [&](const std::vector<std::vector<Size>> &shapes) {
    SmallVector<AffineMap> maps;
    for (const std::vector<Size> &shape : shapes)
      maps.push_back(getMap(shape, dims.size(), context));
    return builder.getAffineMapArrayAttr(maps);
  };
  program.setDynamicInputShapesAttr(getMaps(shapes[0]));
  program.setDynamicOutputShapesAttr(getMaps(shapes[1]));
  addDims(program, most);
  return failed(result) ? result : delayLaunches(program);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Makes \p size, an index, a value of \p type, which may be a vector.
static Value convert(OpBuilder &builder, Location loc, Value size, Type type,
                     bool isReciprocal) {
  Type element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element)) {
    Value wide =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), size);
    size = arith::SIToFPOp::create(builder, loc, element, wide);
    if (isReciprocal) {
      Value one = arith::ConstantOp::create(builder, loc,
                                            builder.getFloatAttr(element, 1));
      size = arith::DivFOp::create(builder, loc, one, size);
    }
  } else if (!element.isIndex()) {
    size = arith::IndexCastOp::create(builder, loc, element, size);
  }
  if (auto vector = dyn_cast<VectorType>(type))
    size = vector::BroadcastOp::create(builder, loc, vector, size);
  return size;
}

/// The sum that \p terms are (see kernel::GridTerm); its extents are the leaves
/// of \p kernel from \p next on.
AffineExpr DynamicModel::getSum(ArrayAttr terms, const Kernel &kernel,
                                size_t &next) {
  MLIRContext *context = terms.getContext();
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (auto term : terms.getAsRange<DenseI64ArrayAttr>()) {
    AffineExpr product = getAffineConstantExpr(1, context);
    for (size_t i = 0; i < size_t(term.size()); i += 2) {
      auto leaf = llvm::find_if(kernel.leaves, [&](const LeafSize &candidate) {
        return candidate.leaf == next;
      });
      AffineExpr extent = leaf == kernel.leaves.end()
                              ? getAffineConstantExpr(term[i], context)
                              : leaf->size.toAffine(context);
      product = product * extent.ceilDiv(term[i + 1]);
      ++next;
    }
    sum = sum + product;
  }
  return sum;
}

/// How many arguments of \p function come after its buffers.
static unsigned getNumTrailing(FunctionOpInterface function) {
  // Scratch memory and the phase, or begin, end and scratch memory.
  return isa<gpu::GPUFuncOp>(function.getOperation()) ? 2 : 3;
}

LogicalResult DynamicModel::generalize(FunctionOpInterface function,
                                       size_t index, size_t target) const {
  const Kernel &kernel = kernels[index * numTargets + target];
  KernelLeaves found = collectLeaves(function);
  if (found.structure != kernel.structure)
    return function.emitOpError("is lowered in another way than its instances");

  // The dims, behind the buffers.
  OpBuilder builder(function.getContext());
  Location loc = function.getLoc();
  auto type = MemRefType::get(dims.size(), builder.getI64Type());
  unsigned position = function.getNumArguments() - getNumTrailing(function);
  if (failed(function.insertArgument(position, type, {}, loc)))
    return failure();
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  SmallVector<Value> values;
  if (!kernel.leaves.empty())
    for (auto [i, dim] : llvm::enumerate(dims)) {
      Value at = arith::ConstantIndexOp::create(builder, loc, i);
      Value loaded = memref::LoadOp::create(builder, loc,
                                            function.getArgument(position), at);
      auto size = arith::IndexCastOp::create(builder, loc,
                                             builder.getIndexType(), loaded);
      size->setAttr(kernel::kTypicalAttr,
                    builder.getI64IntegerAttr(dim.typical));
      values.push_back(size);
    }

  auto setAttr = [&](StringRef name, AffineExpr expr) {
    function->setAttr(
        ("kernel.dynamic_" + name.drop_front(StringRef("kernel.").size()))
            .str(),
        AffineMapAttr::get(AffineMap::get(/*dimCount=*/0, dims.size(), expr)));
  };
  SmallVector<Operation *> replaced; // the builder may stand before one
  for (const LeafSize &leaf : kernel.leaves) {
    AffineExpr expr = leaf.size.toAffine(function.getContext());
    if (Operation *owner = found.owners[leaf.leaf]) {
      Value size = affine::expandAffineExpr(builder, loc, expr,
                                            /*dimValues=*/{}, values);
      size = convert(builder, loc, size, owner->getResult(0).getType(),
                     leaf.isReciprocal);
      owner->getResult(0).replaceAllUsesWith(size);
      replaced.push_back(owner);
      continue;
    }
    if (leaf.leaf < getLeafAttrs().size())
      setAttr(getLeafAttrs()[leaf.leaf], expr);
  }
  size_t next = getLeafAttrs().size();
  for (const TermAttr &attr : getTermAttrs())
    if (auto terms =
            dyn_cast_or_null<ArrayAttr>(function->removeAttr(attr.terms)))
      setAttr(attr.number, getSum(terms, kernel, next));
  for (Operation *owner : replaced)
    owner->erase();
  if (isa<gpu::GPUFuncOp>(function.getOperation()))
    function->setAttr(kernel::kAnySizeAttr, builder.getUnitAttr());
  return success();
}

} // namespace dlc::dynamic
