// SPDX-License-Identifier: Apache-2.0
// Measures variants of one kernel side by side: a program with one launch of
// each, several times over, compiled and run like any other.
#include "compiler/tune/Trial.h"

#include "codegen/artifact/Linker.h"
#include "compiler/Backend.h"
#include "compiler/OutputFile.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace dlc {

/// Beside as many bytes nothing stays in any cache.
static constexpr int64_t kMaxBytesInTurn = 96 << 20;
static constexpr size_t kMaxCopies = 64;
/// Times that a variant is launched in one run of the program, at least.
static constexpr size_t kLeastRounds = 4;
static constexpr int64_t kAlignment = 64;

namespace {
/// The program, while it is built.
class TrialProgram {
public:
  TrialProgram(ArrayRef<kernel::FuncOp> variants, const TrialSetting &setting);

  OwningOpRef<ModuleOp> take() { return std::move(module); }
  /// The variant that step \p step launches. Rounds begin with another one
  /// each, so that none always runs after the same.
  size_t getVariant(size_t step) const {
    return (step + step / numVariants) % numVariants;
  }

private:
  Value addSlot(Type type);
  size_t countCopies(kernel::FuncOp func, const TrialSetting &setting) const;

  size_t numVariants;
  OwningOpRef<ModuleOp> module;
  OpBuilder builder;
  device::ProgramOp program;
  int64_t arenaBytes = 0;
};
} // namespace

Value TrialProgram::addSlot(Type type) {
  auto slot = device::SlotOp::create(builder, program.getLoc(), type,
                                     builder.getI64IntegerAttr(arenaBytes));
  int64_t bytes = device::getSizeInBytes(cast<MemRefType>(type)).value_or(0);
  arenaBytes += llvm::alignTo(bytes, kAlignment);
  return slot.getResult();
}

/// Copies of the weights, of which each launch takes the next, so that they
/// come from as far away as in the model.
size_t TrialProgram::countCopies(kernel::FuncOp func,
                                 const TrialSetting &setting) const {
  int64_t bytes = 0;
  for (auto [input, isWeights] : llvm::zip(func.getInputs(), setting.isWeights))
    if (isWeights)
      bytes +=
          device::getSizeInBytes(cast<MemRefType>(input.getType())).value_or(0);
  int64_t inTurn = std::min(setting.weightsBytes, kMaxBytesInTurn);
  if (bytes == 0 || bytes >= inTurn)
    return 1;
  return std::min<size_t>(llvm::divideCeil(inTurn, bytes), kMaxCopies);
}

TrialProgram::TrialProgram(ArrayRef<kernel::FuncOp> variants,
                           const TrialSetting &setting)
    : numVariants(variants.size()),
      module(ModuleOp::create(variants.front()->getLoc())),
      builder(module->getBodyRegion()) {
  kernel::FuncOp first = variants.front();
  Location loc = first.getLoc();
  for (auto [i, variant] : llvm::enumerate(variants)) {
    auto copy = cast<kernel::FuncOp>(builder.clone(*variant));
    copy.setSymName("variant" + std::to_string(i));
  }
  ArrayAttr none = builder.getArrayAttr({});
  program = device::ProgramOp::create(builder, loc, "main", TypeRange(),
                                      TypeRange(), none, none);
  builder.setInsertionPointToStart(&program.getBody().front());

  size_t copies = countCopies(first, setting);
  SmallVector<SmallVector<Value>> inputs(copies);
  for (size_t copy = 0; copy < copies; ++copy)
    for (auto [i, input] : llvm::enumerate(first.getInputs()))
      inputs[copy].push_back(setting.isWeights[i] || copy == 0
                                 ? addSlot(input.getType())
                                 : inputs[0][i]);
  SmallVector<Value> outputs;
  for (Value output : first.getOutputs())
    outputs.push_back(addSlot(output.getType()));
  size_t rounds =
      std::max(kLeastRounds, size_t(llvm::divideCeil(copies, numVariants)));
  for (size_t step = 0; step < rounds * numVariants; ++step)
    device::LaunchOp::create(builder, loc,
                             "variant" + std::to_string(getVariant(step)),
                             inputs[step % copies], outputs);
  program.setArenaBytes(arenaBytes);
  program.setArenaAlignment(kAlignment);
  program.setArenaLowerBound(arenaBytes);
  program.setWeightsBytes(0);
}

/// Compiles \p module to the file \p path.
static bool compileTo(ModuleOp module, device::TargetAttr target,
                      const CompileOptions &options, const std::string &path) {
  OutputFile file(path);
  CompileOptions trial;
  trial.model.name = options.model.name;
  trial.cpus = {target.getName().str()};
  trial.optimizationLevel = options.optimizationLevel;
  trial.threads = options.threads;
  trial.onOutput = [&](std::string_view bytes) { return file.write(bytes); };
  CompileResult result;
  if (!lowerKernels(module, trial, /*sizes=*/nullptr, result.diagnostics))
    return false;
  emitArtifact(module, trial, /*log=*/nullptr, result);
  return result.diagnostics.empty() && file.commit(result.diagnostics);
}

static double getMedian(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> measureVariants(ArrayRef<kernel::FuncOp> variants,
                                    const TrialSetting &setting,
                                    const CompileOptions &options,
                                    double seconds) {
  TrialProgram program(variants, setting);
  OwningOpRef<ModuleOp> module = program.take();
  auto folder = artifact::TemporaryDirectory::create();
  if (!folder) {
    llvm::consumeError(folder.takeError());
    return {};
  }
  std::string path = folder->file("trial.so");
  if (!compileTo(*module, setting.target, options, path))
    return {};
  size_t count = variants.size();
  std::vector<std::vector<double>> ratios(count);
  for (const std::vector<double> &run : options.tune.measure(path, seconds))
    for (size_t round = 0; (round + 1) * count <= run.size(); ++round) {
      std::vector<double> times(count);
      for (size_t i = round * count; i < (round + 1) * count; ++i)
        times[program.getVariant(i)] = std::max(run[i], 1.0);
      for (size_t i = 0; i < count; ++i)
        ratios[i].push_back(times[0] / times[i]);
    }
  if (ratios[0].empty())
    return {};
  std::vector<double> medians;
  for (std::vector<double> &list : ratios)
    medians.push_back(getMedian(std::move(list)));
  return medians;
}

} // namespace dlc
