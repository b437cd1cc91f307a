// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: assembly forms and verifiers of loops, accesses and
// contractions.
#include "dialects/kernel/KernelOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlc::kernel;

//===----------------------------------------------------------------------===//
// Shared by the loops
//===----------------------------------------------------------------------===//

/// Parses "(4, 8)" or "()" into an array attribute called \p name.
static ParseResult parseExtents(OpAsmParser &parser, OperationState &state,
                                StringAttr name) {
  SmallVector<int64_t> extents;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&]() {
        return parser.parseInteger(extents.emplace_back());
      }))
    return failure();
  state.addAttribute(name, parser.getBuilder().getDenseI64ArrayAttr(extents));
  return success();
}

static void printExtents(OpAsmPrinter &printer, ArrayRef<int64_t> extents) {
  printer << '(';
  llvm::interleaveComma(extents, printer);
  printer << ')';
}

/// Parses the "(%i, %j)" of a loop as arguments of type index.
static ParseResult
parseIndices(OpAsmParser &parser,
             SmallVectorImpl<OpAsmParser::Argument> &arguments) {
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren))
    return failure();
  for (OpAsmParser::Argument &argument : arguments)
    argument.type = parser.getBuilder().getIndexType();
  return success();
}

static void printIndices(OpAsmPrinter &printer, Region &body) {
  printer << '(';
  llvm::interleaveComma(body.getArguments(), printer);
  printer << ')';
}

/// Adds the region of a loop with \p count index arguments.
static void addLoopBody(OpBuilder &builder, OperationState &state,
                        size_t count) {
  Block &body = state.addRegion()->emplaceBlock();
  for (size_t i = 0; i < count; ++i)
    body.addArgument(builder.getIndexType(), state.location);
}

static void printBody(OpAsmPrinter &printer, Region &body, bool terminator) {
  printer << ' ';
  printer.printRegion(body, /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/terminator);
}

/// Parses the "%i to 8 {...}" of a loop over one index.
static ParseResult parseSimpleLoop(OpAsmParser &parser, OperationState &state,
                                   StringAttr extentName) {
  OpAsmParser::Argument index;
  int64_t extent;
  if (parser.parseArgument(index) || parser.parseKeyword("to") ||
      parser.parseInteger(extent) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  index.type = parser.getBuilder().getIndexType();
  state.addAttribute(extentName, parser.getBuilder().getI64IntegerAttr(extent));
  return parser.parseRegion(*state.addRegion(), index);
}

static void printSimpleLoop(OpAsmPrinter &printer, Operation *op,
                            int64_t extent, StringAttr extentName) {
  Region &body = op->getRegion(0);
  printer << ' ' << body.getArgument(0) << " to " << extent;
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(), {extentName});
  printBody(printer, body, /*terminator=*/false);
}

/// Checks that \p body has one index argument for each extent.
static LogicalResult verifyLoop(Operation *op, ArrayRef<int64_t> extents) {
  Region &body = op->getRegion(0);
  if (body.getNumArguments() != extents.size() ||
      !llvm::all_of(body.getArgumentTypes(),
                    [](Type type) { return type.isIndex(); }))
    return op->emitOpError("requires one index argument for each of its ")
           << extents.size() << " extents, but got " << body.getNumArguments()
           << " arguments";
  for (int64_t extent : extents)
    if (extent < 0)
      return op->emitOpError("has a negative extent ") << extent;
  return success();
}

StringRef FuncOp::getDefaultDialect() { return "kernel"; }
StringRef ParallelOp::getDefaultDialect() { return "kernel"; }
StringRef PhasesOp::getDefaultDialect() { return "kernel"; }
StringRef LoopOp::getDefaultDialect() { return "kernel"; }
StringRef VectorLoopOp::getDefaultDialect() { return "kernel"; }
StringRef ReduceOp::getDefaultDialect() { return "kernel"; }
StringRef AlternativesOp::getDefaultDialect() { return "kernel"; }
StringRef ContractOp::getDefaultDialect() { return "kernel"; }
StringRef AttendOp::getDefaultDialect() { return "kernel"; }

//===----------------------------------------------------------------------===//
// ParallelOp
//===----------------------------------------------------------------------===//

