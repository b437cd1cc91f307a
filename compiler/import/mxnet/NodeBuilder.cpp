// SPDX-License-Identifier: Apache-2.0
// Builds graph operations and turns what their inference and verifiers say
// into diagnostics of the node.
#include "compiler/import/mxnet/NodeBuilder.h"

#include "compiler/import/mxnet/MaskCounts.h"
#include "compiler/import/mxnet/Operators.h"
#include "dialects/graph/Constants.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace dlc::mxnet {

std::string dimsText(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t dim : shape)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text.empty() ? "scalar" : text;
}

Type getMLIRType(MLIRContext *context, ElementType type) {
  Builder builder(context);
  switch (type) {
  case ElementType::F32:
    return builder.getF32Type();
  case ElementType::F64:
    return builder.getF64Type();
  case ElementType::F16:
    return builder.getF16Type();
  case ElementType::BF16:
    return builder.getBF16Type();
  case ElementType::I8:
    return builder.getI8Type();
  case ElementType::I16:
    return builder.getI16Type();
  case ElementType::I32:
    return builder.getI32Type();
  case ElementType::I64:
    return builder.getI64Type();
  case ElementType::Bool:
    return builder.getI1Type();
  case ElementType::U8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case ElementType::U16:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case ElementType::U32:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case ElementType::U64:
    return builder.getIntegerType(64, /*isSigned=*/false);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Inputs and problems
//===----------------------------------------------------------------------===//

Value NodeBuilder::input(StringRef name) const {
  for (auto [index, candidate] : llvm::enumerate(inputNames))
    if (candidate == name)
      return input(index);
  return {};
}

Type NodeBuilder::element(ElementType type) {
  return getMLIRType(builder.getContext(), type);
}

RankedTensorType NodeBuilder::type(Value value) const {
  if (value)
    return llvm::cast<RankedTensorType>(value.getType());
  return RankedTensorType::get(Shape(2 * maxRank, 1), builder.getF32Type());
}

Value NodeBuilder::fail(DiagnosticCode code, const Twine &what) {
  if (!std::exchange(isBroken, true))
    diagnostics.add(code, place, what.str());
  return {};
}

Value NodeBuilder::unsupported(StringRef attribute, const Twine &what) {
  return fail(DiagnosticCode::UnsupportedAttribute,
              "attribute '" + attribute + "': " + what);
}

std::optional<int64_t> NodeBuilder::axis(int64_t value, int64_t rank) {
  int64_t axis = value < 0 ? value + rank : value;
  if (axis >= 0 && axis < rank)
    return axis;
  fail(DiagnosticCode::BadAttribute, "axis " + Twine(value) +
                                         " is out of range for a tensor of " +
                                         Twine(rank) + " dimensions");
  return std::nullopt;
}

std::optional<int64_t> NodeBuilder::axis(StringRef attribute, Value of) {
  return axis(attributes.getInt(attribute), rank(of));
}

std::optional<Shape> NodeBuilder::axes(ArrayRef<int64_t> values, int64_t rank) {
  Shape result;
  for (int64_t value : values) {
    std::optional<int64_t> one = axis(value, rank);
    if (!one)
      return std::nullopt;
    result.push_back(*one);
  }
  llvm::sort(result);
  result.erase(llvm::unique(result), result.end());
  return result;
}

//===----------------------------------------------------------------------===//
// Creating operations
//===----------------------------------------------------------------------===//

OpAttribute NodeBuilder::attr(StringRef name, int64_t value) {
  return {name, builder.getI64IntegerAttr(value)};
}
OpAttribute NodeBuilder::attr(StringRef name, double value) {
  return {name, builder.getF64FloatAttr(value)};
}
OpAttribute NodeBuilder::attr(StringRef name, ArrayRef<int64_t> values) {
  return {name, builder.getDenseI64ArrayAttr(values)};
}
OpAttribute NodeBuilder::flag(StringRef name, bool value) {
  return {name, value ? builder.getUnitAttr() : UnitAttr()};
}

/// Infers the result types of what \p state describes; \p state has none yet.
static LogicalResult inferTypes(OperationState &state, MLIRContext *context) {
  auto *interface = state.name.getInterface<InferTypeOpInterface>();
  if (!interface)
    return failure();
  // Attributes live in properties, which only an operation can hold: infer
  // from one without results.
  Operation *probe = Operation::create(state);
  SmallVector<Type> types;
  LogicalResult result = interface->inferReturnTypes(
      context, state.location, probe->getOperands(), probe->getAttrDictionary(),
      probe->getPropertiesStorage(), probe->getRegions(), types);
  probe->destroy();
  state.addTypes(types);
  return result;
}

/// Operations that are defined for floating-point numbers alone.
static bool needsFloat(StringRef operation) {
  static const llvm::StringSet<> names = {
      "reduce_l2",  "softmax",       "log_softmax", "batch_norm", "layer_norm",
      "group_norm", "instance_norm", "lrn",         "rnn",        "resize"};
  return names.contains(operation);
}

/// Operations that booleans may go through without a cast.
static bool takesBooleans(StringRef operation) {
  static const llvm::StringSet<> names = {
      "cast",        "select",    "logical_and", "logical_or", "logical_xor",
      "equal",       "not_equal", "reshape",     "transpose",  "broadcast",
      "slice",       "reverse",   "concat",      "gather",     "take_along",
      "logical_not", "gather_nd", "pad",         "suppress",   "match"};
  return names.contains(operation);
}

/// Whether operand \p index of an operation may be unsigned: it is moved or
/// converted. All else computes on signed integers.
static bool takesUnsigned(StringRef operation, size_t index) {
  static const llvm::StringSet<> movements = {
      "cast",    "reshape", "transpose", "broadcast", "slice",
      "reverse", "concat",  "select",    "pad"};
  static const llvm::StringSet<> lookups = {"gather", "gather_nd",
                                            "take_along"};
  return movements.contains(operation) ||
         (lookups.contains(operation) && index == 0);
}

/// The signed type that holds what \p type does, 64 bits apart.
static Type getSignedType(Type type) {
  bool isNarrow = type.getIntOrFloatBitWidth() <= 16;
  return IntegerType::get(type.getContext(), isNarrow ? 32 : 64);
}

/// Operations that are defined for integers alone.
static bool needsIntegers(StringRef operation) {
  return operation.starts_with("bitwise_") || operation.starts_with("shift_");
}

bool NodeBuilder::checkElements(StringRef operation, ValueRange operands) {
  operation.consume_front("graph.");
  if (needsIntegers(operation) && llvm::any_of(operands, [&](Value operand) {
        return isa<FloatType>(element(operand));
      })) {
    fail(DiagnosticCode::TypeMismatch, "needs integers or booleans");
    return false;
  }
  for (Value operand : operands) {
    Type type = element(operand);
    bool isBad = type.isInteger(1)
                     ? !takesBooleans(operation)
                     : isa<IntegerType>(type) && needsFloat(operation);
    if (!isBad)
      continue;
    fail(DiagnosticCode::TypeMismatch,
         Twine("can't compute on ") +
             (type.isInteger(1) ? "booleans" : "integers") +
             "; cast them to a floating-point type first");
    return false;
  }
  return true;
}

std::string checkSize(StringRef what, ArrayRef<int64_t> dims) {
  if (int64_t(dims.size()) > maxRank)
    return ("the shape of " + what + " has " + Twine(dims.size()) +
            " dimensions, more than " + Twine(maxRank))
        .str();
  Shape sizes;
  for (int64_t dim : dims)
    sizes.push_back(std::max<int64_t>(dim, 1));
  bool fits = llvm::all_of(dims, [](int64_t dim) { return dim <= INT32_MAX; });
  if (fits && graph::multiplySizes(sizes) <= int64_t(1) << 48)
    return "";
  return ("the size of " + what + ", " + dimsText(dims) + ", overflows").str();
}

bool NodeBuilder::checkResults(Operation *op) {
  for (Type result : op->getResultTypes()) {
    ArrayRef<int64_t> dims = llvm::cast<RankedTensorType>(result).getShape();
    if (llvm::any_of(dims, [](int64_t dim) { return dim < 0; })) {
      fail(DiagnosticCode::ShapeMismatch,
           "the result would have the shape " + dimsText(dims));
      return false;
    }
    if (std::string what = checkSize("the result", dims); !what.empty()) {
      fail(DiagnosticCode::SizeOverflow, what);
      return false;
    }
  }
  return true;
}

/// Emits an operation on unsigned integers as one on wider signed ones, whose
/// results are cut to what the unsigned type holds.
Values NodeBuilder::emitWidened(StringRef operation, ValueRange operands,
                                ArrayRef<OpAttribute> attrs) {
  Type narrow, wide;
  Values widened;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    Type type = element(operand);
    bool stays = !type.isUnsignedInteger() ||
                 takesUnsigned(operation.drop_front(strlen("graph.")), index);
    if (!stays && !narrow)
      std::tie(narrow, wide) = std::pair(type, getSignedType(type));
    widened.push_back(stays ? operand : cast(operand, getSignedType(type)));
  }
  Values results = emitAll(operation, widened, attrs);
  bool givesIndex = operation == graph::ArgmaxOp::getOperationName() ||
                    operation == graph::ArgminOp::getOperationName();
  for (Value &result : results)
    if (result && !givesIndex && element(result) == wide)
      result = cast(result, narrow);
  return results;
}

bool NodeBuilder::countOperation() {
  if (surroundings.operationsLeft-- > 0)
    return true;
  fail(DiagnosticCode::UnsupportedAttribute,
       "becomes so many operations that the model has more than can be "
       "compiled");
  return false;
}

Values NodeBuilder::emitAll(StringRef operation, ValueRange operands,
                            ArrayRef<OpAttribute> attrs, Type result) {
  Values none(3);
  if (llvm::is_contained(operands, Value()) ||
      !checkElements(operation, operands) || !countOperation())
    return none;

  bool isWide = llvm::any_of(attrs, [](const OpAttribute &attribute) {
    return attribute.name == "wide" && attribute.value;
  });
  for (auto [index, operand] : llvm::enumerate(operands))
    if (element(operand).isUnsignedInteger() && !isWide &&
        !takesUnsigned(operation.drop_front(strlen("graph.")), index))
      return emitWidened(operation, operands, attrs);

  // Inference and verifiers speak of the operation; the user knows the node.
  MLIRContext *context = builder.getContext();
  std::string prefix = ("'" + operation + "' op ").str();
  ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    StringRef what = text;
    what.consume_front(prefix);
    fail(DiagnosticCode::ShapeMismatch, what);
    return success();
  });

  OperationState state(loc, operation);
  state.addOperands(operands);
  for (const OpAttribute &attribute : attrs)
    if (attribute.value)
      state.addAttribute(attribute.name, attribute.value);
  if (result)
    state.addTypes(result);
  else if (failed(inferTypes(state, context))) {
    fail(DiagnosticCode::ShapeMismatch, "the inputs don't fit each other");
    return none;
  }
  Operation *op = builder.create(state);
  if (failed(mlir::verify(op, /*verifyRecursively=*/false)) ||
      !checkResults(op)) {
    op->erase();
    return none;
  }
  return Values(op->getResults().begin(), op->getResults().end());
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// An element of \p type nearest to \p value. What no integer can hold
/// saturates, as everywhere in the compiler.
static graph::Scalar getElement(Type type, double value) {
  graph::Scalar element;
  unsigned width = type.getIntOrFloatBitWidth();
  double limit = std::ldexp(1.0, width - 1);
  if (isa<FloatType>(type)) {
    element.f = value;
  } else if (width == 1) {
    element.i = value != 0;
  } else if (type.isUnsignedInteger()) {
    APSInt integer(width, /*isUnsigned=*/true);
    bool isExact;
    APFloat(value).convertToInteger(integer, APFloat::rmTowardZero, &isExact);
    element.i = int64_t(integer.getZExtValue());
  } else {
    element.i = value >= limit ? APInt::getSignedMaxValue(width).getSExtValue()
                : value <= -limit
                    ? APInt::getSignedMinValue(width).getSExtValue()
                : std::isnan(value) ? 0
                                    : static_cast<int64_t>(value);
  }
  return element;
}

