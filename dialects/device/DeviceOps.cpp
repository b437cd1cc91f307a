// SPDX-License-Identifier: Apache-2.0
// The device dialect: text, verifiers and folders of its operations.
#include "dialects/device/DeviceOps.h"

#include "dialects/kernel/KernelOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::device;

#define GET_OP_CLASSES
#include "dialects/device/DeviceOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Sizes and roots
//===----------------------------------------------------------------------===//

/// Bytes of one element; 0 where the type has no size.
static int64_t getElementBytes(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * getElementBytes(complex.getElementType());
  if (type.isIndex())
    return 8;
  if (type.isIntOrFloat())
    return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  return 0;
}

std::optional<int64_t> dlc::device::getSizeInBytes(ShapedType type) {
  int64_t elementBytes = getElementBytes(type.getElementType());
  if (!type.hasStaticShape() || elementBytes == 0)
    return std::nullopt;
  std::optional<int64_t> bytes = elementBytes;
  // An empty tensor is empty even where the other extents overflow.
  if (llvm::is_contained(type.getShape(), 0))
    return 0;
  for (int64_t extent : type.getShape())
    if (!(bytes = llvm::checkedMul(*bytes, extent)))
      return std::nullopt;
  return bytes;
}

int64_t dlc::device::getBufferBytes(Value buffer) {
  return getSizeInBytes(cast<MemRefType>(buffer.getType())).value_or(0);
}

FailureOr<ArrayRef<char>>
dlc::device::getBytes(ElementsAttr value, SmallVectorImpl<char> &storage) {
  std::optional<int64_t> size = getSizeInBytes(value.getShapedType());
  if (!size)
    return failure();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || int64_t(blob->getData().size()) != *size)
      return failure();
    return blob->getData();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return failure();
  if (dense.getElementType().isInteger(1)) {
    llvm::append_range(storage, dense.getValues<bool>());
    return ArrayRef<char>(storage);
  }
  if (!dense.isSplat())
    return dense.getRawData();
  for (int64_t filled = 0; filled < *size; filled += dense.getRawData().size())
    llvm::append_range(storage, dense.getRawData());
  return ArrayRef<char>(storage);
}

Value dlc::device::getRoot(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewOp>())
    buffer = view.getSource();
  return buffer;
}

/// Whether a part of \p buffer has a size that is known at run time only.
static bool isCounted(Value buffer) {
  return llvm::any_of(buffer.getUsers(), llvm::IsaPred<CountOp>);
}

BufferRange dlc::device::getRange(Value buffer) {
  int64_t begin = 0, end = getBufferBytes(buffer);
  while (auto view = buffer.getDefiningOp<ViewOp>()) {
    begin += view.getOffset().value_or(0);
    end += view.getOffset().value_or(0);
    buffer = view.getSource();
    if (isCounted(buffer))
      end = std::min(end, getBufferBytes(buffer));
  }
  return {buffer, begin, end};
}

bool dlc::device::isWholeRoot(Value buffer) {
  return getBufferBytes(buffer) == getBufferBytes(getRoot(buffer));
}

/// True for buffers that are one dense run of bytes of known size.
static bool isDenseBuffer(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  return buffer && buffer.getLayout().isIdentity() && getSizeInBytes(buffer);
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                      TypeRange inputs, TypeRange outputs, ArrayAttr inputNames,
                      ArrayAttr outputNames) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getNumOutputsAttrName(state.name),
                     builder.getI64IntegerAttr(outputs.size()));
  state.addAttribute(getInputNamesAttrName(state.name), inputNames);
  state.addAttribute(getOutputNamesAttrName(state.name), outputNames);
  Block &body = state.addRegion()->emplaceBlock();
  for (TypeRange types : {inputs, outputs})
    for (Type type : types)
      body.addArgument(type, state.location);
}

/// Parses `keyword` and a number of bytes into \p attribute, if it is there.
static ParseResult parseOptionalBytes(OpAsmParser &parser, StringRef keyword,
                                      StringAttr attribute,
                                      OperationState &state) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  int64_t bytes;
  if (parser.parseInteger(bytes))
    return failure();
  state.addAttribute(attribute, parser.getBuilder().getI64IntegerAttr(bytes));
  return success();
}

