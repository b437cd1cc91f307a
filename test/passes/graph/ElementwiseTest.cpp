// SPDX-License-Identifier: Apache-2.0
// Every elementwise operator, computed from its scalar body in the compiler,
// against the C library.
#include "passes/graph/Evaluate.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <set>

using namespace mlir;
using namespace dlc::graph;

namespace {
constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

/// An operator of floats: how it is written before `: type`, and what it gives.
struct Case {
  const char *text;
  std::function<double(double, double)> reference;
  double tolerance = 1e-12; // relative, in f64
};

double roundHalfDown(double x) { return std::ceil(x - 0.5); }

double positiveModulo(double x, double y) {
  if (y == 0)
    return 0;
  double rest = std::fmod(x, y);
  return rest * y < 0 ? rest + y : rest;
}

/// The inverse of erf by bisection.
double inverseErf(double x) {
  if (std::fabs(x) > 1 || std::isnan(x))
    return kNan;
  if (std::fabs(x) == 1)
    return x * kInf;
  double low = -6, high = 6;
  for (int i = 0; i < 200; ++i) {
    double middle = (low + high) / 2;
    (std::erf(middle) < x ? low : high) = middle;
  }
  return low;
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

double elu(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }

double keepNan(double x, double result) { return std::isnan(x) ? x : result; }

#define X(EXPR) [](double x, double) -> double { return EXPR; }
#define XY(EXPR) [](double x, double y) -> double { return EXPR; }

const Case kCases[] = {
    {"relu %x", X(keepNan(x, std::fmax(x, 0)))},
    {"leaky_relu %x slope 0.25", X(x > 0 ? x : 0.25 * x)},
    {"elu %x alpha 0.5", X(elu(x, 0.5))},
    {"selu %x", X(1.0507009873554805 * elu(x, 1.6732632423543772))},
    {"gelu %x", X(gelu(x))},
    {"gelu_tanh %x",
     X(0.5 * x *
       (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))))},
    {"sigmoid %x", X(1 / (1 + std::exp(-x)))},
    {"hard_sigmoid %x alpha 0.2 beta 0.5",
     X(keepNan(x, std::fmin(std::fmax(0.2 * x + 0.5, 0), 1)))},
    {"softsign %x", X(x / (1 + std::fabs(x)))},
    {"softplus %x", X(x > 30 ? x : std::log1p(std::exp(x)))},
    {"clip %x min -0.5 max 2.0",
     X(keepNan(x, std::fmin(std::fmax(x, -0.5), 2)))},
    {"neg %x", X(-x)},
    {"abs %x", X(std::fabs(x))},
    {"sign %x", X(x > 0   ? 1.0
                  : x < 0 ? -1.0
                          : x)},
    {"square %x", X(x * x)},
    {"reciprocal %x", X(1 / x)},
    {"round %x", X(std::round(x))},
    {"rint %x", X(roundHalfDown(x))},
    {"round_even %x", X(std::nearbyint(x))},
    {"floor %x", X(std::floor(x))},
    {"ceil %x", X(std::ceil(x))},
    {"trunc %x", X(std::trunc(x))},
    {"logical_not %x", X(x == 0 ? 1.0 : 0.0)},
    {"exp %x", X(std::exp(x))},
    {"expm1 %x", X(std::expm1(x))},
    {"log %x", X(std::log(x))},
    {"log2 %x", X(std::log2(x))},
    {"log10 %x", X(std::log10(x))},
    {"log1p %x", X(std::log1p(x))},
    {"sqrt %x", X(std::sqrt(x))},
    {"rsqrt %x", X(1 / std::sqrt(x))},
    {"cbrt %x", X(std::cbrt(x))},
    {"rcbrt %x", X(1 / std::cbrt(x))},
    {"sin %x", X(std::sin(x))},
    {"cos %x", X(std::cos(x))},
    {"tan %x", X(std::tan(x))},
    {"asin %x", X(std::asin(x))},
    {"acos %x", X(std::acos(x))},
    {"atan %x", X(std::atan(x))},
    {"sinh %x", X(std::sinh(x))},
    {"cosh %x", X(std::cosh(x))},
    {"tanh %x", X(std::tanh(x))},
    {"asinh %x", X(std::asinh(x))},
    {"acosh %x", X(std::acosh(x))},
    {"atanh %x", X(std::atanh(x))},
    {"erf %x", X(std::erf(x))},
    {"erfinv %x", X(inverseErf(x)), 1e-6},
    {"gamma %x", X(std::tgamma(x)), 1e-10},
    {"gammaln %x", X(std::lgamma(x)), 1e-10},
    {"add %x, %y", XY(x + y)},
    {"sub %x, %y", XY(x - y)},
    {"mul %x, %y", XY(x * y)},
    {"div %x, %y", XY(x / y)},
    {"mod %x, %y", XY(positiveModulo(x, y))},
    {"power %x, %y", XY(std::pow(x, y))},
    {"maximum %x, %y", XY(x != x   ? x
                          : y != y ? y
                                   : std::fmax(x, y))},
    {"minimum %x, %y", XY(x != x   ? x
                          : y != y ? y
                                   : std::fmin(x, y))},
    {"hypot %x, %y", XY(std::hypot(x, y))},
    {"atan2 %x, %y", XY(std::atan2(x, y))},
    {"equal %x, %y", XY(x == y)},
    {"not_equal %x, %y", XY(x != y)},
    {"greater %x, %y", XY(x > y)},
    {"greater_equal %x, %y", XY(x >= y)},
    {"less %x, %y", XY(x < y)},
    {"less_equal %x, %y", XY(x <= y)},
    {"is_nan %x", X(std::isnan(x))},
    {"is_inf %x", X(std::isinf(x))},
};
#undef X
#undef XY