Value NodeBuilder::constant(ArrayRef<int64_t> shape, Type element,
                            ArrayRef<double> values) {
  if (!element)
    return {};
  auto type = RankedTensorType::get(shape, element);
  auto elements = llvm::map_to_vector(
      values, [&](double value) { return getElement(element, value); });
  return emit<graph::ConstantOp>(
      {}, {{"value", graph::makeLiteral(type, elements)}}, type);
}

Value NodeBuilder::splat(ArrayRef<int64_t> shape, Type element, double value) {
  return constant(shape, element, {value});
}

Value NodeBuilder::splatLike(Value like, double value) {
  return like ? splat(shape(like), element(like), value) : like;
}

Value NodeBuilder::iota(ArrayRef<int64_t> shape, Type element, int64_t dim,
                        double start, double step) {
  if (!element)
    return {};
  if (element.isUnsignedInteger())
    return cast(iota(shape, getSignedType(element), dim, start, step), element);
  return emit<graph::IotaOp>(
      {}, {attr("dim", dim), attr("start", start), attr("step", step)},
      RankedTensorType::get(shape, element));
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Value NodeBuilder::cast(Value value, Type element) {
  if (!value || !element || NodeBuilder::element(value) == element)
    return element ? value : Value();
  return emit<graph::CastOp>({value}, {}, type(value).clone(element));
}

Value NodeBuilder::reshape(Value value, ArrayRef<int64_t> dims) {
  if (!value)
    return {};
  Shape target(dims);
  int64_t known = 1, count = type(value).getNumElements();
  bool overflows = false;
  for (int64_t dim : target)
    if (dim != -1)
      overflows |= llvm::MulOverflow(known, dim, known);
  for (int64_t &dim : target)
    if (dim == -1) {
      if (known <= 0 || count % known)
        return fail(DiagnosticCode::ShapeMismatch, "can't reshape " +
                                                       dimsText(shape(value)) +
                                                       " to " + dimsText(dims));
      dim = count / known;
      known = count;
    }
  if (overflows || known != count)
    return fail(DiagnosticCode::ShapeMismatch,
                "can't reshape " + dimsText(shape(value)) + " to " +
                    dimsText(dims) + ": " + Twine(count) +
                    " elements do not fit");
  if (ArrayRef<int64_t>(target) == shape(value))
    return value;
  return emit<graph::ReshapeOp>({value}, {}, type(value).clone(target));
}

Value NodeBuilder::transpose(Value value, ArrayRef<int64_t> permutation) {
  if (!value ||
      llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return value;
  return emit<graph::TransposeOp>({value}, {attr("permutation", permutation)});
}

Value NodeBuilder::broadcastInDims(Value value, ArrayRef<int64_t> dims,
                                   ArrayRef<int64_t> places) {
  if (!value || shape(value) == dims)
    return value;
  return emit<graph::BroadcastOp>({value}, {attr("dims", places)},
                                  type(value).clone(dims));
}

Value NodeBuilder::broadcast(Value value, ArrayRef<int64_t> dims) {
  if (!value)
    return {};
  int64_t offset = dims.size() - rank(value);
  bool fits = offset >= 0;
  for (int64_t i = 0; fits && i < rank(value); ++i)
    fits = shape(value)[i] == 1 || shape(value)[i] == dims[offset + i];
  if (!fits)
    return fail(DiagnosticCode::ShapeMismatch, "can't broadcast " +
                                                   dimsText(shape(value)) +
                                                   " to " + dimsText(dims));
  return broadcastInDims(value, dims, dimRange(offset, dims.size()));
}

bool NodeBuilder::broadcastPair(Value &lhs, Value &rhs) {
  if (!lhs || !rhs)
    return false;
  if (element(lhs) != element(rhs)) {
    std::string text;
    llvm::raw_string_ostream(text) << "the element types " << element(lhs)
                                   << " and " << element(rhs) << " differ";
    fail(DiagnosticCode::TypeMismatch, text);
    return false;
  }
  ArrayRef<int64_t> a = shape(lhs), b = shape(rhs);
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      fail(DiagnosticCode::ShapeMismatch, "the shapes " + dimsText(a) +
                                              " and " + dimsText(b) +
                                              " don't fit each other");
      return false;
    }
    result[result.size() - 1 - i] = da == 1 ? db : da;
  }
  lhs = broadcast(lhs, result);
  rhs = broadcast(rhs, result);
  return lhs && rhs;
}