void ParallelOp::build(OpBuilder &builder, OperationState &state,
                       ArrayRef<int64_t> extents) {
  state.addAttribute(getExtentsAttrName(state.name),
                     builder.getDenseI64ArrayAttr(extents));
  addLoopBody(builder, state, extents.size());
}

ParseResult ParallelOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> indices;
  if (parseIndices(parser, indices) || parser.parseKeyword("to") ||
      parseExtents(parser, state, getExtentsAttrName(state.name)) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  return parser.parseRegion(*state.addRegion(), indices);
}

void ParallelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printIndices(printer, getBody());
  printer << " to ";
  printExtents(printer, getExtents());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {getExtentsAttrName()});
  printBody(printer, getBody(), /*terminator=*/false);
}

LogicalResult ParallelOp::verify() {
  // C3
  if (!isa_and_nonnull<FuncOp, PhasesOp, AttendOp, AlternativesOp>(
          (*this)->getParentOp()) ||
      (*this)->getParentOfType<ParallelOp>())
    return emitOpError("is not directly inside a kernel.func, kernel.phases, "
                       "kernel.attend or kernel.alternatives");
  return verifyLoop(*this, getExtents()); // C1, C2
}

//===----------------------------------------------------------------------===//
// PhasesOp
//===----------------------------------------------------------------------===//

void PhasesOp::build(OpBuilder &builder, OperationState &state,
                     int64_t extent) {
  state.addAttribute(getExtentAttrName(state.name),
                     builder.getI64IntegerAttr(extent));
  addLoopBody(builder, state, 1);
}

ParseResult PhasesOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseSimpleLoop(parser, state, getExtentAttrName(state.name));
}

void PhasesOp::print(OpAsmPrinter &printer) {
  printSimpleLoop(printer, *this, getExtent(), getExtentAttrName());
}

LogicalResult PhasesOp::verify() {
  // C2
  if (getExtent() < 1)
    return emitOpError("requires a positive extent, but got ") << getExtent();
  // C3
  if (!isa_and_nonnull<FuncOp>((*this)->getParentOp()))
    return emitOpError("is not directly inside a kernel.func");
  // C4
  if (failed(verifySections(*this, getBody())))
    return failure();
  return verifyLoop(*this, getExtent()); // C1
}

//===----------------------------------------------------------------------===//
// LoopOp
//===----------------------------------------------------------------------===//

void LoopOp::build(OpBuilder &builder, OperationState &state,
                   ArrayRef<int64_t> extents, int64_t unroll) {
  state.addAttribute(getExtentsAttrName(state.name),
                     builder.getDenseI64ArrayAttr(extents));
  state.addAttribute(getUnrollAttrName(state.name),
                     builder.getI64IntegerAttr(unroll));
  addLoopBody(builder, state, extents.size());
}

ParseResult LoopOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> indices;
  if (parseIndices(parser, indices) || parser.parseKeyword("to") ||
      parseExtents(parser, state, getExtentsAttrName(state.name)))
    return failure();
  int64_t unroll = 1;
  if (succeeded(parser.parseOptionalKeyword("unroll")) &&
      parser.parseInteger(unroll))
    return failure();
  state.addAttribute(getUnrollAttrName(state.name),
                     parser.getBuilder().getI64IntegerAttr(unroll));
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  return parser.parseRegion(*state.addRegion(), indices);
}

void LoopOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printIndices(printer, getBody());
  printer << " to ";
  printExtents(printer, getExtents());
  if (getUnroll() != 1)
    printer << " unroll " << getUnroll();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getExtentsAttrName(), getUnrollAttrName()});
  printBody(printer, getBody(), /*terminator=*/false);
}

LogicalResult LoopOp::verify() {
  // C2
  if (getUnroll() < 1)
    return emitOpError("requires 'unroll' to be positive, but got ")
           << getUnroll();
  return verifyLoop(*this, getExtents()); // C1, C2
}

//===----------------------------------------------------------------------===//
// VectorLoopOp
//===----------------------------------------------------------------------===//

void VectorLoopOp::build(OpBuilder &builder, OperationState &state,
                         int64_t extent) {
  state.addAttribute(getExtentAttrName(state.name),
                     builder.getI64IntegerAttr(extent));
  addLoopBody(builder, state, 1);
}

ParseResult VectorLoopOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseSimpleLoop(parser, state, getExtentAttrName(state.name));
}