/// Pairs of x and y.
const std::pair<double, double> kSamples[] = {
    {0.0, 0.0},    {0.25, 3.0},   {0.5, 0.5},   {-0.5, 2.0},   {1.0, -1.0},
    {-1.0, 1.0},   {1.5, 1.5},    {2.5, -2.0},  {-2.5, 0.75},  {-3.25, -1.5},
    {7.75, 2.0},   {-7.75, 3.0},  {0.125, 9.0}, {0.875, -0.5}, {-0.875, -0.25},
    {20.5, 0.125}, {0.015625, 1}, {-12.5, 3},   {3.0, 4.0},    {-6.0, 2.5}};

class ElementwiseTest : public testing::Test {
protected:
  ElementwiseTest() { context.loadDialect<GraphDialect, func::FuncDialect>(); }

  /// Computes `graph.<text> : types` for the elements of \p arguments.
  std::vector<double> compute(const std::string &text, StringRef elementType,
                              ArrayRef<std::vector<double>> arguments,
                              StringRef resultType = "") {
    std::string type = "tensor<" + std::to_string(arguments[0].size()) + "x" +
                       elementType.str() + ">";
    std::string source = "func.func @f(%x: " + type + ", %y: " + type +
                         ") { %0 = graph." + text + " : " + type +
                         resultType.str() + " return }";
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source, ParserConfig(&context));
    std::vector<double> values;
    if (!module) {
      ADD_FAILURE() << "can't parse " << source;
      return values;
    }
    ElementwiseOpInterface op;
    module->walk([&](ElementwiseOpInterface found) { op = found; });
    Evaluation evaluation = getEvaluation(op);
    if (!evaluation) {
      ADD_FAILURE() << "can't evaluate " << text;
      return values;
    }
    SmallVector<ConstantData> operands;
    for (Value operand : op->getOperands())
      operands.push_back(
          makeData(cast<RankedTensorType>(operand.getType()),
                   arguments[cast<BlockArgument>(operand).getArgNumber()]));
    ConstantData result = ConstantData::compute(
        cast<RankedTensorType>(op->getResult(0).getType()),
        [&](MutableArrayRef<char> bytes) { evaluation(operands, bytes); });
    SmallVector<double> doubles = result.toDoubles();
    return {doubles.begin(), doubles.end()};
  }

  static ConstantData makeData(RankedTensorType type,
                               const std::vector<double> &values) {
    return ConstantData::compute(type, [&](MutableArrayRef<char> bytes) {
      ElementFormat format = *ElementFormat::get(type.getElementType());
      for (size_t i = 0; i < values.size(); ++i) {
        Scalar scalar;
        if (format.isFloat())
          scalar.f = values[i];
        else
          scalar.i = int64_t(values[i]);
        format.store(&scalar, 1, bytes.data() + i * format.getSizeBytes());
      }
    });
  }

  /// Compares all operators for elements of \p type with the C library.
  void checkAll(StringRef type, double minTolerance,
                ArrayRef<std::pair<double, double>> samples) {
    std::vector<double> xs, ys;
    for (auto [x, y] : samples) {
      xs.push_back(x);
      ys.push_back(y);
    }
    for (const Case &test : kCases) {
      std::vector<double> results = compute(test.text, type, {xs, ys});
      ASSERT_EQ(results.size(), xs.size());
      for (size_t i = 0; i < xs.size(); ++i)
        checkOne(test, xs[i], ys[i], results[i],
                 std::max(test.tolerance, minTolerance));
    }
  }

  static void checkOne(const Case &test, double x, double y, double got,
                       double tolerance) {
    double want = test.reference(x, y);
    SCOPED_TRACE(std::string(test.text) + " at x = " + std::to_string(x) +
                 ", y = " + std::to_string(y));
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(got)) << got;
    else if (std::isinf(want))
      EXPECT_EQ(got, want);
    else
      EXPECT_NEAR(got, want, tolerance * std::max(1.0, std::fabs(want)));
  }

  MLIRContext context;
};
} // namespace

