// SPDX-License-Identifier: Apache-2.0
// How far a compiled function is from the true value, over all floats or a
// sample of them:
//
//   accuracy-sweep MODEL.so FUNCTION [STRIDE]
//
// MODEL.so is a model of one operator on float32, FUNCTION its name in MXNet.
// Takes each STRIDE-th bit pattern (509; 1 for all 2^32) and the neighbours of
// special values, for functions of two numbers pairs of random and special
// ones. The reference is libm in double precision. Prints the largest error in
// ulp and where it is; a wrong NaN, infinity or sign of zero is infinitely far.
#include "dlc/model.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

using Function = double (*)(double, double);

struct Row {
  const char *name;
  bool isBinary;
  Function function;
};

#define UNARY(NAME, EXPR)                                                      \
  {NAME, false, [](double x, double) -> double { return EXPR; }}
static const Row rows[] = {
    UNARY("exp", std::exp(x)),
    UNARY("expm1", std::expm1(x)),
    UNARY("log", std::log(x)),
    UNARY("log2", std::log2(x)),
    UNARY("log10", std::log10(x)),
    UNARY("log1p", std::log1p(x)),
    UNARY("sin", std::sin(x)),
    UNARY("cos", std::cos(x)),
    UNARY("tan", std::tan(x)),
    UNARY("arcsin", std::asin(x)),
    UNARY("arccos", std::acos(x)),
    UNARY("arctan", std::atan(x)),
    UNARY("sinh", std::sinh(x)),
    UNARY("cosh", std::cosh(x)),
    UNARY("tanh", std::tanh(x)),
    UNARY("arcsinh", std::asinh(x)),
    UNARY("arccosh", std::acosh(x)),
    UNARY("arctanh", std::atanh(x)),
    UNARY("erf", std::erf(x)),
    UNARY("sigmoid", 1 / (1 + std::exp(-x))),
    UNARY("sqrt", std::sqrt(x)),
    UNARY("rsqrt", 1 / std::sqrt(x)),
    UNARY("cbrt", std::cbrt(x)),
    UNARY("rcbrt", 1 / std::cbrt(x)),
    {"broadcast_power", true,
     [](double x, double y) -> double { return std::pow(x, y); }},
};
#undef UNARY

static const float specials[] = {0.0f,
                                 0x1p-149f,
                                 0x1p-126f,
                                 0x1p-60f,
                                 0.3465736f,
                                 0.5f,
                                 0.6666667f,
                                 1.0f,
                                 1.5f,
                                 1.3333334f,
                                 2.0f,
                                 3.0f,
                                 3.92f,
                                 9.01f,
                                 17.0f,
                                 87.33654f,
                                 88.72284f,
                                 89.41599f,
                                 103.97208f,
                                 0.78539819f,
                                 1.5707964f,
                                 3.141593f,
                                 0x1p20f,
                                 0x1p21f,
                                 16777216.0f,
                                 0x1p31f,
                                 0x1p64f,
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::quiet_NaN()};

static float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// The error of \p got in units in the last place of \p want, rounded.
static double getError(float got, double want) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double overflow = std::ldexp(1.0, 128);
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : infinity;
  if (std::isinf(want))
    return double(got) == want ? 0 : infinity;
  if (float(want) == 0 && std::signbit(got) != std::signbit(want))
    return infinity;
  double value = std::isinf(got) ? std::copysign(overflow, got) : got;
  int exponent;
  std::frexp(want, &exponent);
  exponent = std::min(std::max(exponent - 24, -149), 104);
  // A result beyond the greatest float may be infinite, whatever its size.
  if (std::isinf(got) && std::fabs(want) >= overflow)
    return std::signbit(got) == std::signbit(want) ? 0 : infinity;
  return std::fabs(value - want) / std::ldexp(1.0, exponent);
}