void VectorLoopOp::print(OpAsmPrinter &printer) {
  printSimpleLoop(printer, *this, getExtent(), getExtentAttrName());
}

LogicalResult VectorLoopOp::verify() {
  // C2
  if ((*this)->getParentOfType<VectorLoopOp>())
    return emitOpError("is inside another kernel.vector_loop");
  return verifyLoop(*this, getExtent()); // C1, C3
}

//===----------------------------------------------------------------------===//
// ReduceOp
//===----------------------------------------------------------------------===//

void ReduceOp::build(OpBuilder &builder, OperationState &state, ReduceKind kind,
                     ArrayRef<int64_t> extents, Type type) {
  state.addAttribute(getKindAttrName(state.name),
                     ReduceKindAttr::get(builder.getContext(), kind));
  state.addAttribute(getExtentsAttrName(state.name),
                     builder.getDenseI64ArrayAttr(extents));
  state.addTypes(type);
  addLoopBody(builder, state, extents.size());
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &state) {
  StringRef keyword;
  SMLoc keywordLoc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<ReduceKind> kind = symbolizeReduceKind(keyword);
  if (!kind)
    return parser.emitError(keywordLoc, "unknown reduction '")
           << keyword << "'";
  state.addAttribute(getKindAttrName(state.name),
                     ReduceKindAttr::get(parser.getContext(), *kind));
  SmallVector<OpAsmParser::Argument> indices;
  Type type;
  if (parseIndices(parser, indices) || parser.parseKeyword("to") ||
      parseExtents(parser, state, getExtentsAttrName(state.name)) ||
      parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type))
    return failure();
  state.addTypes(type);
  return parser.parseRegion(*state.addRegion(), indices);
}

void ReduceOp::print(OpAsmPrinter &printer) {
  printer << ' ' << stringifyReduceKind(getKind()) << ' ';
  printIndices(printer, getBody());
  printer << " to ";
  printExtents(printer, getExtents());
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {getKindAttrName(), getExtentsAttrName()});
  printer << " : " << getType();
  printBody(printer, getBody(), /*terminator=*/true);
}

LogicalResult ReduceOp::verify() {
  // C1
  if (getExtents().empty())
    return emitOpError("requires at least one extent");
  if (failed(verifyLoop(*this, getExtents()))) // C1, C2
    return failure();
  // C3
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || yield.getValue().getType() != getType())
    return emitOpError("requires its body to yield ") << getType();
  return success();
}

//===----------------------------------------------------------------------===//
// AlternativesOp
//===----------------------------------------------------------------------===//

void AlternativesOp::build(OpBuilder &builder, OperationState &state) {
  for (int i = 0; i < 2; ++i)
    addLoopBody(builder, state, /*count=*/0);
}

LogicalResult AlternativesOp::verify() {
  // C2
  if (isa<FuncOp>((*this)->getParentOp()))
    return success(succeeded(verifySections(*this, getSerial())) &&
                   succeeded(verifySections(*this, getShared())));
  // C1
  if (!(*this)->getParentOfType<ParallelOp>())
    return emitOpError("is neither a section of a kernel.func nor inside a "
                       "kernel.parallel");
  if ((*this)->getParentOfType<VectorLoopOp>())
    return emitOpError("is inside a kernel.vector_loop");
  return success();
}

void AlternativesOp::replaceBy(Region &region) {
  Block *parent = (*this)->getBlock();
  parent->getOperations().splice((*this)->getIterator(),
                                 region.front().getOperations());
  erase();
}

//===----------------------------------------------------------------------===//
// LoadOp, StoreOp
//===----------------------------------------------------------------------===//

/// Parses "%buffer[%i + 1, %j]".
static ParseResult
parseAccess(OpAsmParser &parser, OperationState &state,
            OpAsmParser::UnresolvedOperand &buffer,
            SmallVectorImpl<OpAsmParser::UnresolvedOperand> &indices,
            StringRef mapName, MemRefType &type) {
  AffineMapAttr map;
  if (parser.parseOperand(buffer) ||
      parser.parseAffineMapOfSSAIds(indices, map, mapName, state.attributes) ||
      parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type))
    return failure();
  return success();
}