TEST_F(ElementwiseTest, AgreesWithLibmInF64) { checkAll("f64", 0, kSamples); }

TEST_F(ElementwiseTest, AgreesWithLibmInF32) {
  checkAll("f32", 2e-6, kSamples);
}

TEST_F(ElementwiseTest, KeepsNanAndInfinity) {
  const char *const names[] = {"relu %x",        "leaky_relu %x slope 0.25",
                               "sigmoid %x",     "neg %x",
                               "abs %x",         "clip %x min -0.5 max 2.0",
                               "sqrt %x",        "exp %x",
                               "log %x",         "floor %x",
                               "tanh %x",        "add %x, %y",
                               "mul %x, %y",     "maximum %x, %y",
                               "minimum %x, %y", "equal %x, %y",
                               "less %x, %y",    "not_equal %x, %y",
                               "is_nan %x",      "is_inf %x",
                               "sign %x",        "hypot %x, %y"};
  std::vector<double> xs{kNan, 1.0, kInf, -kInf}, ys{1.0, kNan, 2.0, -1.0};
  for (const Case &test : kCases) {
    if (!llvm::is_contained(names, StringRef(test.text)))
      continue;
    std::vector<double> results = compute(test.text, "f32", {xs, ys});
    for (size_t i = 0; i < xs.size(); ++i)
      checkOne(test, xs[i], ys[i], results[i], 1e-6);
  }
}

TEST_F(ElementwiseTest, Integers) {
  using Values = std::vector<double>;
  Values x{7, -7, 7, -7, 5, 100}, y{2, 2, -2, -2, 0, 100};
  EXPECT_EQ(compute("add %x, %y", "i8", {x, y}),
            Values({9, -5, 5, -9, 5, -56}));
  EXPECT_EQ(compute("div %x, %y", "i32", {x, y}), Values({3, -3, -3, 3, 0, 1}));
  EXPECT_EQ(compute("mod %x, %y", "i64", {x, y}), Values({1, 1, -1, -1, 0, 0}));
  EXPECT_EQ(compute("power %x, %y", "i64", {{3, -2}, {4, 3}}),
            Values({81, -8}));
  EXPECT_EQ(compute("maximum %x, %y", "i16", {x, y}),
            Values({7, 2, 7, -2, 5, 100}));
  EXPECT_EQ(compute("abs %x", "i32", {x}), Values({7, 7, 7, 7, 5, 100}));
  EXPECT_EQ(compute("sign %x", "i32", {x}), Values({1, -1, 1, -1, 1, 1}));
}

