// SPDX-License-Identifier: Apache-2.0
// Every pass in order, by phase.
#include "compiler/Pipeline.h"

#include "codegen/cpu/Passes.h"
#include "codegen/nvptx/Passes.h"
#include "compiler/Backend.h"
#include "compiler/GpuBackend.h"
#include "compiler/PlanCheck.h"
#include "compiler/Report.h"
#include "compiler/StageCheck.h"
#include "compiler/StageSink.h"
#include "compiler/StageText.h"
#include "compiler/dynamic/DynamicModel.h"
#include "compiler/dynamic/Specialize.h"
#include "compiler/import/Importer.h"
#include "compiler/tune/Tuner.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/graph/GraphOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/gpu/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/kernel/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/plan/Passes.h"
#include "passes/plan/WeightsPlacement.h"

using namespace mlir;

namespace dlc {

//===----------------------------------------------------------------------===//
// The passes
//===----------------------------------------------------------------------===//

void addGraphPasses(OpPassManager &passes, const CompileOptions &options) {
  bool optimizes = options.optimizationLevel > 0;
  // Before anything makes constants of parameters, so that they are converted
  // here. At any level: there are no kernels for less.
  passes.addNestedPass<func::FuncOp>(graph::createGraphWidenFloats());
  // At any level: there is no kernel for a whole recurrent layer. What is done
  // to its weights are constants for the next pass.
  passes.addPass(graph::createGraphSplitRnn());
  // Constants first: parameters that are computed are known after it.
  passes.addPass(graph::createGraphFoldConstants());
  // No batch norm remains, at any level: there is no kernel for it.
  passes.addPass(graph::createGraphFoldBatchNorm());
  if (optimizes) {
    passes.addPass(createCanonicalizerPass());
    passes.addPass(graph::createGraphSimplify());
    // When all that goes into filters is there.
    passes.addNestedPass<func::FuncOp>(graph::createGraphSplitDeconv());
    // What simplification left of constants.
    passes.addPass(graph::createGraphFoldConstants());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    // When nothing but attention is left between the products.
    graph::GraphFuseAttentionOptions attention;
    attention.forGpus = hasTarget(options, "cuda");
    passes.addNestedPass<func::FuncOp>(
        graph::createGraphFuseAttention(attention));
    // Once arithmetic between convolutions is in their weights.
    passes.addNestedPass<func::FuncOp>(graph::createGraphPropagateStrides());
  }
  // Before layouts: whole tiles read a wider halo.
  graph::GraphChooseWinogradOptions winograd;
  // Its tasks are cut for the caches of a CPU's core; tensor cores are better
  // off with plain products.
  winograd.enable =
      optimizes && options.winograd && !hasTarget(options, "cuda");
  passes.addNestedPass<func::FuncOp>(
      graph::createGraphChooseWinograd(winograd));
  // Layouts before groups: a layout conversion joins the kernel beside it.
  // Without optimisation too, for padded convolutions read a halo.
  passes.addNestedPass<func::FuncOp>(graph::createGraphAssignLayouts());
  // Merges what conversions of one tensor have in common; canonicalisation
  // must not come after it, for groups rely on operators as they are here.
  if (optimizes)
    passes.addPass(createCSEPass());
  graph::GraphFormGroupsOptions groups;
  groups.fuse = optimizes;
  passes.addNestedPass<func::FuncOp>(graph::createGraphFormGroups(groups));
}

void addLoweringPasses(OpPassManager &passes, const CompileOptions &options) {
  lower::LowerToKernelsOptions kernels;
  kernels.hasCpus = hasTarget(options, "cpu");
  passes.addPass(lower::createLowerToKernels(kernels));
}

void addSchedulePasses(OpPassManager &passes) {
  // The order of launches decides what is alive at once, so it comes first.
  passes.addNestedPass<func::FuncOp>(plan::createPlanSchedule());
}

void addBufferPasses(OpPassManager &passes) {
  passes.addPass(plan::createPlanBufferize());
  // Buffers that share memory are one to the arena.
  passes.addNestedPass<device::ProgramOp>(plan::createPlanInplace());
  passes.addNestedPass<device::ProgramOp>(plan::createPlanWeights());
}

void addArenaPasses(OpPassManager &passes) {
  // When it is known which buffers are one, and before some share memory: that
  // orders launches.
  passes.addNestedPass<device::ProgramOp>(plan::createPlanQueues());
  passes.addNestedPass<device::ProgramOp>(plan::createPlanArena());
  passes.addNestedPass<device::ProgramOp>(plan::createPlanVerify());
}

void addPlanPasses(OpPassManager &passes) {
  addSchedulePasses(passes);
  addBufferPasses(passes);
  addArenaPasses(passes);
}

void addVectorPasses(OpPassManager &passes) {
  passes.addPass(kernel::createKernelToVector());
}

void addKernelPasses(OpPassManager &passes) {
  passes.addPass(kernel::createKernelExpandMath());
  // After everything that may round to bf16.
  passes.addPass(kernel::createKernelLowerBFloat16());
  // Constants and addresses repeat in every tile: LLVM is faster with fewer.
  passes.addPass(createCSEPass());
  // The last point at which vectors and loops are there to be counted.
  passes.addPass(kernel::createKernelEstimateWork());
  passes.addPass(cpu::createCpuToLLVM());
}

void addGridPasses(OpPassManager &passes, const CompileOptions &options) {
  kernel::KernelToGpuOptions lowering;
  lowering.precision = options.precision;
  passes.addPass(kernel::createKernelToGpu(lowering));
}

void addGpuPasses(OpPassManager &passes) {
  // libdevice has the functions of floats.
  kernel::KernelExpandMathOptions functions;
  functions.integersOnly = true;
  passes.addPass(kernel::createKernelExpandMath(functions));
  // Addresses repeat for every element of a tile.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(nvptx::createGpuToNVVM());
}

//===----------------------------------------------------------------------===//
// The stages
//===----------------------------------------------------------------------===//

/// Notes how many bytes the model's parameters have, before any of them is
/// folded away.
static void noteParameters(ModuleOp module) {
  if (module->hasAttr("graph.params_bytes"))
    return;
  int64_t bytes = 0;
  module.walk([&](graph::ConstantOp op) {
    auto type = cast<ShapedType>(op.getType());
    if (op.getName())
      bytes +=
          type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  });
  module->setAttr("graph.params_bytes",
                  Builder(module).getI64IntegerAttr(bytes));
}

/// Hands the text of \p module and its weights to \p sink.
static void emitText(ModuleOp module, const StageSink &sink) {
  if (sink.onText && !sink.onText(printStage(module)))
    return;
  if (sink.onWeights)
    writeSafetensors(collectWeights(module), sink.onWeights);
}

namespace {
/// One run of the pipeline.
class PipelineRun {
public:
  PipelineRun(ModuleOp module, const CompileOptions &options,
              const dynamic::DynamicModel *sizes, CompileResult &result)
      : module(module), options(options), sizes(sizes), result(result) {
    if (options.wantsReport) {
      log = std::make_shared<RemarkLog>();
      collectRemarks(*module.getContext(), log);
    }
  }

