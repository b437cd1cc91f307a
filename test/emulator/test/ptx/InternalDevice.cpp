// SPDX-License-Identifier: Apache-2.0
#include "Device.h"

#include "exec/Launch.h"

#include <cstring>

namespace emulator::test {
namespace {

class InternalDevice : public Device {
public:
  explicit InternalDevice(unsigned sm)
      : memory(1ull << 30, 1ull << 33), version(sm) {}
  unsigned sm() const override { return version; }
  bool isEmulated() const override { return true; }

  Outcome run(const std::string &text, const std::string &name,
              const Shape &shape, const std::vector<uint8_t> &input,
              size_t outputBytes) override {
    Outcome outcome;
    ptx::Error error;
    auto program = Program::load(text, memory, version, error);
    if (!program) {
      outcome.error =
          "line " + std::to_string(error.line) + ": " + error.message;
      return outcome;
    }
    const Kernel *kernel = program->kernel(name);
    if (!kernel) {
      outcome.error = "no kernel '" + name + "'";
      return outcome;
    }
    uint64_t pointers[2] = {memory.allocate(std::max<size_t>(16, input.size())),
                            memory.allocate(std::max<size_t>(16, outputBytes))};
    std::memcpy(DeviceMemory::host(pointers[0]), input.data(), input.size());
    memory.markInitialised(pointers[0], input.size());
    memory.markInitialised(pointers[1], outputBytes);
    LaunchConfig config;
    config.grid = {shape.grid, 1, 1};
    config.block = {shape.block, 1, 1};
    config.dynamicShared = shape.dynamicShared;
    config.sm = version;
    Fault fault = launch(*program, *kernel, config, pointers);
    if (fault) {
      outcome.fault = kindName(fault.kind);
      outcome.faultLine = fault.line;
    }
    outcome.output.resize(outputBytes);
    std::memcpy(outcome.output.data(), DeviceMemory::host(pointers[1]),
                outputBytes);
    memory.free(pointers[0]);
    memory.free(pointers[1]);
    return outcome;
  }

private:
  DeviceMemory memory;
  unsigned version;
};

} // namespace

std::unique_ptr<Device> makeInternalDevice(unsigned sm) {
  return std::make_unique<InternalDevice>(sm);
}

} // namespace emulator::test
