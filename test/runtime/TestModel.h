// SPDX-License-Identifier: Apache-2.0
// The hand-written model of TestModel.c, with tensors to run it on.
#ifndef DLC_TEST_RUNTIME_TESTMODEL_H
#define DLC_TEST_RUNTIME_TESTMODEL_H

#include "dlc/abi.h"
#include "dlc/model.h"

#include <cstdint>
#include <vector>

extern "C" const dlc_abi_model dlc_abi_model_v1;

namespace dlc::test {

inline const dlc_model *testModel() { return &dlc_abi_model_v1; }

/// Inputs and outputs of the test model, and the values it should give.
class TestTensors {
public:
  static constexpr int64_t kRows = 96, kColumns = 32;
  static constexpr int64_t kElements = kRows * kColumns;

  /// \p seed makes each instance's values its own.
  explicit TestTensors(int seed = 1)
      : a(kElements), b(kElements), y(kElements, -1.0f) {
    for (int64_t i = 0; i < kElements; ++i) {
      a[i] = float((i + seed) % 11);
      b[i] = float((i * seed) % 7);
    }
    inputs[0] = tensor(a.data(), kDLFloat, shape, 2);
    inputs[1] = tensor(b.data(), kDLFloat, shape, 2);
    outputs[0] = tensor(y.data(), kDLFloat, shape, 2);
    outputs[1] = tensor(&sum, kDLInt, sumShape, 1);
  }
  TestTensors(const TestTensors &) = delete;
  TestTensors &operator=(const TestTensors &) = delete;

  dlc_status run(dlc_session *session) {
    return dlc_session_run_tensors(session, inputs, 2, outputs, 2, nullptr);
  }

  dlc_status bind(dlc_session *session) {
    for (uint32_t i = 0; i < 2; ++i) {
      if (dlc_status status = dlc_session_bind_input(session, i, &inputs[i]))
        return status;
      if (dlc_status status = dlc_session_bind_output(session, i, &outputs[i]))
        return status;
    }
    return DLC_OK;
  }

  /// Whether the outputs are what the model should compute.
  bool isCorrect() const {
    int32_t total = 0;
    for (int64_t i = 0; i < kElements; ++i) {
      float want = a[i] * float(i % 8) + b[i];
      if (y[i] != want)
        return false;
      total += int32_t(want);
    }
    return sum == total;
  }

  void clearOutputs() {
    y.assign(kElements, -1.0f);
    sum = -1;
  }

  std::vector<float> a, b, y;
  int32_t sum = -1;
  int64_t shape[2] = {kRows, kColumns}, sumShape[1] = {1};
  DLTensor inputs[2], outputs[2];

private:
  static DLTensor tensor(void *data, uint8_t code, int64_t *shape, int rank) {
    DLTensor result = {};
    result.data = data;
    result.device.device_type = kDLCPU;
    result.ndim = rank;
    result.dtype = {code, 32, 1};
    result.shape = shape;
    return result;
  }
};

/// Options with their size set.
inline dlc_session_options makeOptions() {
  dlc_session_options options = {};
  options.struct_size = sizeof options;
  return options;
}

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_TESTMODEL_H