Value NodeBuilder::sliceAxis(Value value, int64_t axis, int64_t begin,
                             int64_t end) {
  if (!value || (begin == 0 && end == shape(value)[axis]))
    return value;
  Shape starts(rank(value), 0), limits(shape(value)), steps(rank(value), 1);
  starts[axis] = begin;
  limits[axis] = end;
  return emit<graph::SliceOp>(
      {value},
      {attr("starts", starts), attr("limits", limits), attr("steps", steps)});
}

Value NodeBuilder::concat(ValueRange values, int64_t axis) {
  if (values.size() == 1)
    return values.front();
  return emit<graph::ConcatOp>(values, {attr("axis", axis)});
}

Value NodeBuilder::dot(Value lhs, Value rhs, ArrayRef<int64_t> lhsBatch,
                       ArrayRef<int64_t> rhsBatch,
                       ArrayRef<int64_t> lhsContract,
                       ArrayRef<int64_t> rhsContract) {
  return emit<graph::DotOp>({lhs, rhs}, {attr("lhs_batch", lhsBatch),
                                         attr("rhs_batch", rhsBatch),
                                         attr("lhs_contract", lhsContract),
                                         attr("rhs_contract", rhsContract)});
}

Value NodeBuilder::atLeastOneDim(Value value) {
  return value && rank(value) == 0 && !usesNumpyShapes ? reshape(value, {1})
                                                       : value;
}

bool NodeBuilder::hasChannels(Value value) {
  if (value && rank(value) < 2)
    fail(DiagnosticCode::ShapeMismatch,
         "needs a tensor with a dimension for channels, but got " +
             dimsText(shape(value)));
  return value && rank(value) >= 2;
}

Value NodeBuilder::channelsFirst(Value value) {
  if (!hasChannels(value))
    return {};
  Shape permutation{0, rank(value) - 1};
  llvm::append_range(permutation, llvm::seq<int64_t>(1, rank(value) - 1));
  return transpose(value, permutation);
}

Value NodeBuilder::channelsLast(Value value) {
  if (!hasChannels(value))
    return {};
  Shape permutation{0};
  llvm::append_range(permutation, llvm::seq<int64_t>(2, rank(value)));
  permutation.push_back(1);
  return transpose(value, permutation);
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

Count NodeBuilder::getCount(Value mask) {
  return mask ? surroundings.counts->get(builder, loc, mask) : Count();
}

Value NodeBuilder::getNextPlaces(const Count &count) {
  return emit<graph::CountedOp>(
      {count.packed}, {attr("start", int64_t(2)), attr("count", count.number)},
      count.places ? count.places.getType() : Type());
}

} // namespace dlc::mxnet