ParseResult ProgramOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> inputs, outputs;
  if (parser.parseSymbolName(name, getSymNameAttrName(state.name),
                             state.attributes) ||
      parser.parseArgumentList(inputs, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseKeyword("outputs") ||
      parser.parseArgumentList(outputs, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parseOptionalBytes(parser, "arena", getArenaBytesAttrName(state.name),
                         state) ||
      parseOptionalBytes(parser, "align", getArenaAlignmentAttrName(state.name),
                         state) ||
      parseOptionalBytes(parser, "lower_bound",
                         getArenaLowerBoundAttrName(state.name), state) ||
      parseOptionalBytes(parser, "weights", getWeightsBytesAttrName(state.name),
                         state) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  state.addAttribute(getNumOutputsAttrName(state.name),
                     parser.getBuilder().getI64IntegerAttr(outputs.size()));
  llvm::append_range(inputs, outputs);
  Region *body = state.addRegion();
  if (parser.parseRegion(*body, inputs))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

/// Prints "(%x: type, %y: type)".
static void printTypedArguments(OpAsmPrinter &printer, ValueRange arguments) {
  printer << '(';
  llvm::interleaveComma(arguments, printer, [&](Value argument) {
    printer << argument << ": " << argument.getType();
  });
  printer << ')';
}

void ProgramOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printTypedArguments(printer, getInputs());
  printer << " outputs";
  printTypedArguments(printer, getOutputs());
  auto printBytes = [&](StringRef keyword, std::optional<int64_t> bytes) {
    if (bytes)
      printer << ' ' << keyword << ' ' << *bytes;
  };
  printBytes("arena", getArenaBytes());
  printBytes("align", getArenaAlignment());
  printBytes("lower_bound", getArenaLowerBound());
  printBytes("weights", getWeightsBytes());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getSymNameAttrName(), getNumOutputsAttrName(), getArenaBytesAttrName(),
       getArenaAlignmentAttrName(), getArenaLowerBoundAttrName(),
       getWeightsBytesAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/false);
}

void ProgramOp::getAsmBlockArgumentNames(Region &region,
                                         OpAsmSetValueNameFn setName) {
  SmallVector<Attribute> names(getInputNames().getValue());
  llvm::append_range(names, getOutputNames().getValue());
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    setName(argument, cast<StringAttr>(name).getValue());
}

/// Whether \p types are tensors that have the bytes of \p buffers.
static bool fits(std::optional<ArrayAttr> types, TypeRange buffers) {
  if (!types)
    return true;
  return types->size() == buffers.size() &&
         llvm::all_of(llvm::zip_equal(*types, buffers), [](auto pair) {
           auto [attribute, buffer] = pair;
           auto tensor =
               dyn_cast<RankedTensorType>(cast<TypeAttr>(attribute).getValue());
           return tensor && tensor.getElementType().isIntOrFloat() &&
                  getSizeInBytes(tensor) ==
                      getSizeInBytes(cast<MemRefType>(buffer));
         });
}

LogicalResult ProgramOp::verify() {
  // C1
  if (getNumOutputs() > getBody().getNumArguments() ||
      getInputNames().size() != getNumInputs() ||
      getOutputNames().size() != getNumOutputs())
    return emitOpError("requires one name for each input and output");
  // C2
  for (Type type : getBody().getArgumentTypes())
    if (!isDenseBuffer(type))
      return emitOpError("requires buffers of static shape with the identity "
                         "layout as arguments, but got ")
             << type;
  // C3
  if (std::optional<int64_t> alignment = getArenaAlignment();
      alignment && !llvm::isPowerOf2_64(*alignment))
    return emitOpError("requires the arena's alignment to be a power of two, "
                       "but got ")
           << *alignment;
  // C5
  if (!fits(getInputTypes(), ValueRange(getInputs()).getTypes()) ||
      !fits(getOutputTypes(), ValueRange(getOutputs()).getTypes()))
    return emitOpError("requires 'input_types' and 'output_types' to be "
                       "tensors of as many bytes as the buffers");
  // C6, C7
  return verifyDims(*this);
}

/// Checks that \p op's buffer at \p offset lies within \p limit bytes.
static LogicalResult verifyRange(Operation *op, std::optional<int64_t> offset,
                                 std::optional<int64_t> limit, StringRef what) {
  std::optional<int64_t> bytes =
      getSizeInBytes(cast<MemRefType>(op->getResult(0).getType()));
  if (!offset || !limit || !bytes)
    return success();
  if (*bytes > *limit || *offset > *limit - *bytes)
    return op->emitOpError("takes bytes ")
           << *offset << " to " << *offset + *bytes << " of " << what
           << ", which has " << *limit;
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  // C4
  WalkResult result = getBody().walk([&](Operation *op) -> WalkResult {
    if (auto slot = dyn_cast<SlotOp>(op))
      return verifyRange(op, slot.getOffset(), getArenaBytes(), "an arena");
    if (auto weights = dyn_cast<WeightsOp>(op))
      return verifyRange(op, weights.getOffset(), getWeightsBytes(),
                         "a weights image");
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  // C9
  if (!getBody().getOps<CountOp>().empty())
    for (auto launch : getBody().getOps<LaunchOp>())
      if (launch.getQueue() != 0)
        return launch.emitOpError("is on queue ")
               << launch.getQueue() << " of a program that counts";
  // C7, C8
  return verifyDynamicBody(*this);
}

/// Checks that matrix \p name of \p gemm, of \p rows and \p columns as it is
/// multiplied, lies in its buffer.
static LogicalResult verifyMatrix(KernelOp op, GemmAttr gemm, StringRef name,
                                  MatrixAttr matrix, int64_t rows,
                                  int64_t columns) {
  if (matrix.getTransposed())
    std::swap(rows, columns);
  SmallVector<Type> types = op.getBufferTypes();
  int64_t end = 0, part = 0;
  bool fits =
      matrix.getOperand() < int64_t(types.size()) &&
      !llvm::MulOverflow(columns - 1, matrix.getLeading(), end) &&
      !llvm::AddOverflow(end, rows, end) &&
      !llvm::MulOverflow(gemm.getBatch() - 1, matrix.getStride(), part) &&
      !llvm::AddOverflow(end, part, end);
  auto type =
      fits ? cast<MemRefType>(types[matrix.getOperand()]) : MemRefType();
  if (!fits || type.getNumElements() < end ||
      (gemm.getElementBytes() == 8 ? !type.getElementType().isF64()
                                   : !type.getElementType().isF32()))
    return op.emitOpError("requires matrix '")
           << name << "' of 'gemm' to lie in one of its buffers";
  return success();
}

/// Checks C2.
static LogicalResult verifyGemm(KernelOp op, GemmAttr gemm) {
  if (!op.getGrid())
    return op.emitOpError("has 'gemm' without 'grid'");
  int64_t m = gemm.getM(), n = gemm.getN(), k = gemm.getK();
  if (failed(verifyMatrix(op, gemm, "a", gemm.getA(), m, k)) ||
      failed(verifyMatrix(op, gemm, "b", gemm.getB(), k, n)) ||
      (gemm.getC() && failed(verifyMatrix(op, gemm, "c", gemm.getC(), m, n))) ||
      failed(verifyMatrix(op, gemm, "d", gemm.getD(), m, n)))
    return failure();
  int64_t numInputs = op.getFunctionType().getNumInputs();
  if (gemm.getD().getOperand() < numInputs)
    return op.emitOpError("requires 'gemm' to write an output");
  int64_t bias = gemm.getBias();
  if (bias >= numInputs ||
      (bias >= 0 &&
       cast<MemRefType>(op.getFunctionType().getInput(bias)).getNumElements() <
           m))
    return op.emitOpError("requires the bias of 'gemm' to lie in an input");
  return success();
}

SmallVector<Type> KernelOp::getBufferTypes() {
  SmallVector<Type> types(getFunctionType().getInputs());
  llvm::append_range(types, getFunctionType().getResults());
  return types;
}

LogicalResult KernelOp::verify() {
  // C1
  for (TypeRange types :
       {getFunctionType().getInputs(), getFunctionType().getResults()})
    for (Type type : types)
      if (!isDenseBuffer(type))
        return emitOpError("requires buffers of static shape with the identity "
                           "layout, but got ")
               << type;
  // C2
  return getGemm() ? verifyGemm(*this, *getGemm()) : success();
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

LogicalResult SlotOp::verify() {
  // C1
  if (!isDenseBuffer(getType()))
    return emitOpError("requires a buffer with the identity layout, but got ")
           << getType();
  // C2
  for (Value below : getAbove())
    if (auto slot = below.getDefiningOp<SlotOp>();
        !slot || slot.getDevice() != getDevice())
      return emitOpError("requires to be above slots of its device only");
  return success();
}

LogicalResult WeightsOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  ElementsAttr value = adaptor.getValue();
  // C1
  if (!value.getShapedType().hasStaticShape())
    return emitOptionalError(location, "requires a tensor of static shape");
  types.push_back(MemRefType::get(value.getShapedType().getShape(),
                                  value.getElementType()));
  return success();
}

LogicalResult ViewOp::verify() {
  auto from = cast<MemRefType>(getSource().getType());
  auto to = cast<MemRefType>(getType());
  std::optional<int64_t> available = getSizeInBytes(from),
                         size = getSizeInBytes(to);
  // C1
  if (!isDenseBuffer(from) || !isDenseBuffer(to) ||
      (!getOffset() && available != size))
    return emitOpError("requires the same number of bytes on both sides, but "
                       "got ")
           << from << " and " << to;
  if (getOffset() && !isCounted(getSource()) &&
      (*size > *available || int64_t(*getOffset()) > *available - *size))
    return emitOpError("requires a part of its source, but takes ")
           << to << " at byte " << *getOffset() << " of " << from;
  // C2
  if (getDynamicOffset() && !getOffset())
    return emitOpError("has 'dynamic_offset' without 'at'");
  return success();
}

/// The offset of the part \p inner of a part, beside that of \p outer; null
/// where no offset depends on dims.
static AffineMapAttr addDynamicOffsets(ViewOp outer, ViewOp inner) {
  std::optional<AffineMap> first = outer.getDynamicOffset(),
                           second = inner.getDynamicOffset();
  if (!first && !second)
    return {};
  AffineMap known = first ? *first : *second;
  auto get = [&](std::optional<AffineMap> map, ViewOp view) {
    return map ? map->getResult(0)
               : getAffineConstantExpr(view.getOffset().value_or(0),
                                       known.getContext());
  };
  return AffineMapAttr::get(AffineMap::get(
      0, known.getNumSymbols(), get(first, outer) + get(second, inner)));
}

OpFoldResult ViewOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  auto source = getSource().getDefiningOp<ViewOp>();
  if (!source)
    return {};
  setDynamicOffsetAttr(addDynamicOffsets(*this, source));
  if (std::optional<int64_t> inner = source.getOffset())
    setOffset(*inner + getOffset().value_or(0));
  getSourceMutable().assign(source.getSource());
  return getResult();
}

//===----------------------------------------------------------------------===//
// Count
//===----------------------------------------------------------------------===//

int64_t CountOp::getMost() {
  return cast<MemRefType>(getBuffer().getType()).getNumElements() - 2;
}

LogicalResult CountOp::verify() {
  auto type = cast<MemRefType>(getBuffer().getType());
  // C1
  if (type.getRank() != 1 || !type.getElementType().isInteger(64) ||
      !isDenseBuffer(type) || getMost() < 0)
    return emitOpError("requires a buffer of two or more elements of i64 in "
                       "one dimension, but got ")
           << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

bool LaunchOp::isInplace(unsigned input, unsigned output) {
  if (!getInplace())
    return false;
  return llvm::any_of(*getInplace(), [&](Attribute attr) {
    ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    return pair[0] == input && pair[1] == output;
  });
}

/// The types of the inputs and outputs of \p callee, a kernel in either form.
static std::optional<std::pair<SmallVector<Type>, SmallVector<Type>>>
getKernelTypes(Operation *callee) {
  if (auto kernel = dyn_cast_or_null<KernelOp>(callee))
    return std::pair(llvm::to_vector(kernel.getFunctionType().getInputs()),
                     llvm::to_vector(kernel.getFunctionType().getResults()));
  if (auto func = dyn_cast_or_null<dlc::kernel::FuncOp>(callee))
    return std::pair(llvm::to_vector(ValueRange(func.getInputs()).getTypes()),
                     llvm::to_vector(ValueRange(func.getOutputs()).getTypes()));
  return std::nullopt;
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  // C1
  auto types = getKernelTypes(
      symbolTable.lookupNearestSymbolFrom(*this, getCalleeAttr()));
  if (!types)
    return emitOpError("callee ")
           << getCalleeAttr() << " is not a kernel.func or device.kernel";
  // C2
  auto compare = [&](TypeRange actual, TypeRange expected,
                     StringRef what) -> LogicalResult {
    if (actual == expected)
      return success();
    return emitOpError("has ") << what << " (" << actual
                               << "), but the kernel has (" << expected << ")";
  };
  if (failed(compare(getInputs().getTypes(), types->first, "inputs")) ||
      failed(compare(getOutputs().getTypes(), types->second, "outputs")))
    return failure();
  // C3
  for (Attribute attr :
       getInplace() ? getInplace()->getValue() : ArrayRef<Attribute>()) {
    ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    if (pair.size() != 2 || pair[0] < 0 || pair[1] < 0 ||
        pair[0] >= int64_t(getInputs().size()) ||
        pair[1] >= int64_t(getOutputs().size()))
      return emitOpError("'inplace' names an input or output that does not "
                         "exist");
    if (getSizeInBytes(cast<MemRefType>(getInputs()[pair[0]].getType())) !=
        getSizeInBytes(cast<MemRefType>(getOutputs()[pair[1]].getType())))
      return emitOpError("'inplace' pairs buffers of different size");
  }
  // C4
  auto kernel =
      symbolTable.lookupNearestSymbolFrom<KernelOp>(*this, getCalleeAttr());
  return kernel ? verifyDynamicKernel(*this, kernel) : success();
}

//===----------------------------------------------------------------------===//
// Wait
//===----------------------------------------------------------------------===//

LogicalResult WaitOp::verify() {
  // C1
  if (auto record = getEvent().getDefiningOp<RecordOp>();
      record && record.getQueue() == getQueue())
    return emitOpError("waits for its own queue, ") << getQueue();
  return success();
}
