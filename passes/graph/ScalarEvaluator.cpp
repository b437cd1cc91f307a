// SPDX-License-Identifier: Apache-2.0
// Runs the scalar body of an elementwise operator over arrays.
#include "passes/graph/ScalarEvaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace dlc::graph;

/// Elements that go through all instructions before the next ones: registers
/// stay in the cache.
static constexpr int64_t kChunk = 256;

using Function = Scalar (*)(Scalar, Scalar, Scalar);

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static Scalar makeFloat(double value) {
  Scalar result;
  result.f = value;
  return result;
}

static Scalar makeInteger(int64_t value) {
  Scalar result;
  result.i = value;
  return result;
}

/// Wraps a function of doubles.
template <double (*F)(double)>
static Scalar unary(Scalar x, Scalar, Scalar) {
  return makeFloat(F(x.f));
}
template <double (*F)(double, double)>
static Scalar binary(Scalar x, Scalar y, Scalar) {
  return makeFloat(F(x.f, y.f));
}

static double maximum(double x, double y) {
  if (std::isnan(x) || std::isnan(y))
    return std::numeric_limits<double>::quiet_NaN();
  return x > y || (x == y && !std::signbit(x)) ? x : y;
}

static double minimum(double x, double y) { return -maximum(-x, -y); }

static double roundHalfAway(double x) { return std::round(x); }
static double roundHalfEven(double x) { return x - std::remainder(x, 1.0); }

/// Converts as saturating hardware does; NaN becomes 0.
static int64_t truncateToInteger(double x) {
  if (std::isnan(x))
    return 0;
  if (x >= 9223372036854775808.0)
    return std::numeric_limits<int64_t>::max();
  if (x < -9223372036854775808.0)
    return std::numeric_limits<int64_t>::min();
  return int64_t(x);
}

/// Integer arithmetic wraps around.
static int64_t wrap(uint64_t value) { return int64_t(value); }

static int64_t divide(int64_t x, int64_t y) {
  return y == -1 ? wrap(-uint64_t(x)) : y == 0 ? 0 : x / y;
}

static int64_t power(int64_t x, int64_t y) {
  // The inverse of 1 and -1 is the number itself.
  if (y < 0 && x != 1 && x != -1)
    return 0;
  uint64_t result = 1, square = x;
  for (uint64_t rest = y < 0 ? y & 1 : y; rest; rest >>= 1, square *= square)
    if (rest & 1)
      result *= square;
  return wrap(result);
}

/// Shifts zeros in from the left of what is an integer of type \p T.
template <typename T>
static Scalar shiftRight(Scalar x, Scalar y, Scalar) {
  return makeInteger(wrap(uint64_t(T(x.i)) >> (y.i & 63)));
}

static Function getShiftRight(arith::ShRUIOp op) {
  switch (op.getType().getIntOrFloatBitWidth()) {
  case 8:
    return shiftRight<uint8_t>;
  case 16:
    return shiftRight<uint16_t>;
  case 32:
    return shiftRight<uint32_t>;
  case 64:
    return shiftRight<uint64_t>;
  default:
    return nullptr;
  }
}

#define DLC_FLOAT(EXPR)                                                        \
  [](Scalar x, Scalar y, Scalar) -> Scalar { return makeFloat(EXPR); }
#define DLC_INTEGER(EXPR)                                                      \
  [](Scalar x, Scalar y, Scalar) -> Scalar { return makeInteger(EXPR); }

