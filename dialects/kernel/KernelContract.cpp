// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: assembly form and verifier of kernel.contract.
#include "dialects/kernel/KernelOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlc::kernel;

int64_t ContractOp::getKTotal() {
  ArrayRef<int64_t> k = getK();
  int64_t perBlock = 1;
  for (int64_t extent : k.drop_front())
    perBlock *= extent;
  int64_t total = k.front() * perBlock;
  if (std::optional<uint64_t> tail = getKTail())
    total -= perBlock - perBlock / k.back() * int64_t(*tail);
  return total;
}

MemRefType ContractOp::getFactorType(bool isLhs) {
  auto type = cast<MemRefType>((isLhs ? getLhs() : getRhs()).getType());
  if (!getQuads())
    return type;
  SmallVector<int64_t> shape(type.getShape());
  shape.back() /= kQuad;
  return MemRefType::get(shape, IntegerType::get(getContext(), 32));
}

Type ContractOp::getSumType() {
  return getEpilogue().getArguments().back().getType();
}

bool ContractOp::isWidening() {
  auto isByte = [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getElementType().isInteger(8);
  };
  return isByte(getLhs()) && isByte(getRhs()) && getSumType().isInteger(32);
}

ScheduleAttr ContractOp::getScheduleFor(StringRef cpu) {
  if (ArrayAttr schedules = getSchedulesAttr())
    for (auto schedule : schedules.getAsRange<ScheduleAttr>())
      if (schedule.getCpu().getValue() == cpu)
        return schedule;
  return {};
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   StringAttr cpu, int64_t rows,
                                   int64_t columns, int64_t depth,
                                   int64_t taskColumns, int64_t stripRows,
                                   int64_t percent) {
  // C1
  if (rows < 1 || rows > 32)
    return emitError() << "requires 'rows' to be 1 to 32, but got " << rows;
  if (columns < 16 || columns > 128 || columns % ContractOp::kPanel != 0)
    return emitError() << "requires 'columns' to be a multiple of 16 up to "
                          "128, but got "
                       << columns;
  for (int64_t size : {depth, taskColumns, stripRows, percent})
    if (size < 0)
      return emitError() << "requires sizes that aren't negative, but got "
                         << size;
  return success();
}

/// Parses "[1, 2]" into an array attribute called \p name.
static ParseResult parseArray(OpAsmParser &parser, OperationState &state,
                              StringAttr name) {
  SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, [&]() {
        return parser.parseInteger(values.emplace_back());
      }))
    return failure();
  state.addAttribute(name, parser.getBuilder().getDenseI64ArrayAttr(values));
  return success();
}

static ParseResult parseExtent(OpAsmParser &parser, OperationState &state,
                               StringAttr name) {
  int64_t value;
  if (parser.parseInteger(value))
    return failure();
  state.addAttribute(name, parser.getBuilder().getI64IntegerAttr(value));
  return success();
}

/// Parses \p keyword, if it is there, into a unit attribute called \p name.
static void parseFlag(OpAsmParser &parser, OperationState &state,
                      StringRef keyword, StringAttr name) {
  if (succeeded(parser.parseOptionalKeyword(keyword)))
    state.addAttribute(name, parser.getBuilder().getUnitAttr());
}

