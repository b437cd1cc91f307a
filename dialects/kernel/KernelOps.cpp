// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: the model-level operations (constants, views, calls) and
// kernel functions. Loops, accesses and contractions are in KernelLoops.cpp.
#include "dialects/kernel/KernelOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::kernel;

#include "dialects/kernel/KernelDialect.cpp.inc"
#include "dialects/kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Constants, views, calls
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ViewOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  auto source = getSource().getDefiningOp<ViewOp>();
  if (!source)
    return {};
  if (std::optional<int64_t> inner = source.getOffset())
    setOffset(*inner + getOffset().value_or(0));
  getSourceMutable().assign(source.getSource());
  return getResult();
}

LogicalResult ViewOp::verify() {
  auto from = cast<RankedTensorType>(getSource().getType());
  auto to = cast<RankedTensorType>(getType());
  // C1
  if (from.getElementType() != to.getElementType())
    return emitOpError("requires the same element type on both sides, but got ")
           << from << " and " << to;
  // C2
  int64_t available = from.getNumElements(), count = to.getNumElements();
  if (!getOffset() && available != count)
    return emitOpError("requires the same number of elements on both sides, "
                       "but got ")
           << from << " and " << to;
  if (getOffset() &&
      (count > available || int64_t(*getOffset()) > available - count))
    return emitOpError("requires a part of its operand, but takes ")
           << to << " at element " << *getOffset() << " of " << from;
  return success();
}

LogicalResult CountedOp::verify() {
  // C1
  for (Value value : {getPacked(), getResult()}) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != 1 || !type.getElementType().isInteger(64))
      return emitOpError("requires elements of i64 in one dimension, but got ")
             << type;
  }
  return success();
}

LogicalResult JoinOp::verify() {
  auto to = cast<RankedTensorType>(getType());
  int64_t count = 0;
  // C1
  for (Type type : getSources().getTypes()) {
    auto from = cast<RankedTensorType>(type);
    if (from.getElementType() != to.getElementType())
      return emitOpError("requires operands with the result's element type, "
                         "but got ")
             << from << " for " << to;
    count += from.getNumElements();
  }
  if (count != to.getNumElements())
    return emitOpError("requires operands with the result's ")
           << to.getNumElements() << " elements together, but got " << count;
  return success();
}

/// True where \p tensor can be passed as \p buffer.
static bool isSameShape(Type tensor, Type buffer) {
  auto tensorType = cast<RankedTensorType>(tensor);
  auto bufferType = cast<MemRefType>(buffer);
  return tensorType.getShape() == bufferType.getShape() &&
         tensorType.getElementType() == bufferType.getElementType();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  // C1
  auto callee =
      symbolTable.lookupNearestSymbolFrom<FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("callee ") << getCalleeAttr() << " is not a kernel.func";
  // C2
  if (callee.getNumInputs() != getInputs().size() ||
      callee.getNumOutputs() != getOutputs().size())
    return emitOpError("passes ")
           << getInputs().size() << " inputs and " << getOutputs().size()
           << " outputs, but the kernel has " << callee.getNumInputs()
           << " and " << callee.getNumOutputs();
  for (auto [tensor, buffer] :
       llvm::zip(llvm::concat<const Value>(getInputs(), getOutputs()),
                 callee.getBody().getArguments()))
    if (!isSameShape(tensor.getType(), buffer.getType()))
      return emitOpError("passes ")
             << tensor.getType() << " where the kernel has "
             << buffer.getType();
  // C3
  for (Attribute attr :
       getInplaceAttr() ? getInplaceAttr().getValue() : ArrayRef<Attribute>()) {
    ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    if (pair.size() != 2 || pair[0] < 0 || pair[1] < 0 ||
        pair[0] >= int64_t(getInputs().size()) ||
        pair[1] >= int64_t(getOutputs().size()))
      return emitOpError("'inplace' names an operand or result that does not "
                         "exist");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                   TypeRange inputs, TypeRange outputs) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getNumOutputsAttrName(state.name),
                     builder.getI64IntegerAttr(outputs.size()));
  Block &body = state.addRegion()->emplaceBlock();
  for (Type type : llvm::concat<const Type>(llvm::to_vector(inputs),
                                            llvm::to_vector(outputs)))
    body.addArgument(type, state.location);
}

LogicalResult dlc::kernel::verifySections(Operation *parent, Region &body) {
  bool hasTasks = false;
  for (Operation &op : body.front()) {
    bool isSection = isa<ParallelOp, ContractOp, AttendOp, AlternativesOp>(op);
    hasTasks |= isSection;
    if (!isSection && !isMemoryEffectFree(&op))
      return op.emitOpError("touches memory outside the tasks of its kernel");
  }
  if (!hasTasks)
    return parent->emitOpError("requires a kernel.parallel or kernel.contract");
  return success();
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> inputs, outputs;
  if (parser.parseSymbolName(name, getSymNameAttrName(state.name),
                             state.attributes) ||
      parser.parseArgumentList(inputs, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseKeyword("outputs") ||
      parser.parseArgumentList(outputs, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  state.addAttribute(getNumOutputsAttrName(state.name),
                     parser.getBuilder().getI64IntegerAttr(outputs.size()));
  llvm::append_range(inputs, outputs);
  return parser.parseRegion(*state.addRegion(), inputs);
}

/// Prints "(%x: type, %y: type)".
static void printTypedArguments(OpAsmPrinter &printer, ValueRange arguments) {
  printer << '(';
  llvm::interleaveComma(arguments, printer, [&](Value argument) {
    printer << argument << ": " << argument.getType();
  });
  printer << ')';
}

void FuncOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printTypedArguments(printer, getInputs());
  printer << " outputs";
  printTypedArguments(printer, getOutputs());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getNumOutputsAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/false);
}

LogicalResult FuncOp::verify() {
  // C2
  for (Type type : getBody().getArgumentTypes()) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer || !buffer.hasStaticShape() || !buffer.getLayout().isIdentity())
      return emitOpError("requires buffers of static shape with the identity "
                         "layout as arguments, but got ")
             << type;
  }
  if (getNumOutputs() > getBody().getNumArguments())
    return emitOpError("has fewer arguments than outputs");
  // C3
  auto phases = getBody().front().getOps<PhasesOp>();
  if (!phases.empty()) {
    PhasesOp first = *phases.begin();
    for (Operation &op : getBody().front())
      if (&op != first &&
          (isa<ParallelOp, PhasesOp>(op) || !isMemoryEffectFree(&op)))
        return first.emitOpError("requires to hold all sections of its kernel");
    return success();
  }
  return verifySections(*this, getBody()); // C1
}