TEST_F(ElementwiseTest, Bits) {
  using Values = std::vector<double>;
  Values x{12, -1, 5}, y{10, 3, 1};
  EXPECT_EQ(compute("bitwise_and %x, %y", "i32", {x, y}), Values({8, 3, 1}));
  EXPECT_EQ(compute("bitwise_or %x, %y", "i8", {x, y}), Values({14, -1, 5}));
  EXPECT_EQ(compute("bitwise_xor %x, %y", "i64", {x, y}), Values({6, -4, 4}));
  EXPECT_EQ(compute("shift_left %x, %y", "i16", {x, y}),
            Values({12288, -8, 10}));
  EXPECT_EQ(compute("shift_right %x, %y", "i8", {{12, -1, -128}, {2, 4, 7}}),
            Values({3, 15, 1}));
  EXPECT_EQ(compute("shift_right %x, %y", "i64", {{-1}, {60}}), Values({15}));
}

TEST_F(ElementwiseTest, Booleans) {
  using Values = std::vector<double>;
  Values x{0, 0, 1, 1}, y{0, 1, 0, 1};
  EXPECT_EQ(compute("logical_and %x, %y", "i1", {x, y}), Values({0, 0, 0, 1}));
  EXPECT_EQ(compute("logical_or %x, %y", "i1", {x, y}), Values({0, 1, 1, 1}));
  EXPECT_EQ(compute("logical_xor %x, %y", "i1", {x, y}), Values({0, 1, 1, 0}));
  EXPECT_EQ(compute("logical_not %x", "i1", {x}), Values({1, 1, 0, 0}));
  EXPECT_EQ(compute("select %x, %x, %y", "i1", {x, y}, ", tensor<4xi1>"),
            Values({0, 1, 1, 1}));
}

TEST_F(ElementwiseTest, Casts) {
  using Values = std::vector<double>;
  Values x{1.75, -1.75, 0.0, 300.0};
  EXPECT_EQ(compute("cast %x", "f32", {x}, " to tensor<4xi32>"),
            Values({1, -1, 0, 300}));
  EXPECT_EQ(compute("cast %x", "f32", {x}, " to tensor<4xi1>"),
            Values({1, 1, 0, 1}));
  EXPECT_EQ(compute("cast %x", "i32", {x}, " to tensor<4xi8>"),
            Values({1, -1, 0, 44}));
  EXPECT_EQ(compute("cast %x", "i1", {{1, 0}}, " to tensor<2xf32>"),
            Values({1, 0}));
  // 2049 lies between two numbers of f16, 257 between two of bf16.
  EXPECT_EQ(compute("cast %x", "f32", {{2049, 70000}}, " to tensor<2xf16>"),
            Values({2048, kInf}));
  EXPECT_EQ(compute("cast %x", "f32", {{257}}, " to tensor<1xbf16>"),
            Values({256}));
}

// A new operator needs a line in the table above.
TEST_F(ElementwiseTest, CoversEveryOperator) {
  std::set<std::string> known{
      "logical_and", "logical_or", "logical_xor", "select",     "cast",
      "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right"};
  for (const Case &test : kCases)
    known.insert(StringRef(test.text).split(' ').first.str());
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.hasInterface<ElementwiseOpInterface>())
      EXPECT_TRUE(known.count(name.stripDialect().str()))
          << name.getStringRef().str() << " isn't tested";
}
