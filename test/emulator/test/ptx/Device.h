// SPDX-License-Identifier: Apache-2.0
// What the tests run PTX on: the interpreter itself, or any libcuda.so.1 (the
// emulated driver or a real one).
#ifndef EMULATOR_TEST_PTX_DEVICE_H
#define EMULATOR_TEST_PTX_DEVICE_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator::test {

struct Shape {
  unsigned grid = 1, block = 32, dynamicShared = 0;
};

/// How a run ended. `isEmulated`: faults are found and named.
struct Outcome {
  std::string error;      ///< of loading; then nothing ran
  std::string fault;      ///< its kind, "" if the kernel ended well
  unsigned faultLine = 0; ///< of the PTX, where known
  std::vector<uint8_t> output;
};

class Device {
public:
  virtual ~Device() = default;
  virtual unsigned sm() const = 0;
  virtual bool isEmulated() const = 0;
  /// Loads the text and runs kernel(input, output), both pointers, over a fresh
  /// copy of the input and `outputBytes` zeros.
  virtual Outcome run(const std::string &text, const std::string &kernel,
                      const Shape &shape, const std::vector<uint8_t> &input,
                      size_t outputBytes) = 0;
};

/// The interpreter in this process.
std::unique_ptr<Device> makeInternalDevice(unsigned sm);
/// The first device of the driver found as libcuda.so.1; null and `error` if
/// there is none.
std::unique_ptr<Device> makeDriverDevice(std::string &error);

} // namespace emulator::test

#endif