  void run();
  /// Lowers the module, of the graph stage, to the LLVM stage without looking
  /// at the stages between; the kernels' names begin with \p prefix, and the
  /// weights join those of \p image.
  bool lowerBeside(plan::WeightsPlacement &image, StringRef prefix);

private:
  /// Enters \p stage; returns false where the compilation was cancelled.
  bool enter(Stage stage);
  /// Turns the module, of the stage before, into one of \p stage.
  bool lowerTo(Stage stage);
  /// Ends \p stage with its checks; its text goes to whoever wants it. Returns
  /// true to go on.
  bool leave(Stage stage);
  bool runPasses(llvm::function_ref<void(OpPassManager &)> addPasses);
  bool plan();
  /// Lowers the model for single sizes, too.
  bool lowerSpecial(SmallVectorImpl<OwningOpRef<ModuleOp>> &special);

  ModuleOp module;
  const CompileOptions &options;
  const dynamic::DynamicModel *sizes; ///< null where all is static
  CompileResult &result;
  std::shared_ptr<RemarkLog> log; ///< null where no report is wanted
};
} // namespace

bool PipelineRun::enter(Stage stage) {
  if (options.onProgress)
    options.onProgress(getStageName(stage));
  if (!options.isCancelled || !options.isCancelled())
    return true;
  result.diagnostics.add(DiagnosticCode::Cancelled,
                         {options.model.name, "", "", -1}, "cancelled");
  return false;
}

bool PipelineRun::runPasses(
    llvm::function_ref<void(OpPassManager &)> addPasses) {
  PassManager passes(module.getContext());
  addPasses(passes);
  return succeeded(passes.run(module));
}

bool PipelineRun::plan() {
  if (!runPasses([](OpPassManager &passes) {
        addSchedulePasses(passes);
        addBufferPasses(passes);
      }))
    return false;
  if (sizes)
    for (auto program : module.getOps<device::ProgramOp>())
      if (failed(sizes->generalize(program)))
        return false;
  // With the facts of a GPU several queues are worth thinking of.
  auto gpus = getGpus(module.getContext(), options, result.diagnostics);
  if (!gpus)
    return false;
  if (!gpus->empty() && options.optimizationLevel > 0)
    module->setAttr("device.gpu", gpus->front());
  bool isPlanned = runPasses(addArenaPasses);
  module->removeAttr("device.gpu");
  return isPlanned;
}

bool PipelineRun::lowerTo(Stage stage) {
  switch (stage) {
  case Stage::Kernels:
    if (sizes)
      sizes->prepare(module);
    if (!runPasses([&](OpPassManager &passes) {
          addGraphPasses(passes, options);
          addLoweringPasses(passes, options);
        }))
      return false;
    // Sizes of products are fixed in the library's calls.
    if (!sizes && !chooseGemms(module, options, result.diagnostics))
      return false;
    if (sizes)
      sizes->mark(module);
    return true;
  case Stage::Plan:
    return plan();
  default:
    return lowerKernels(module, options, sizes, result.diagnostics);
  }
}

bool PipelineRun::leave(Stage stage) {
  // The plan knows which kernels matter; its text shows what was found.
  if (stage == Stage::Plan && wantsTuning(options) &&
      !tuneKernels(module, options, result))
    return false;
  auto emit = [&](const StageSink &sink) { emitText(module, sink); };
  if (!dumpStage(stage, options, emit, result.diagnostics))
    return false;
  if (stage == Stage::Plan &&
      !checkPlan(module, options.import.memoryLimit, options.model.name,
                 result.diagnostics))
    return false;
  if (options.emit != stage)
    return true;
  emit({options.onOutput, options.onWeights});
  return false;
}

void PipelineRun::run() {
  Stage stage = getStage(module);
  if (options.emit < stage) {
    result.diagnostics.add(
        DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
        "is of the stage '" + std::string(getStageName(stage)) + "': '" +
            std::string(getStageName(options.emit)) + "' comes before it");
    return;
  }
  if (stage >= Stage::LLVM && !checkNoTargets(options, result.diagnostics))
    return;
  if (wantsTuning(options) && options.emit < Stage::Plan) {
    result.diagnostics.add(
        DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
        "--tune chooses schedules for the stage 'plan': --emit '" +
            std::string(getStageName(options.emit)) + "' comes before it");
    return;
  }
  // The graph stage is as the importer made it; its passes belong to the next.
  if (stage == Stage::Graph)
    noteParameters(module);
  if (!enter(stage) || !leave(stage))
    return;
  while (stage < Stage::LLVM) {
    stage = static_cast<Stage>(static_cast<int>(stage) + 1);
    if (!enter(stage) || !lowerTo(stage) || !leave(stage))
      return;
  }
  SmallVector<OwningOpRef<ModuleOp>> special;
  if (!enter(options.emit) || !lowerSpecial(special))
    return;
  SmallVector<ModuleOp> modules{module};
  for (OwningOpRef<ModuleOp> &other : special)
    modules.push_back(*other);
  emitArtifact(modules, options, log.get(), result);
}

bool PipelineRun::lowerBeside(plan::WeightsPlacement &image, StringRef prefix) {
  if (!lowerTo(Stage::Kernels))
    return false;
  dynamic::prefixKernels(module, prefix);
  if (!lowerTo(Stage::Plan))
    return false;
  auto program = *module.getOps<device::ProgramOp>().begin();
  for (auto weights : program.getBody().getOps<device::WeightsOp>())
    if (failed(image.place(weights)))
      return false;
  program.setWeightsBytes(image.getSize());
  return lowerTo(Stage::LLVM);
}

bool PipelineRun::lowerSpecial(
    SmallVectorImpl<OwningOpRef<ModuleOp>> &special) {
  if (!sizes)
    return true;
  auto general = *module.getOps<device::ProgramOp>().begin();
  plan::WeightsPlacement image;
  for (auto weights : general.getBody().getOps<device::WeightsOp>())
    if (failed(image.adopt(weights)))
      return false;
  for (auto [i, specialOptions] : llvm::enumerate(sizes->getSpecialOptions())) {
    special.push_back(importModel(*module.getContext(), specialOptions.model,
                                  specialOptions.getParams(),
                                  specialOptions.import, result.diagnostics));
    if (!special.back())
      return false;
    PipelineRun run(*special.back(), specialOptions, /*sizes=*/nullptr, result);
    if (!run.lowerBeside(image, "at" + std::to_string(i) + "_"))
      return false;
  }
  general.setWeightsBytes(image.getSize());
  return true;
}

void runPipeline(ModuleOp module, const CompileOptions &options,
                 DiagnosticCode failure, const dynamic::DynamicModel *sizes,
                 CompileResult &result) {
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return success();
        std::string node;
        if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
          node = name.getName().str();
        result.diagnostics.add(failure, {options.model.name, node, "", -1},
                               diagnostic.str());
        return success();
      });
  PipelineRun(module, options, sizes, result).run();
}

} // namespace dlc