/// Parses "at affine_map<...>".
static ParseResult parseMap(OpAsmParser &parser, OperationState &state,
                            StringAttr name) {
  AffineMapAttr map;
  return failure(parser.parseKeyword("at") ||
                 parser.parseAttribute(map, name, state.attributes));
}

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &state) {
  OperationName name = state.name;
  if (parser.parseKeyword("batch") ||
      parseArray(parser, state, getBatchAttrName(name)) ||
      parser.parseKeyword("m") ||
      parseExtent(parser, state, getMAttrName(name)) ||
      parser.parseKeyword("n") ||
      parseExtent(parser, state, getNAttrName(name)) ||
      parser.parseKeyword("k") || parseArray(parser, state, getKAttrName(name)))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("k_tail")) &&
      parseExtent(parser, state, getKTailAttrName(name)))
    return failure();

  parseFlag(parser, state, "quads", getQuadsAttrName(name));
  SmallVector<OpAsmParser::UnresolvedOperand> symbols;
  if (succeeded(parser.parseOptionalKeyword("symbols")) &&
      parser.parseOperandList(symbols, OpAsmParser::Delimiter::Paren))
    return failure();

  OpAsmParser::UnresolvedOperand buffers[3];
  Builder &builder = parser.getBuilder();
  if (parser.parseKeyword("lhs") || parser.parseOperand(buffers[0]))
    return failure();
  parseFlag(parser, state, "unsigned", getLhsUnsignedAttrName(name));
  if (parseMap(parser, state, getLhsMapAttrName(name)) ||
      parser.parseKeyword("rhs") || parser.parseOperand(buffers[1]))
    return failure();
  parseFlag(parser, state, "packed", getPackedAttrName(name));
  parseFlag(parser, state, "unsigned", getRhsUnsignedAttrName(name));
  if (parseMap(parser, state, getRhsMapAttrName(name)) ||
      parser.parseKeyword("out") || parser.parseOperand(buffers[2]))
    return failure();
  parseFlag(parser, state, "whole_panels", getWholePanelsAttrName(name));
  SmallVector<Type> types;
  SMLoc typesLoc;
  if (parseMap(parser, state, getOutMapAttrName(name)) ||
      parser.parseOptionalAttrDict(state.attributes) || parser.parseColon() ||
      parser.getCurrentLocation(&typesLoc) || parser.parseTypeList(types) ||
      parser.resolveOperands(buffers, types, typesLoc, state.operands) ||
      parser.resolveOperands(symbols, builder.getIndexType(), state.operands))
    return failure();

  SmallVector<OpAsmParser::Argument> arguments;
  // Only the accumulator has a type that needs to be written.
  auto parseArgument = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    argument.type = builder.getIndexType();
    if (parser.parseArgument(argument))
      return failure();
    if (succeeded(parser.parseOptionalColon()))
      return parser.parseType(argument.type);
    return success();
  };
  if (parser.parseKeyword("epilogue") ||
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parseArgument))
    return failure();
  return parser.parseRegion(*state.addRegion(), arguments);
}

void ContractOp::print(OpAsmPrinter &printer) {
  auto printArray = [&](ArrayRef<int64_t> values) {
    printer << '[';
    llvm::interleaveComma(values, printer);
    printer << ']';
  };
  printer << " batch ";
  printArray(getBatch());
  printer << " m " << getM() << " n " << getN() << " k ";
  printArray(getK());
  if (std::optional<uint64_t> tail = getKTail())
    printer << " k_tail " << *tail;
  if (getQuads())
    printer << " quads";
  if (!getSymbols().empty())
    printer << " symbols (" << getSymbols() << ')';
  printer.increaseIndent();
  printer.printNewline();
  printer << "lhs " << getLhs() << (getLhsUnsigned() ? " unsigned" : "")
          << " at " << getLhsMapAttr();
  printer.printNewline();
  printer << "rhs " << getRhs() << (getPacked() ? " packed" : "")
          << (getRhsUnsigned() ? " unsigned" : "") << " at " << getRhsMapAttr();
  printer.printNewline();
  printer << "out " << getOut()
          << (getWholePanels() ? " whole_panels at " : " at ")
          << getOutMapAttr();
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {getBatchAttrName(), getMAttrName(), getNAttrName(), getKAttrName(),
       getKTailAttrName(), getLhsMapAttrName(), getRhsMapAttrName(),
       getOutMapAttrName(), getPackedAttrName(), getWholePanelsAttrName(),
       getQuadsAttrName(), getLhsUnsignedAttrName(), getRhsUnsignedAttrName()});
  printer << " : ";
  printer << getLhs().getType() << ", " << getRhs().getType() << ", "
          << getOut().getType();
  printer.decreaseIndent();
  printer.printNewline();
  printer << "epilogue (";
  llvm::interleaveComma(getEpilogue().getArguments(), printer,
                        [&](BlockArgument argument) {
                          printer << argument;
                          if (!argument.getType().isIndex())
                            printer << ": " << argument.getType();
                        });
  printer << ") ";
  printer.printRegion(getEpilogue(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/true);
}