static Function getFunction(arith::CmpFOp op) {
  using P = arith::CmpFPredicate;
  switch (op.getPredicate()) {
  case P::AlwaysFalse:
    return DLC_INTEGER(0);
  case P::OEQ:
    return DLC_INTEGER(x.f == y.f);
  case P::OGT:
    return DLC_INTEGER(x.f > y.f);
  case P::OGE:
    return DLC_INTEGER(x.f >= y.f);
  case P::OLT:
    return DLC_INTEGER(x.f < y.f);
  case P::OLE:
    return DLC_INTEGER(x.f <= y.f);
  case P::ONE:
    return DLC_INTEGER(x.f < y.f || x.f > y.f);
  case P::ORD:
    return DLC_INTEGER(!std::isunordered(x.f, y.f));
  case P::UEQ:
    return DLC_INTEGER(!(x.f < y.f || x.f > y.f));
  case P::UGT:
    return DLC_INTEGER(!(x.f <= y.f));
  case P::UGE:
    return DLC_INTEGER(!(x.f < y.f));
  case P::ULT:
    return DLC_INTEGER(!(x.f >= y.f));
  case P::ULE:
    return DLC_INTEGER(!(x.f > y.f));
  case P::UNE:
    return DLC_INTEGER(x.f != y.f);
  case P::UNO:
    return DLC_INTEGER(std::isunordered(x.f, y.f));
  case P::AlwaysTrue:
    return DLC_INTEGER(1);
  }
  llvm_unreachable("unknown predicate");
}

static Function getFunction(arith::CmpIOp op) {
  using P = arith::CmpIPredicate;
  switch (op.getPredicate()) {
  case P::eq:
    return DLC_INTEGER(x.i == y.i);
  case P::ne:
    return DLC_INTEGER(x.i != y.i);
  case P::slt:
    return DLC_INTEGER(x.i < y.i);
  case P::sle:
    return DLC_INTEGER(x.i <= y.i);
  case P::sgt:
    return DLC_INTEGER(x.i > y.i);
  case P::sge:
    return DLC_INTEGER(x.i >= y.i);
  case P::ult:
    return DLC_INTEGER(uint64_t(x.i) < uint64_t(y.i));
  case P::ule:
    return DLC_INTEGER(uint64_t(x.i) <= uint64_t(y.i));
  case P::ugt:
    return DLC_INTEGER(uint64_t(x.i) > uint64_t(y.i));
  case P::uge:
    return DLC_INTEGER(uint64_t(x.i) >= uint64_t(y.i));
  }
  llvm_unreachable("unknown predicate");
}

static Function getArithFunction(Operation &op) {
  return llvm::TypeSwitch<Operation *, Function>(&op)
      .Case([](arith::CmpFOp op) { return getFunction(op); })
      .Case([](arith::CmpIOp op) { return getFunction(op); })
      .Case([](arith::AddFOp) -> Function { return DLC_FLOAT(x.f + y.f); })
      .Case([](arith::SubFOp) -> Function { return DLC_FLOAT(x.f - y.f); })
      .Case([](arith::MulFOp) -> Function { return DLC_FLOAT(x.f * y.f); })
      .Case([](arith::DivFOp) -> Function { return DLC_FLOAT(x.f / y.f); })
      .Case([](arith::RemFOp) -> Function { return binary<std::fmod>; })
      .Case([](arith::NegFOp) -> Function { return DLC_FLOAT(-x.f); })
      .Case([](arith::MaximumFOp) -> Function { return binary<maximum>; })
      .Case([](arith::MinimumFOp) -> Function { return binary<minimum>; })
      .Case<arith::ExtFOp, arith::TruncFOp>(
          [](auto) -> Function { return DLC_FLOAT(x.f); })
      .Case<arith::SIToFPOp, arith::UIToFPOp>(
          [](auto) -> Function { return DLC_FLOAT(double(x.i)); })
      .Case([](arith::FPToSIOp) -> Function {
        return DLC_INTEGER(truncateToInteger(x.f));
      })
      .Case<arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp>(
          [](auto) -> Function { return DLC_INTEGER(x.i); })
      .Case([](arith::AddIOp) -> Function {
        return DLC_INTEGER(wrap(uint64_t(x.i) + uint64_t(y.i)));
      })
      .Case([](arith::SubIOp) -> Function {
        return DLC_INTEGER(wrap(uint64_t(x.i) - uint64_t(y.i)));
      })
      .Case([](arith::MulIOp) -> Function {
        return DLC_INTEGER(wrap(uint64_t(x.i) * uint64_t(y.i)));
      })
      .Case([](arith::DivSIOp) -> Function {
        return DLC_INTEGER(divide(x.i, y.i));
      })
      .Case([](arith::RemSIOp) -> Function {
        return DLC_INTEGER(y.i == 0 || y.i == -1 ? 0 : x.i % y.i);
      })
      .Case([](arith::MaxSIOp) -> Function {
        return DLC_INTEGER(std::max(x.i, y.i));
      })
      .Case([](arith::MinSIOp) -> Function {
        return DLC_INTEGER(std::min(x.i, y.i));
      })
      .Case([](arith::AndIOp) -> Function { return DLC_INTEGER(x.i & y.i); })
      .Case([](arith::OrIOp) -> Function { return DLC_INTEGER(x.i | y.i); })
      .Case([](arith::XOrIOp) -> Function { return DLC_INTEGER(x.i ^ y.i); })
      .Case([](arith::ShLIOp) -> Function {
        return DLC_INTEGER(wrap(uint64_t(x.i) << (y.i & 63)));
      })
      .Case(getShiftRight)
      .Case([](arith::SelectOp) -> Function {
        return [](Scalar x, Scalar y, Scalar z) { return x.i ? y : z; };
      })
      .Default([](Operation *) { return nullptr; });
}

