// SPDX-License-Identifier: Apache-2.0
// The entry points of the library: reads the model and runs the pipeline.
#include "compiler/Compile.h"

#include "compiler/ArtifactWriter.h"
#include "compiler/AssemblyText.h"
#include "compiler/Pipeline.h"
#include "compiler/Registration.h"
#include "compiler/StageCheck.h"
#include "compiler/StageText.h"
#include "compiler/dynamic/DynamicModel.h"
#include "compiler/import/Importer.h"
#include "compiler/tune/Tuner.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;

namespace dlc {

/// Models of other frameworks are JSON; everything else is a stage's text.
static bool isStageText(const NamedBytes &model) {
  size_t first = model.bytes.find_first_not_of(" \t\r\n");
  bool startsJson = first == model.bytes.npos || model.bytes[first] == '{' ||
                    model.bytes[first] == '[';
  return !startsJson && !StringRef(model.name).ends_with(".json");
}

/// Reads the model into a module of whichever stage it is.
static OwningOpRef<ModuleOp> readModel(MLIRContext &context,
                                       const CompileOptions &options,
                                       DiagnosticList &diagnostics) {
  const NamedBytes *params = options.getParams();
  if (!isStageText(options.model))
    return importModel(context, options.model, params, options.import,
                       diagnostics);
  std::shared_ptr<WeightStore> weights;
  if (params && !(weights = readWeights(*params, diagnostics)))
    return nullptr;
  return parseStage(context, options.model.bytes, options.model.name,
                    std::move(weights), diagnostics);
}

/// Goes on from the text of the assembly stage, which is no MLIR.
static void compileAssembly(const CompileOptions &options,
                            CompileResult &result) {
  if (options.emit < Stage::Obj || options.embedTest) {
    result.diagnostics.add(DiagnosticCode::UnsupportedOption,
                           {options.model.name, "", "", -1},
                           "assembly can only become an object or a shared "
                           "object; a self-test is embedded before");
    return;
  }
  if (!checkNoTargets(options, result.diagnostics))
    return;
  std::shared_ptr<WeightStore> weights;
  if (!options.params ||
      (weights = readWeights(*options.params, result.diagnostics)))
    linkAssembly(weights.get(), options, result);
}

/// Takes the dynamic dimensions of \p options, which then have sizes in the
/// place of those that have one only.
static std::vector<dynamic::Dim> takeDims(CompileOptions &options,
                                          DiagnosticList &diagnostics) {
  if (isStageText(options.model) || !dynamic::hasDims(options.import))
    return {};
  return dynamic::takeDims(options.import, options.model.name, diagnostics);
}

/// Finds out how the model depends on \p dims and on what it counts; null, with
/// a diagnostic in \p result, where that fails.
static std::unique_ptr<dynamic::DynamicModel>
analyze(const CompileOptions &options, std::vector<dynamic::Dim> dims,
        CompileResult &result) {
  if (!wantsTuning(options))
    return dynamic::DynamicModel::analyze(options, std::move(dims),
                                          result.diagnostics);
  result.diagnostics.add(
      DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
      "schedules of kernels with dynamic dimensions can't be tuned yet: "
      "leave out --tune and --tune-cache, or give sizes");
  return nullptr;
}

CompileResult compile(const CompileOptions &given) {
  CompileResult result;
  CompileOptions options = given;
  std::vector<dynamic::Dim> dims = takeDims(options, result.diagnostics);
  if (!result.diagnostics.empty())
    return result;
  // Every pass sees static shapes.
  std::unique_ptr<dynamic::DynamicModel> sizes;
  if (!dims.empty()) {
    sizes = analyze(options, std::move(dims), result);
    if (!sizes)
      return result;
    options = sizes->getTypicalOptions();
  }
  if (isAssembly(options.model.bytes)) {
    compileAssembly(options, result);
    return result;
  }
  DialectRegistry registry;
  registerAllDialects(registry);
  // Kernels are compiled on several threads of our own.
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module =
      readModel(context, options, result.diagnostics);
  if (!module)
    return result;
  if (!sizes && !dynamic::collectCounts(*module).empty()) {
    // Some shapes depend on values though none depends on a caller.
    if (isStageText(options.model)) {
      result.diagnostics.add(
          DiagnosticCode::MalformedStage, {options.model.name, "", "", -1},
          "has shapes that depend on values, and what follows from them is not "
          "in the text of this stage: compile the model, or go on from "
          "--emit=llvm");
      return result;
    }
    if (!(sizes = analyze(options, {}, result)))
      return result;
    options = sizes->getTypicalOptions();
    if (!(module = readModel(context, options, result.diagnostics)))
      return result;
  }
  // Stages carry the name along.
  if (!options.name.empty())
    (*module)->setAttr("graph.model_name",
                       StringAttr::get(&context, options.name));
  // An imported model has been checked: that a pass fails is our fault. Text
  // may have been edited to what verifies and still can't be lowered.
  DiagnosticCode failure = isStageText(options.model)
                               ? DiagnosticCode::MalformedStage
                               : DiagnosticCode::InternalError;
  runPipeline(*module, options, failure, sizes.get(), result);
  return result;
}

/// The problems of the model, whose shapes are static.
static DiagnosticList checkStatic(const CompileOptions &options) {
  DiagnosticList diagnostics;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  readModel(context, options, diagnostics);
  if (!options.import.inputs.empty())
    return diagnostics;
  // That shapes are still to be given is no problem of the model.
  DiagnosticList problems;
  for (const Diagnostic &diagnostic : diagnostics.get())
    if (diagnostic.code != DiagnosticCode::UnknownShape)
      problems.add(diagnostic.code, diagnostic.place, diagnostic.message);
  return problems;
}

DiagnosticList check(const CompileOptions &given) {
  DiagnosticList first;
  CompileOptions options = given;
  std::vector<dynamic::Dim> dims = takeDims(options, first);
  if (!first.empty() || dims.empty())
    return first.empty() ? checkStatic(options) : first;
  // The problems at sizes at which there are none, or else at the likeliest.
  ImportOptions import = options.import;
  for (const dynamic::Sizes &sizes : dynamic::getTypicalSizes(dims)) {
    options.import = dynamic::instantiate(import, dims, sizes);
    DiagnosticList problems = checkStatic(options);
    if (problems.empty())
      return problems;
    if (first.empty())
      first = std::move(problems);
  }
  return first;
}

} // namespace dlc
