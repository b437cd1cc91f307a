// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/CheckImport.h"

#include "compiler/import/Importer.h"
#include "dialects/graph/GraphOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <cstdlib>
#include <optional>

/// MLIR's libraries are not instrumented: what is allocated in one place and
/// freed in the other has no valid annotations.
extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
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

void dlc::fuzz::checkImport(const NamedBytes &model, const NamedBytes *params,
                            ImportOptions options) {
  options.memoryLimit = int64_t(256) << 20;
  DiagnosticList diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel(getContext(), model, params, options, diagnostics);
  if (bool(module) != diagnostics.empty() || diagnostics.hasInternalError())
    std::abort();
  if (module && mlir::failed(mlir::verify(*module)))
    std::abort();
}