static Function getMathFunction(Operation &op) {
  return llvm::TypeSwitch<Operation *, Function>(&op)
      .Case([](math::AbsFOp) -> Function { return unary<std::fabs>; })
      .Case([](math::AbsIOp) -> Function {
        return DLC_INTEGER(x.i < 0 ? wrap(-uint64_t(x.i)) : x.i);
      })
      .Case([](math::AcosOp) -> Function { return unary<std::acos>; })
      .Case([](math::AcoshOp) -> Function { return unary<std::acosh>; })
      .Case([](math::AsinOp) -> Function { return unary<std::asin>; })
      .Case([](math::AsinhOp) -> Function { return unary<std::asinh>; })
      .Case([](math::AtanOp) -> Function { return unary<std::atan>; })
      .Case([](math::AtanhOp) -> Function { return unary<std::atanh>; })
      .Case([](math::Atan2Op) -> Function { return binary<std::atan2>; })
      .Case([](math::CbrtOp) -> Function { return unary<std::cbrt>; })
      .Case([](math::CeilOp) -> Function { return unary<std::ceil>; })
      .Case([](math::CosOp) -> Function { return unary<std::cos>; })
      .Case([](math::CoshOp) -> Function { return unary<std::cosh>; })
      .Case([](math::ErfOp) -> Function { return unary<std::erf>; })
      .Case([](math::ExpOp) -> Function { return unary<std::exp>; })
      .Case([](math::ExpM1Op) -> Function { return unary<std::expm1>; })
      .Case([](math::FloorOp) -> Function { return unary<std::floor>; })
      .Case([](math::IPowIOp) -> Function {
        return DLC_INTEGER(power(x.i, y.i));
      })
      .Case([](math::LogOp) -> Function { return unary<std::log>; })
      .Case([](math::Log10Op) -> Function { return unary<std::log10>; })
      .Case([](math::Log1pOp) -> Function { return unary<std::log1p>; })
      .Case([](math::Log2Op) -> Function { return unary<std::log2>; })
      .Case([](math::PowFOp) -> Function { return binary<std::pow>; })
      .Case([](math::RoundOp) -> Function { return unary<roundHalfAway>; })
      .Case([](math::RoundEvenOp) -> Function { return unary<roundHalfEven>; })
      .Case([](math::SinOp) -> Function { return unary<std::sin>; })
      .Case([](math::SinhOp) -> Function { return unary<std::sinh>; })
      .Case([](math::SqrtOp) -> Function { return unary<std::sqrt>; })
      .Case([](math::TanOp) -> Function { return unary<std::tan>; })
      .Case([](math::TanhOp) -> Function { return unary<std::tanh>; })
      .Case([](math::TruncOp) -> Function { return unary<std::trunc>; })
      .Default([](Operation *) { return nullptr; });
}