/// Checks the dimensions and results of one of the maps.
static LogicalResult verifyMap(ContractOp op, StringRef which, AffineMap map,
                               size_t numDims, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (map.getNumDims() != numDims)
    return op.emitOpError("requires ")
           << which << " to have " << numDims << " dimensions, but got "
           << map.getNumDims();
  if (map.getNumSymbols() != op.getSymbols().size())
    return op.emitOpError("requires ")
           << which << " to have " << op.getSymbols().size()
           << " symbols, but got " << map.getNumSymbols();
  if (map.getNumResults() != unsigned(type.getRank()))
    return op.emitOpError("requires one result of ")
           << which << " for each dimension of " << type << ", but got "
           << map.getNumResults();
  return success();
}

/// Checks the types of factors and accumulator.
static LogicalResult verifyFactors(ContractOp op) {
  auto lhs = cast<MemRefType>(op.getLhs().getType());
  auto rhs = cast<MemRefType>(op.getRhs().getType());
  Type sum = op.getSumType();
  // C5
  bool areAlike = lhs.getElementType() == sum && rhs.getElementType() == sum;
  if (!areAlike && !op.isWidening())
    return op.emitOpError("requires factors of the accumulator's type ")
           << sum << ", or of i8 for i32, but got " << lhs << " and " << rhs;
  if (!op.isWidening() &&
      (op.getQuads() || op.getLhsUnsigned() || op.getRhsUnsigned()))
    return op.emitOpError("requires factors of i8 and an accumulator of i32 "
                          "for 'quads' and 'unsigned'");
  // C6
  for (MemRefType type : {lhs, rhs})
    if (op.getQuads() && (type.getRank() == 0 ||
                          type.getShape().back() % ContractOp::kQuad != 0))
      return op.emitOpError("requires a multiple of 4 as last extent for "
                            "'quads', but got ")
             << type;
  return success();
}

LogicalResult ContractOp::verify() {
  // C2
  auto isPositive = [](int64_t extent) { return extent > 0; };
  if (getK().empty() || !llvm::all_of(getK(), isPositive) ||
      !llvm::all_of(getBatch(), isPositive) || getM() <= 0 || getN() <= 0)
    return emitOpError("requires positive extents");
  if (getKTail() && (*getKTail() == 0 || int64_t(*getKTail()) >= getK().back()))
    return emitOpError("requires 'k_tail' to be between 1 and the last extent "
                       "of 'k', but got ")
           << *getKTail();
  if (getKTail() && getK().size() < 2)
    return emitOpError("requires 'k' to have blocks for 'k_tail' to apply");
  // C1
  size_t b = getBatch().size(), k = getK().size();
  if (failed(verifyMap(*this, "lhs_map", getLhsMap(), b + 1 + k, getLhs())) ||
      failed(verifyMap(*this, "rhs_map", getRhsMap(),
                       getPacked() ? b + 3 : b + k + 2, getRhs())) ||
      failed(verifyMap(*this, "out_map", getOutMap(), b + 3, getOut())))
    return failure();
  // C3
  if (getEpilogue().getNumArguments() != b + 4)
    return emitOpError("requires an epilogue of ")
           << b + 4 << " arguments, but got "
           << getEpilogue().getNumArguments();
  auto argumentTypes = llvm::to_vector(getEpilogue().getArgumentTypes());
  if (!llvm::all_of(ArrayRef(argumentTypes).drop_back(),
                    [](Type type) { return type.isIndex(); }) ||
      !isa<FloatType, IntegerType>(argumentTypes.back()))
    return emitOpError("requires an epilogue on indices and an accumulator, "
                       "but got ")
           << argumentTypes;
  if (failed(verifyFactors(*this)))
    return failure();
  auto yield = dyn_cast<YieldOp>(getEpilogue().front().back());
  Type element = cast<MemRefType>(getOut().getType()).getElementType();
  if (!yield || yield.getValue().getType() != element)
    return emitOpError("requires an epilogue that yields ") << element;
  // C4
  if (ArrayAttr schedules = getSchedulesAttr()) {
    llvm::SmallDenseSet<StringAttr> cpus;
    for (auto schedule : schedules.getAsRange<ScheduleAttr>())
      if (!cpus.insert(schedule.getCpu()).second)
        return emitOpError("requires one schedule for a CPU, but got several "
                           "for ")
               << schedule.getCpu();
  }
  return success();
}
