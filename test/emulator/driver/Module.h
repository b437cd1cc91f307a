// SPDX-License-Identifier: Apache-2.0
// Modules, libraries and their kernels.
#ifndef EMULATOR_DRIVER_MODULE_H
#define EMULATOR_DRIVER_MODULE_H

#include "driver/Context.h"
#include "driver/Image.h"
#include "exec/Program.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace emulator::driver {

/// A kernel of a module that is loaded in a context.
class Function {
public:
  Function(const std::shared_ptr<Module> &module, const Kernel &kernel)
      : module(module), kernel(kernel) {}

  /// A CU_FUNC_ATTRIBUTE; false if there is none of this number.
  bool attribute(CUfunction_attribute attribute, int &value) const;
  CUresult setAttribute(CUfunction_attribute attribute, int value);

  /// Threads that a block can have at most: by its registers and .maxntid.
  int maxThreads() const;
  /// Blocks that a cluster can have on a chip: 1 where there are none.
  uint64_t mostClusterBlocks(int sm) const {
    constexpr uint64_t mostPortable = 8, most = 16;
    return sm < 90 ? 1 : nonPortableCluster ? most : mostPortable;
  }

  const std::weak_ptr<Module> module;
  const Kernel &kernel;
  std::atomic<int> maxDynamicShared{sharedPerBlock}; ///< less the static bytes
  std::atomic<int> carveout{-1};
  std::atomic<int> nonPortableCluster{0};
};

/// PTX that is loaded in a context.
class Module : public std::enable_shared_from_this<Module> {
public:
  Module(Context &context, std::unique_ptr<Program> program, int targetSm);

  /// Gives its functions handles, and the driver its variables.
  void registerAll();
  /// Takes back all handles. The code lives as long as something runs it.
  void unload();

  /// The function of a name, or null.
  std::shared_ptr<Function> function(std::string_view name) const;

  Context &context;
  const std::unique_ptr<Program> program;
  const int targetSm;         ///< 80 for .target sm_80
  Library *library = nullptr; ///< if it is a library's instance
  std::vector<std::shared_ptr<Function>> functions;
};

/// The logs that a loader's caller asks for.
class JitOptions {
public:
  JitOptions() = default;
  /// The driver writes into `values` how much of each log it used.
  JitOptions(unsigned count, CUjit_option *options, void **values);

  /// Writes what is wrong with the text, and at which of its lines (0: none).
  void fail(unsigned line, const std::string &message) const;
  /// Says that there is nothing to say.
  void succeed() const;

private:
  struct Log {
    char *text = nullptr;
    size_t bytes = 0;
    void **used = nullptr;
    void write(const std::string &contents) const;
  };
  Log errors, information;
};

/// The contents of a file, zero-terminated.
CUresult readFile(const char *path, std::string &contents);

/// Loads PTX text in a context; a message on stderr, and in the error log, if
/// it can't be.
CUresult loadModule(Context &context, const std::string &text,
                    const JitOptions &options, std::shared_ptr<Module> &module);

/// A kernel of a library: one for all contexts.
class LibraryKernel {
public:
  LibraryKernel(Library &library, std::string name)
      : library(library), name(std::move(name)) {}
  Library &library;
  const std::string name;
};

/// PTX that belongs to no context and is loaded in each that asks.
class Library {
public:
  explicit Library(std::string text) : text(std::move(text)) {}

  /// The instance in a context, loaded if need be.
  CUresult instance(Context &context, std::shared_ptr<Module> &module);
  void forget(Context &context);
  void unload();

  /// The handle for a kernel of this name: always the same one.
  std::shared_ptr<LibraryKernel> kernel(const std::string &name);

  const std::string text;

private:
  std::mutex mutex;
  std::map<Context *, std::shared_ptr<Module>> instances;
  std::map<std::string, std::shared_ptr<LibraryKernel>> kernels;
};

/// The function that a CUfunction, or a CUkernel cast to one, stands for in a
/// context.
CUresult findFunction(Context &context, CUfunction handle,
                      std::shared_ptr<Function> &function);

/// Frees memory that the driver gave out: removes it from the table too.
void release(Driver &driver, const Allocation &allocation);

} // namespace emulator::driver

#endif