#undef DLC_FLOAT
#undef DLC_INTEGER

//===----------------------------------------------------------------------===//
// ScalarEvaluator
//===----------------------------------------------------------------------===//

LogicalResult
ScalarEvaluator::compile(Operation &op,
                         llvm::DenseMap<Value, unsigned> &registers) {
  if (op.getNumResults() != 1 || op.getNumOperands() > 3)
    return failure();
  std::optional<ElementFormat> format =
      ElementFormat::get(op.getResult(0).getType());
  if (!format)
    return failure();
  unsigned result = numRegisters++;
  registers[op.getResult(0)] = result;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    Scalar value;
    if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
      value.f = number.getValueAsDouble();
    else if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
      value.i = number.getType().isInteger(1)
                    ? int64_t(number.getValue().getZExtValue())
                    : number.getValue().getSExtValue();
    else
      return failure();
    constants.push_back({result, value});
    return success();
  }
  Function function = getArithFunction(op);
  if (!function)
    function = getMathFunction(op);
  if (!function)
    return failure();
  SmallVector<unsigned, 3> operands;
  for (Value operand : op.getOperands())
    operands.push_back(registers.at(operand));
  instructions.push_back({function, *format, operands, result});
  return success();
}

std::optional<ScalarEvaluator>
ScalarEvaluator::get(MLIRContext *context, ArrayRef<Type> argumentTypes,
                     BuildFn build) {
  for (Type type : argumentTypes)
    if (!ElementFormat::get(type))
      return std::nullopt;
  Block block;
  Location loc = UnknownLoc::get(context);
  block.addArguments(argumentTypes,
                     SmallVector<Location>(argumentTypes.size(), loc));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(&block);
  Value result = build(builder, block.getArguments());

  ScalarEvaluator evaluator;
  evaluator.numArguments = evaluator.numRegisters = argumentTypes.size();
  llvm::DenseMap<Value, unsigned> registers;
  for (BlockArgument argument : block.getArguments())
    registers[argument] = argument.getArgNumber();
  for (Operation &op : block)
    if (failed(evaluator.compile(op, registers)))
      return std::nullopt;
  evaluator.resultRegister = registers.at(result);
  return evaluator;
}

void ScalarEvaluator::runChunk(ArrayRef<const Scalar *> arguments,
                               int64_t count, Scalar *result,
                               MutableArrayRef<Scalar> memory) const {
  auto getRegister = [&](unsigned index) {
    return index < numArguments ? arguments[index]
                                : memory.data() + index * kChunk;
  };
  // Operations with fewer operands ignore the others.
  const Scalar *operands[3] = {memory.data(), memory.data(), memory.data()};
  for (const Instruction &instruction : instructions) {
    for (auto [i, index] : llvm::enumerate(instruction.operands))
      operands[i] = getRegister(index);
    Scalar *out = memory.data() + instruction.result * kChunk;
    for (int64_t i = 0; i < count; ++i)
      out[i] =
          instruction.function(operands[0][i], operands[1][i], operands[2][i]);
    instruction.format.round({out, size_t(count)});
  }
  std::copy_n(getRegister(resultRegister), count, result);
}

void ScalarEvaluator::run(ArrayRef<const Scalar *> arguments, int64_t count,
                          Scalar *result) const {
  std::vector<Scalar> memory(numRegisters * kChunk, Scalar{});
  for (auto [index, value] : constants)
    std::fill_n(memory.begin() + index * kChunk, kChunk, value);
  SmallVector<const Scalar *> chunk(arguments);
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    runChunk(chunk, std::min(kChunk, count - begin), result + begin, memory);
    for (const Scalar *&argument : chunk)
      argument += kChunk;
  }
}
