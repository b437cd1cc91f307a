// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model: a line with the shapes of inputs, as --input has them,
// a symbol, and behind a NUL its parameters. "operations=5" before the first
// input limits the operations. The importer refuses it with a diagnostic that
// isn't its own fault, or makes a module that verifies.
#include "compiler/import/Importer.h"
#include "dialects/graph/GraphOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

#include <charconv>
#include <cstdlib>
#include <optional>

/// "x=2x3 y=4": what can't be read is left out.
static std::vector<dlc::InputOption> parseInputs(llvm::StringRef line) {
  std::vector<dlc::InputOption> inputs;
  for (llvm::StringRef item : llvm::split(line, ' ')) {
    auto [name, shape] = item.split('=');
    dlc::InputOption input{name.str(), {}, std::nullopt};
    for (llvm::StringRef extent : llvm::split(shape, 'x'))
      if (int64_t size; !extent.getAsInteger(10, size) && size > 0)
        input.shape.push_back({size, ""});
    if (!name.empty() && inputs.size() < 64)
      inputs.push_back(std::move(input));
  }
  return inputs;
}

/// A context that is made anew now and then: it keeps every type and attribute.
static mlir::MLIRContext &getContext() {
  static std::optional<mlir::MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % 500 == 0) {
    context.emplace(mlir::MLIRContext::Threading::DISABLED);
    context->loadDialect<dlc::graph::GraphDialect, mlir::func::FuncDialect>();
  }
  return *context;
}

/// MLIR's libraries are not instrumented: what is allocated in one place and
/// freed in the other has no valid annotations.
extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto [line, rest] = text.split('\n');
  auto [symbol, bytes] = rest.split('\0');
  dlc::ImportOptions options;
  options.inputs = parseInputs(line);
  // Each operation may be the one that can't be built.
  if (!options.inputs.empty() && options.inputs.front().name == "operations" &&
      !options.inputs.front().shape.empty()) {
    options.maxOperations = options.inputs.front().shape.front().size;
    options.inputs.erase(options.inputs.begin());
  }
  options.memoryLimit = int64_t(256) << 20;
  dlc::NamedBytes model{"fuzz.json", symbol, nullptr};
  dlc::NamedBytes params{"fuzz.params", bytes, nullptr};
  dlc::DiagnosticList diagnostics;
  mlir::MLIRContext &context = getContext();
  mlir::OwningOpRef<mlir::ModuleOp> module = dlc::importModel(
      context, model, bytes.empty() ? nullptr : &params, options, diagnostics);
  if (bool(module) != diagnostics.empty() || diagnostics.hasInternalError())
    std::abort();
  if (module && mlir::failed(mlir::verify(*module)))
    std::abort();
  return 0;
}