static LogicalResult verifyAccess(Operation *op, MemRefType type, AffineMap map,
                                  size_t numIndices) {
  // C1
  if (map.getNumResults() != unsigned(type.getRank()))
    return op->emitOpError("has ")
           << map.getNumResults() << " subscripts for a buffer of rank "
           << type.getRank();
  if (map.getNumInputs() != numIndices)
    return op->emitOpError("has ")
           << numIndices << " indices for a map of " << map.getNumInputs();
  return success();
}

ParseResult LoadOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand buffer;
  SmallVector<OpAsmParser::UnresolvedOperand> indices;
  MemRefType type;
  if (parseAccess(parser, state, buffer, indices, getMapAttrName(state.name),
                  type) ||
      parser.resolveOperand(buffer, type, state.operands) ||
      parser.resolveOperands(indices, parser.getBuilder().getIndexType(),
                             state.operands))
    return failure();
  state.addTypes(type.getElementType());
  return success();
}

void LoadOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getMemref() << '[';
  printer.printAffineMapOfSSAIds(getMapAttr(), getIndices());
  printer << ']';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getMapAttrName()});
  printer << " : " << getMemref().getType();
}

LogicalResult LoadOp::verify() {
  return verifyAccess(*this, getMemref().getType(), getMap(),
                      getIndices().size());
}

void SliceOp::build(OpBuilder &builder, OperationState &state, Value memref,
                    ValueRange indices, AffineMap map) {
  auto type = cast<MemRefType>(memref.getType());
  state.addOperands(memref);
  state.addOperands(indices);
  state.addAttribute(getMapAttrName(state.name), AffineMapAttr::get(map));
  state.addTypes(MemRefType::get(
      type.getShape().drop_front(map.getNumResults()), type.getElementType()));
}

ParseResult SliceOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand buffer;
  SmallVector<OpAsmParser::UnresolvedOperand> indices;
  MemRefType type;
  SMLoc loc = parser.getCurrentLocation();
  if (parseAccess(parser, state, buffer, indices, getMapAttrName(state.name),
                  type) ||
      parser.resolveOperand(buffer, type, state.operands) ||
      parser.resolveOperands(indices, parser.getBuilder().getIndexType(),
                             state.operands))
    return failure();
  auto map =
      cast<AffineMapAttr>(state.attributes.get(getMapAttrName(state.name)));
  unsigned count = map.getValue().getNumResults();
  if (count > unsigned(type.getRank()))
    return parser.emitError(loc, "has more subscripts than dimensions");
  state.addTypes(MemRefType::get(type.getShape().drop_front(count),
                                 type.getElementType()));
  return success();
}

void SliceOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getMemref() << '[';
  printer.printAffineMapOfSSAIds(getMapAttr(), getIndices());
  printer << ']';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getMapAttrName()});
  printer << " : " << getMemref().getType();
}

LogicalResult SliceOp::verify() {
  auto type = cast<MemRefType>(getMemref().getType());
  unsigned count = getMap().getNumResults();
  // C1
  if (count > unsigned(type.getRank()))
    return emitOpError("has ")
           << count << " subscripts for a buffer of rank " << type.getRank();
  if (getMap().getNumInputs() != getIndices().size())
    return emitOpError("has ")
           << getIndices().size() << " indices for a map of "
           << getMap().getNumInputs();
  auto result =
      MemRefType::get(type.getShape().drop_front(count), type.getElementType());
  if (getType() != result)
    return emitOpError("requires a result of type ")
           << result << ", but got " << getType();
  return success();
}

ParseResult StoreOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand value, buffer;
  SmallVector<OpAsmParser::UnresolvedOperand> indices;
  MemRefType type;
  if (parser.parseOperand(value) || parser.parseComma() ||
      parseAccess(parser, state, buffer, indices, getMapAttrName(state.name),
                  type) ||
      parser.resolveOperand(value, type.getElementType(), state.operands) ||
      parser.resolveOperand(buffer, type, state.operands) ||
      parser.resolveOperands(indices, parser.getBuilder().getIndexType(),
                             state.operands))
    return failure();
  return success();
}

void StoreOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getValue() << ", " << getMemref() << '[';
  printer.printAffineMapOfSSAIds(getMapAttr(), getIndices());
  printer << ']';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getMapAttrName()});
  printer << " : " << getMemref().getType();
}

LogicalResult StoreOp::verify() {
  return verifyAccess(*this, getMemref().getType(), getMap(),
                      getIndices().size());
}
