// SPDX-License-Identifier: Apache-2.0
// A PTX module loaded onto a device: its globals in the device's memory, its
// functions decoded for the interpreter.
#ifndef EMULATOR_EXEC_PROGRAM_H
#define EMULATOR_EXEC_PROGRAM_H

#include "exec/DeviceMemory.h"
#include "ptx/Module.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

struct Code;        // a decoded function (exec/Code.h)
class ConstantPool; // of its instructions (exec/Decoder.h)

struct Parameter {
  std::string name;
  uint32_t offset = 0, size = 0, align = 1;
};

/// A .entry of a loaded module.
struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  uint32_t maxThreads = 0;                 ///< of .maxntid/.reqntid; 0: none
  uint32_t requiredThreads[3] = {0, 0, 0}; ///< .reqntid; 0: none
  uint32_t minBlocks = 0;                  ///< .minnctapersm
  uint32_t clusterShape[3] = {0, 0, 0};    ///< .reqnctapercluster
  uint32_t staticShared = 0;               ///< bytes
  uint32_t localBytes = 0;                 ///< of one thread
  uint32_t registers = 0;                  ///< estimate for one thread
  const Code *code = nullptr;
};

class Program {
public:
  ~Program();
  /// Loads a module for compute capability `sm` (90): allocates and initialises
  /// its globals and decodes its functions. Null and `error` if the text is no
  /// PTX, needs a newer chip, uses an unknown instruction or name, or memory is
  /// exhausted (then error.message begins "out of memory").
  static std::unique_ptr<Program> load(std::string_view text,
                                       DeviceMemory &memory, unsigned sm,
                                       ptx::Error &error);

  const Kernel *kernel(std::string_view name) const;
  std::vector<const Kernel *> kernels() const;
  /// A .global or .const variable; size 0 if there is none of this name.
  Range global(std::string_view name) const;

  DeviceMemory &memory;

private:
  friend class Loader;
  explicit Program(DeviceMemory &memory);

  std::unique_ptr<ptx::Module> module;
  std::unique_ptr<ConstantPool> constants;
  std::vector<uint64_t> owned; ///< its allocations
  std::vector<std::unique_ptr<Code>> codes;
  std::map<std::string, Kernel, std::less<>> kernelNamed;
  std::map<std::string, Range, std::less<>> globalNamed;
};

} // namespace emulator

#endif
