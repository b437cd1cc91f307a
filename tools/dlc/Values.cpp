// SPDX-License-Identifier: Apache-2.0
// Reads, writes and compares numbers of all types.
#include "tools/dlc/Values.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace dlc;
using namespace dlc::tool;

namespace {
/// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;

  explicit BFloat16(double value) {
    float single = static_cast<float>(value);
    uint32_t word;
    std::memcpy(&word, &single, sizeof(word));
    // Round to nearest even; a NaN stays one.
    if (value == value)
      word += 0x7fff + ((word >> 16) & 1);
    bits = static_cast<uint16_t>(word >> 16);
  }

  explicit operator double() const {
    uint32_t word = uint32_t(bits) << 16;
    float single;
    std::memcpy(&single, &word, sizeof(single));
    return single;
  }
};
} // namespace

template <typename T>
static double loadAs(const char *element) {
  alignas(T) char bytes[sizeof(T)];
  std::memcpy(bytes, element, sizeof(T));
  return static_cast<double>(*reinterpret_cast<T *>(bytes));
}

template <typename T>
static void storeAs(char *element, double value) {
  T typed(value);
  std::memcpy(element, &typed, sizeof(T));
}

/// Calls \p function with a null pointer of the C++ type of \p dtype.
template <typename Function>
static void withType(npz::DType dtype, Function function) {
  switch (dtype.code << 8 | dtype.bits) {
  case npz::kInt << 8 | 8:
    return function(static_cast<int8_t *>(nullptr));
  case npz::kInt << 8 | 16:
    return function(static_cast<int16_t *>(nullptr));
  case npz::kInt << 8 | 32:
    return function(static_cast<int32_t *>(nullptr));
  case npz::kInt << 8 | 64:
    return function(static_cast<int64_t *>(nullptr));
  case npz::kBool << 8 | 8:
  case npz::kUInt << 8 | 8:
    return function(static_cast<uint8_t *>(nullptr));
  case npz::kUInt << 8 | 16:
    return function(static_cast<uint16_t *>(nullptr));
  case npz::kUInt << 8 | 32:
    return function(static_cast<uint32_t *>(nullptr));
  case npz::kUInt << 8 | 64:
    return function(static_cast<uint64_t *>(nullptr));
  case npz::kFloat << 8 | 16:
    return function(static_cast<_Float16 *>(nullptr));
  case npz::kBFloat << 8 | 16:
    return function(static_cast<BFloat16 *>(nullptr));
  case npz::kComplex << 8 | 64:
  case npz::kFloat << 8 | 32:
    return function(static_cast<float *>(nullptr));
  case npz::kComplex << 8 | 128:
  case npz::kFloat << 8 | 64:
    return function(static_cast<double *>(nullptr));
  default:
    return;
  }
}

static bool isInteger(npz::DType dtype) {
  return dtype.code == npz::kInt || dtype.code == npz::kUInt ||
         dtype.code == npz::kBool;
}

double dlc::tool::loadValue(npz::DType dtype, const char *element) {
  double value = 0;
  withType(dtype, [&](auto *type) {
    value = loadAs<std::remove_pointer_t<decltype(type)>>(element);
  });
  return value;
}

void dlc::tool::storeValue(npz::DType dtype, char *element, double value) {
  if (isInteger(dtype))
    value = std::nearbyint(value);
  std::memset(element, 0, dtype.bytes());
  withType(dtype, [&](auto *type) {
    storeAs<std::remove_pointer_t<decltype(type)>>(element, value);
  });
}

/// The distance of two values; values that are not finite must be the same.
static double distance(double got, double want) {
  if (got == want || (std::isnan(got) && std::isnan(want)))
    return 0;
  if (!std::isfinite(got) || !std::isfinite(want))
    return std::numeric_limits<double>::infinity();
  return std::fabs(got - want);
}

Comparison dlc::tool::compare(npz::DType dtype, const char *got,
                              const char *want, size_t count,
                              Tolerance tolerance) {
  Comparison result;
  size_t width = dtype.bytes();
  bool isEqual = !count || std::memcmp(got, want, count * width) == 0;
  // The parts of a complex number are compared as values of their own.
  if (dtype.code == npz::kComplex) {
    dtype = {npz::kFloat, static_cast<uint8_t>(dtype.bits / 2)};
    count *= 2;
    width /= 2;
  }
  for (size_t i = 0; i < count; ++i) {
    double wanted = loadValue(dtype, want + i * width);
    double error = distance(loadValue(dtype, got + i * width), wanted);
    if (error > result.maxError) {
      result.maxError = error;
      result.worst = i;
    }
    if (std::isfinite(wanted))
      result.maxWant = std::max(result.maxWant, std::fabs(wanted));
  }
  if (isInteger(dtype)) {
    result.passed = isEqual;
    return result;
  }
  result.limit = tolerance.absolute + tolerance.relative * result.maxWant;
  result.passed = result.maxError <= result.limit;
  return result;
}
