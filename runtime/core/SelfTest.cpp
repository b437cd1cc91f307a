// SPDX-License-Identifier: Apache-2.0
// Runs the reference inputs inside a model and compares the outputs.
#include "runtime/core/Counts.h"
#include "runtime/core/Dims.h"
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
                                     uint64_t bytes, const char *got,
                                     const char *want) {
  double error = 0, largest = 0;
  uint64_t step = tensor.dtype_bits / 8;
  for (uint64_t i = 0; i < bytes; i += step) {
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
                               uint64_t bytes, const char *got) {
  const char *want = static_cast<const char *>(model.test_outputs[output].data);
  if (!want)
    return {0, 0, 0, 1};
  const dlc_abi_tensor &tensor = model.outputs[output];
  if (Load load = chooseLoad(tensor))
    return compareFloats(model, tensor, load, bytes, got, want);
  bool equal = memcmp(got, want, bytes) == 0;
  return {equal ? 0.0 : 1.0, 0, 1, equal};
}

//===----------------------------------------------------------------------===//
// The test
//===----------------------------------------------------------------------===//

namespace {
/// Memory for the outputs and for inputs without a value, one behind the other,
/// and the shapes of all tensors.
class TestMemory {
public:
  explicit TestMemory(const dlc_abi_model &model) : model(model) {}
  ~TestMemory() {
    free(base);
    free(shapes);
  }

  /// Finds out the shapes and allocates; fails with a message.
  dlc_status prepare();

  /// The tensor number \p index, outputs after inputs, with \p data, or, where
  /// that is null, with memory of its own.
  DLTensor makeTensor(uint32_t index, const void *data);

  uint64_t getBytes(uint32_t index) const;

  int64_t *getShape(uint32_t index) const;

  static uint64_t round(uint64_t bytes) { return (bytes + 63) & ~uint64_t(63); }

private:
  bool computeShapes();

  const dlc_abi_model &model;
  int64_t *shapes = nullptr;
  char *base = nullptr;
  uint64_t used = 0;
};
} // namespace

/// Behind the shapes are the dims' sizes and what follows from them.
bool TestMemory::computeShapes() {
  if (!isDynamic(model)) {
    getShapes(model, nullptr, shapes);
    return true;
  }
  int64_t *dims = getShape(model.num_inputs + model.num_outputs);
  for (uint32_t i = 0; i < model.num_dims; ++i)
    dims[i] = model.test_dims ? model.test_dims[i] : model.dims[i].typical;
  int64_t *values = dims + model.num_dims;
  if (!dlc_dims_part.computeSizes(model, dims, values))
    return false;
  getShapes(model, values, shapes);
  return true;
}

dlc_status TestMemory::prepare() {
  uint32_t numTensors = model.num_inputs + model.num_outputs;
  uint64_t numbers = countExtents(model.inputs, model.num_inputs) +
                     countExtents(model.outputs, model.num_outputs) + 1;
  if (isDynamic(model))
    numbers += uint64_t(model.num_dims) + model.num_sizes;
  void *memory;
  if (posix_memalign(&memory, 64, numbers * sizeof(int64_t)) == 0)
    shapes = static_cast<int64_t *>(memory);
  if (shapes && !computeShapes())
    return fail(DLC_ERROR_TENSOR, "the test's sizes cannot be computed");
  uint64_t bytes = 64;
  for (uint32_t i = 0; shapes && i < numTensors; ++i)
    bytes += round(getBytes(i));
  if (!shapes || posix_memalign(&memory, 64, bytes) != 0)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot allocate the test's tensors");
  base = static_cast<char *>(memory);
  memset(base, 0, bytes);
  return DLC_OK;
}

int64_t *TestMemory::getShape(uint32_t index) const {
  int64_t *shape = shapes;
  for (uint32_t i = 0; i < index; ++i)
    shape += getSlot(model, i).tensor.rank;
  return shape;
}

uint64_t TestMemory::getBytes(uint32_t index) const {
  const dlc_abi_tensor &tensor = getSlot(model, index).tensor;
  const int64_t *shape = getShape(index);
  uint64_t bytes = (tensor.dtype_bits + 7u) / 8;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    bytes *= uint64_t(shape[i]);
  return bytes;
}

DLTensor TestMemory::makeTensor(uint32_t index, const void *data) {
  const dlc_abi_tensor &tensor = getSlot(model, index).tensor;
  DLTensor result = {};
  result.data = const_cast<void *>(data);
  if (!data) {
    result.data = base + used;
    used += round(getBytes(index));
  }
  result.device.device_type = kDLCPU;
  result.ndim = int32_t(tensor.rank);
  result.dtype.code = tensor.dtype_code;
  result.dtype.bits = tensor.dtype_bits;
  result.dtype.lanes = tensor.dtype_lanes;
  result.shape = getShape(index);
  return result;
}

static dlc_status runTest(dlc_session *session, const dlc_abi_model &model,
                          TestMemory &memory, dlc_test_result *results,
                          uint32_t numResults) {
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    DLTensor tensor = memory.makeTensor(
        i, model.test_inputs ? model.test_inputs[i].data : nullptr);
    if (dlc_status status = dlc_session_bind_input(session, i, &tensor))
      return status;
  }
  const char *got = nullptr;
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    DLTensor tensor = memory.makeTensor(model.num_inputs + i, nullptr);
    got = i == 0 ? static_cast<const char *>(tensor.data) : got;
    if (isCounted(model, i))
      continue;
    if (dlc_status status = dlc_session_bind_output(session, i, &tensor))
      return status;
  }
  if (dlc_status status = dlc_session_run(session, nullptr))
    return status;

  dlc_status status = DLC_OK;
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    uint64_t bytes = memory.getBytes(model.num_inputs + i);
    const char *data = got;
    if (isCounted(model, i))
      if (dlc_status shape = dlc_counts_part.checkShape(
              session, i, memory.getShape(model.num_inputs + i), data))
        return shape;
    dlc_test_result result = compare(model, i, bytes, data);
    got += TestMemory::round(bytes);
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
  TestMemory memory(*model);
  if (dlc_status status = memory.prepare())
    return status;
  dlc_session *session;
  if (dlc_status status = dlc_session_create(model, options, &session))
    return status;
  dlc_status status = runTest(session, *model, memory, results, numResults);
  dlc_session_destroy(session);
  return status;
}