namespace {
/// A model of one output, and its worst error so far.
class Sweep {
public:
  Sweep(const Row &row, const char *path) : row(row) {
    input.struct_size = sizeof input;
    if (dlc_model_load(path, &model) || dlc_model_get_input(model, 0, &input) ||
        dlc_session_create(model, nullptr, &session)) {
      std::fprintf(stderr, "accuracy-sweep: %s\n", dlc_last_error());
      std::exit(2);
    }
    capacity = input.size_bytes / sizeof(float);
    result.resize(capacity);
  }
  ~Sweep() {
    dlc_session_destroy(session);
    dlc_model_unload(model);
  }

  void add(float x, float y = 0) {
    xs.push_back(x);
    ys.push_back(y);
    if (xs.size() == capacity)
      flush();
  }

  void report() {
    while (!xs.empty())
      add(1.0f, 1.0f);
    std::printf("%s %.4g at %.9g", row.name, worst, worstX);
    if (row.isBinary)
      std::printf(", %.9g", worstY);
    std::printf(": got %.9g\n", worstResult);
  }

private:
  DLTensor wrap(std::vector<float> &values) {
    DLTensor tensor = {};
    tensor.data = values.data();
    tensor.device.device_type = kDLCPU;
    tensor.ndim = input.ndim;
    tensor.dtype = input.dtype;
    tensor.shape = const_cast<int64_t *>(input.shape);
    return tensor;
  }

  void flush() {
    DLTensor inputs[] = {wrap(xs), wrap(ys)}, output = wrap(result);
    if (dlc_session_run_tensors(session, inputs, row.isBinary ? 2 : 1, &output,
                                1, nullptr)) {
      std::fprintf(stderr, "accuracy-sweep: %s\n", dlc_last_error());
      std::exit(2);
    }
    for (size_t i = 0; i < capacity; ++i) {
      double error = getError(result[i], row.function(xs[i], ys[i]));
      if (error > worst) {
        worst = error;
        worstX = xs[i];
        worstY = ys[i];
        worstResult = result[i];
      }
    }
    xs.clear();
    ys.clear();
  }

  const Row &row;
  const dlc_model *model = nullptr;
  dlc_session *session = nullptr;
  dlc_tensor_info input = {};
  size_t capacity = 0;
  std::vector<float> xs, ys, result;
  double worst = 0;
  float worstX = 0, worstY = 0, worstResult = 0;
};
} // namespace

static void sweepUnary(Sweep &sweep, uint64_t stride) {
  for (float special : specials)
    for (int distance = -64; distance <= 64; ++distance)
      for (uint32_t sign : {0u, 0x80000000u})
        sweep.add(fromBits((toBits(special) + distance) ^ sign));
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride)
    sweep.add(fromBits(uint32_t(bits)));
}

static void sweepBinary(Sweep &sweep, uint64_t stride) {
  std::vector<float> values;
  for (float special : specials)
    for (int distance = -1; distance <= 1; ++distance)
      for (uint32_t sign : {0u, 0x80000000u})
        values.push_back(fromBits((toBits(special) + distance) ^ sign));
  for (float x : values)
    for (float y : values)
      sweep.add(x, y);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponents(-160, 140);
  for (uint64_t count = (uint64_t(1) << 32) / stride; count; count -= 4) {
    if (count < 4)
      break;
    sweep.add(fromBits(random()), fromBits(random()));
    // A y for which the result is of a size that floats have.
    float x = std::fabs(fromBits(random()));
    sweep.add(x, float(exponents(random) / std::log2(x)));
    float nearOne = 1 + std::ldexp(float(random()), -36);
    sweep.add(nearOne, float(exponents(random) / std::log2(nearOne)));
    sweep.add(-std::fabs(std::ldexp(float(random()), -28)),
              float(int(random() % 64) - 32));
  }
}

int main(int argc, char **argv) {
  const Row *row = nullptr;
  for (const Row &candidate : rows)
    if (argc > 2 && std::string(argv[2]) == candidate.name)
      row = &candidate;
  if (!row) {
    std::fprintf(stderr, "usage: accuracy-sweep MODEL.so FUNCTION [STRIDE]\n");
    return 2;
  }
  uint64_t stride = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 509;
  Sweep sweep(*row, argv[1]);
  if (row->isBinary)
    sweepBinary(sweep, stride);
  else
    sweepUnary(sweep, stride);
  sweep.report();
  return 0;
}
