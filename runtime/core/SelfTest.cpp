// SPDX-License-Identifier: Apache-2.0
// Runs the reference inputs inside a model and compares the outputs.
#include "runtime/core/Model.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T>
static double loadAs(const char *data) {
  T value;
  memcpy(&value, data, sizeof value);
  return double(value);
}

static double loadBfloat16(const char *data) {
  uint16_t half;
  memcpy(&half, data, sizeof half);
  uint32_t bits = uint32_t(half) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double loadFloat16(const char *data) {
  uint16_t half;
  memcpy(&half, data, sizeof half);
  uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 0x1f)
    return fraction ? __builtin_nan("") : sign * __builtin_inf();
  if (exponent == 0)
    return sign * fraction * 0x1p-24;
  // The fraction and exponent of the double with the same value.
  uint64_t bits = uint64_t(exponent + 1008) << 52 | uint64_t(fraction) << 42;
  double value;
  memcpy(&value, &bits, sizeof value);
  return sign * value;
}

using Load = double (*)(const char *data);

/// How to read elements of the type of \p tensor; null for an unknown type, or
/// for one that is compared exactly.
static Load chooseLoad(const dlc_abi_tensor &tensor) {
  if (tensor.dtype_code == kDLBfloat)
    return tensor.dtype_bits == 16 ? loadBfloat16 : nullptr;
  if (tensor.dtype_code != kDLFloat)
    return nullptr;
  switch (tensor.dtype_bits) {
  case 16:
    return loadFloat16;
  case 32:
    return loadAs<float>;
  case 64:
    return loadAs<double>;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

static double absolute(double value) { return value < 0 ? -value : value; }

/// Compares floating-point values: max |got - want| <= atol + rtol max |want|,
/// where equal infinities and two NaNs count as equal.
static dlc_test_result compareFloats(const dlc_abi_model &model,
                                     const dlc_abi_tensor &tensor, Load load,
                                     const char *got, const char *want) {
  double error = 0, largest = 0;
  uint64_t step = tensor.dtype_bits / 8;
  for (uint64_t i = 0; i < tensor.size_bytes; i += step) {
    double a = load(got + i), b = load(want + i);
    if (absolute(b) > largest && absolute(b) != __builtin_inf())
      largest = absolute(b);
    if (a == b || (a != a && b != b))
      continue;
    double difference = absolute(a - b);
    if (difference != difference)
      difference = __builtin_inf();
    if (difference > error)
      error = difference;
  }
  double limit = model.test_atol + model.test_rtol * largest;
  return {error, limit, 1, error <= limit};
}

static dlc_test_result compare(const dlc_abi_model &model, uint32_t output,
                               const char *got) {
  const char *want = static_cast<const char *>(model.test_outputs[output].data);
  if (!want)
    return {0, 0, 0, 1};
  const dlc_abi_tensor &tensor = model.outputs[output];
  if (Load load = chooseLoad(tensor))
    return compareFloats(model, tensor, load, got, want);
  bool equal = memcmp(got, want, tensor.size_bytes) == 0;
  return {equal ? 0.0 : 1.0, 0, 1, equal};
}

//===----------------------------------------------------------------------===//
// The test
//===----------------------------------------------------------------------===//

namespace {
/// Memory for the outputs and for inputs without a value, one behind the other.
struct TestMemory {
  char *base = nullptr;
  uint64_t used = 0;

  ~TestMemory() { free(base); }

  static uint64_t round(uint64_t bytes) { return (bytes + 63) & ~uint64_t(63); }

  bool allocate(const dlc_abi_model &model) {
    uint64_t bytes = 64;
    for (uint32_t i = 0; i < model.num_inputs; ++i)
      bytes += round(model.inputs[i].size_bytes);
    for (uint32_t i = 0; i < model.num_outputs; ++i)
      bytes += round(model.outputs[i].size_bytes);
    void *memory;
    if (posix_memalign(&memory, 64, bytes) != 0)
      return false;
    base = static_cast<char *>(memory);
    memset(base, 0, bytes);
    return true;
  }

  char *take(uint64_t bytes) {
    char *memory = base + used;
    used += round(bytes);
    return memory;
  }
};
} // namespace

static DLTensor makeTensor(const dlc_abi_tensor &tensor, void *data) {
  DLTensor result = {};
  result.data = data;
  result.device.device_type = kDLCPU;
  result.ndim = int32_t(tensor.rank);
  result.dtype.code = tensor.dtype_code;
  result.dtype.bits = tensor.dtype_bits;
  result.dtype.lanes = tensor.dtype_lanes;
  result.shape = const_cast<int64_t *>(tensor.shape);
  return result;
}

static dlc_status runTest(dlc_session *session, const dlc_abi_model &model,
                          TestMemory &memory, dlc_test_result *results,
                          uint32_t numResults) {
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    const void *value = model.test_inputs ? model.test_inputs[i].data : nullptr;
    void *data = value ? const_cast<void *>(value)
                       : memory.take(model.inputs[i].size_bytes);
    DLTensor tensor = makeTensor(model.inputs[i], data);
    if (dlc_status status = dlc_session_bind_input(session, i, &tensor))
      return status;
  }
  const char *firstOutput = memory.take(0);
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    uint64_t bytes = model.outputs[i].size_bytes;
    DLTensor tensor = makeTensor(model.outputs[i], memory.take(bytes));
    if (dlc_status status = dlc_session_bind_output(session, i, &tensor))
      return status;
  }
  if (dlc_status status = dlc_session_run(session, nullptr))
    return status;

  dlc_status status = DLC_OK;
  const char *got = firstOutput;
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    dlc_test_result result = compare(model, i, got);
    got += TestMemory::round(model.outputs[i].size_bytes);
    if (i < numResults)
      results[i] = result;
    if (!result.passed && status == DLC_OK)
      status =
          fail(DLC_ERROR_TEST_FAILED, "output '%s' is off by %g, more than %g",
               model.outputs[i].name, result.max_error, result.limit);
  }
  return status;
}

dlc_status dlc_model_self_test(const dlc_model *model,
                               const dlc_session_options *options,
                               dlc_test_result *results, uint32_t numResults) {
  if (dlc_status status = checkModel(model))
    return status;
  if (!results)
    numResults = 0;
  if (!model->test_outputs)
    return fail(DLC_ERROR_NOT_FOUND,
                "model '%s' has no self-test; compile it with --embed-test",
                model->name);
  TestMemory memory;
  if (!memory.allocate(*model))
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot allocate the test's tensors");
  dlc_session *session;
  if (dlc_status status = dlc_session_create(model, options, &session))
    return status;
  dlc_status status = runTest(session, *model, memory, results, numResults);
  dlc_session_destroy(session);
  return status;
}
