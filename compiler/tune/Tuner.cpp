// SPDX-License-Identifier: Apache-2.0
// Chooses schedules by measuring them: the kernels of a model, what is known of
// them already, and which of their variants win.
#include "compiler/tune/Tuner.h"

#include "codegen/cpu/Targets.h"
#include "compiler/Backend.h"
#include "compiler/Registration.h"
#include "compiler/tune/Trial.h"
#include "compiler/tune/TuneCache.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/kernel/ContractCandidates.h"
#include "passes/kernel/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/xxhash.h"
#include <chrono>

using namespace mlir;

namespace dlc {

/// How much faster than the cost model's choice a schedule must be to win.
static constexpr double kLeastRatio = 1.02;
/// Seconds for the measurements of a kernel.
static constexpr double kLeastSeconds = 0.1, kMostSeconds = 0.6;

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static std::string getDigest(StringRef text) {
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return llvm::utohexstr(hash.high64, true, 16) +
         llvm::utohexstr(hash.low64, true, 16);
}

/// The text of \p op, from which another context can parse it.
static std::string print(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

/// The text of \p attribute, likewise.
static std::string print(Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

/// A digest of all that passes know of \p target; what the command line calls
/// it doesn't matter.
static std::string getDigest(device::TargetAttr target) {
  std::string text = print(target);
  return getDigest(StringRef(text).split(',').second);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
/// Kernels of a model that are equal but for names.
struct KernelGroup {
  std::string text; ///< without names, locations and schedules
  SmallVector<kernel::FuncOp> funcs;
  SmallVector<bool> isWeights; ///< of the inputs
  int64_t flops = 0;           ///< of all launches
};

class Tuner {
public:
  Tuner(ModuleOp module, const CompileOptions &options, CompileResult &result)
      : module(module), options(options), result(result),
        context(makeRegistry()) {
    context.loadAllAvailableDialects();
  }

  bool run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerAllDialects(registry);
    return registry;
  }
  void collectKernels();
  void addKernel(kernel::FuncOp func);
  void tune(const KernelGroup &group, device::TargetAttr target);
  std::optional<TuneResult> measure(const KernelGroup &group,
                                    device::TargetAttr target);
  bool apply(const KernelGroup &group, device::TargetAttr target,
             const TuneResult &schedules);
  void warn(const std::string &error) {
    if (result.tune.warning.empty())
      result.tune.warning = options.tune.cacheFile + ": " + error;
  }
  double getRemaining() const { return started + options.tune.seconds - now(); }

  ModuleOp module;
  const CompileOptions &options;
  CompileResult &result;
  /// Of the kernels that are measured: they must not appear in reports.
  MLIRContext context;
  std::vector<KernelGroup> groups; ///< from the most to the least work
  int64_t weightsBytes = 0;
  TuneCache cache;
  size_t numLeft = 0; ///< groups, times targets, that are still to come
  double started = now();
};
} // namespace

/// A copy of \p func as the cost model would lower it, without a name.
static OwningOpRef<kernel::FuncOp> makeCanonical(kernel::FuncOp func) {
  OwningOpRef<kernel::FuncOp> copy = func.clone();
  copy->setSymName("kernel");
  copy->walk([](kernel::ContractOp op) { op.removeSchedulesAttr(); });
  return copy;
}

static SmallVector<kernel::ContractOp> getContractions(kernel::FuncOp func) {
  SmallVector<kernel::ContractOp> contractions;
  func.walk([&](kernel::ContractOp op) { contractions.push_back(op); });
  return contractions;
}

/// Whether \p func can be run on made-up data: indices among them could lead
/// anywhere.
static bool isMeasurable(kernel::FuncOp func) {
  return llvm::all_of(func.getBody().getArgumentTypes(), [](Type type) {
    return isa<FloatType>(cast<MemRefType>(type).getElementType());
  });
}

void Tuner::addKernel(kernel::FuncOp func) {
  if (getContractions(func).empty() || !isMeasurable(func))
    return;
  std::string text = print(*makeCanonical(func));
  auto group = llvm::find_if(
      groups, [&](const KernelGroup &other) { return other.text == text; });
  if (group == groups.end()) {
    groups.emplace_back();
    group = std::prev(groups.end());
    group->text = std::move(text);
    group->isWeights.resize(func.getNumInputs());
  }
  group->funcs.push_back(func);
}

void Tuner::collectKernels() {
  for (auto func : module.getOps<kernel::FuncOp>())
    addKernel(func);
  module.walk([&](device::WeightsOp op) {
    auto type = cast<MemRefType>(op.getResult().getType());
    weightsBytes += device::getSizeInBytes(type).value_or(0);
  });
  llvm::StringMap<KernelGroup *> groupOf;
  for (KernelGroup &group : groups)
    for (kernel::FuncOp func : group.funcs)
      groupOf[func.getSymName()] = &group;
  module.walk([&](device::LaunchOp op) {
    KernelGroup *group = groupOf.lookup(op.getCallee());
    if (!group)
      return;
    group->flops += op.getFlops();
    for (auto [input, isWeights] : llvm::zip(op.getInputs(), group->isWeights))
      isWeights |= bool(input.getDefiningOp<device::WeightsOp>());
  });
  llvm::sort(groups, [](const KernelGroup &a, const KernelGroup &b) {
    return std::tie(b.flops, a.text) < std::tie(a.flops, b.text);
  });
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

namespace {
/// A schedule of one of a kernel's contractions.
struct Candidate {
  size_t contraction = 0;
  kernel::ScheduleAttr schedule; ///< null: the cost model's
  OwningOpRef<kernel::FuncOp> func;
};
} // namespace

/// The loops that \p func becomes for \p target; "" where it can't be lowered.
static std::string getLoops(kernel::FuncOp func, device::TargetAttr target) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
  OpBuilder builder(module->getBodyRegion());
  builder.clone(*func);
  (*module)->setAttr("device.target", target);
  PassManager passes(func.getContext());
  passes.addPass(kernel::createKernelToVector());
  if (failed(passes.run(*module)))
    return "";
  auto lowered = *module->getOps<func::FuncOp>().begin();
  lowered->removeAttr("kernel.schedule");
  return print(lowered);
}

/// What is worth measuring for \p func: first the cost model's choice, then
/// other schedules of its contractions, one at a time, each of other loops.
static std::vector<Candidate> makeCandidates(kernel::FuncOp func,
                                             device::TargetAttr target) {
  std::vector<Candidate> candidates;
  llvm::StringSet<> seen;
  auto add = [&](size_t contraction, kernel::ScheduleAttr schedule) {
    Candidate candidate{contraction, schedule, func.clone()};
    if (schedule)
      getContractions(*candidate.func)[contraction].setSchedulesAttr(
          ArrayAttr::get(func.getContext(), {schedule}));
    std::string loops = getLoops(*candidate.func, target);
    if (!loops.empty() && seen.insert(loops).second)
      candidates.push_back(std::move(candidate));
  };
  add(0, {});
  for (auto [i, op] : llvm::enumerate(getContractions(func)))
    for (kernel::ScheduleAttr schedule : kernel::listSchedules(op, target))
      add(i, schedule);
  return candidates;
}

/// Measures \p candidates against the first of them and again those that won;
/// returns how often as fast as it each is, 0 for those that lost.
static std::vector<double> compare(ArrayRef<Candidate> candidates,
                                   const TrialSetting &setting,
                                   const CompileOptions &options,
                                   double seconds) {
  // Most of the best by chance don't win twice.
  constexpr size_t maxFinalists = 4;
  SmallVector<kernel::FuncOp> funcs;
  for (const Candidate &candidate : candidates)
    funcs.push_back(*candidate.func);
  std::vector<double> ratios =
      measureVariants(funcs, setting, options, seconds * 2 / 3);
  if (ratios.empty())
    return {};
  SmallVector<size_t> finalists;
  for (size_t i = 1; i < ratios.size(); ++i)
    if (ratios[i] >= kLeastRatio)
      finalists.push_back(i);
  llvm::sort(finalists,
             [&](size_t a, size_t b) { return ratios[a] > ratios[b]; });
  if (finalists.size() > maxFinalists)
    finalists.resize(maxFinalists);
  std::vector<double> result(candidates.size());
  if (finalists.empty())
    return result;
  SmallVector<kernel::FuncOp> finalFuncs{funcs[0]};
  for (size_t i : finalists)
    finalFuncs.push_back(funcs[i]);
  std::vector<double> finalRatios =
      measureVariants(finalFuncs, setting, options, seconds / 3);
  for (size_t i = 1; i < finalRatios.size(); ++i)
    if (finalRatios[i] >= kLeastRatio)
      result[finalists[i - 1]] =
          std::min(finalRatios[i], ratios[finalists[i - 1]]);
  return result;
}

std::optional<TuneResult> Tuner::measure(const KernelGroup &group,
                                         device::TargetAttr target) {
  // A candidate that can't be lowered is none.
  ScopedDiagnosticHandler handler(&context, [](mlir::Diagnostic &) {});
  OwningOpRef<ModuleOp> parsed =
      parseSourceString<ModuleOp>(group.text, ParserConfig(&context));
  auto here =
      cast_or_null<device::TargetAttr>(parseAttribute(print(target), &context));
  if (!parsed || !here)
    return std::nullopt;
  auto func = *parsed->getOps<kernel::FuncOp>().begin();
  std::vector<Candidate> candidates = makeCandidates(func, here);
  TuneResult winners(getContractions(func).size());
  if (candidates.size() < 2)
    return winners;
  double seconds =
      std::clamp(getRemaining() / double(numLeft), kLeastSeconds, kMostSeconds);
  std::vector<double> ratios = compare(
      candidates, {here, group.isWeights, weightsBytes}, options, seconds);
  if (ratios.empty())
    return std::nullopt;
  std::vector<double> best(winners.size());
  for (auto [candidate, ratio] : llvm::zip(candidates, ratios)) {
    if (ratio <= best[candidate.contraction])
      continue;
    best[candidate.contraction] = ratio;
    kernel::ScheduleAttr won = candidate.schedule;
    winners[candidate.contraction] = {
        won.getRows(),        won.getColumns(),   won.getDepth(),
        won.getTaskColumns(), won.getStripRows(), int64_t((ratio - 1) * 100)};
  }
  return winners;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Writes \p schedules into the kernels of \p group. Returns false where one of
/// them is none.
bool Tuner::apply(const KernelGroup &group, device::TargetAttr target,
                  const TuneResult &schedules) {
  MLIRContext *model = module.getContext();
  SmallVector<kernel::ScheduleAttr> attributes(schedules.size());
  ScopedDiagnosticHandler handler(model, [](mlir::Diagnostic &) {});
  for (auto [schedule, attribute] : llvm::zip(schedules, attributes)) {
    if (!schedule)
      continue;
    attribute = kernel::ScheduleAttr::getChecked(
        [&] { return emitError(UnknownLoc::get(model)); }, model,
        target.getCpu(), schedule->rows, schedule->columns, schedule->depth,
        schedule->taskColumns, schedule->stripRows, schedule->percent);
    if (!attribute)
      return false;
  }
  for (kernel::FuncOp func : group.funcs)
    for (auto [op, attribute] : llvm::zip(getContractions(func), attributes)) {
      if (!attribute || op.getScheduleFor(target.getCpu()))
        continue;
      SmallVector<Attribute> all;
      if (ArrayAttr others = op.getSchedulesAttr())
        llvm::append_range(all, others);
      all.push_back(attribute);
      op.setSchedulesAttr(ArrayAttr::get(model, all));
    }
  result.tune.faster += llvm::any_of(
      schedules, [](const auto &schedule) { return schedule.has_value(); });
  return true;
}

void Tuner::tune(const KernelGroup &group, device::TargetAttr target) {
  kernel::FuncOp first = group.funcs.front();
  ++result.tune.kernels;
  TuneKey key{"dlc " DLC_VERSION ", LLVM " LLVM_VERSION_STRING ", -O" +
                  std::to_string(options.optimizationLevel),
              target.getCpu().str(), getDigest(target), getDigest(group.text)};
  std::optional<TuneResult> known =
      cache.find(key, getContractions(first).size());
  if (known && apply(group, target, *known)) {
    ++result.tune.known;
    return;
  }
  if (options.tune.seconds <= 0)
    return;
  if (getRemaining() <= 0) {
    ++result.tune.skipped;
    return;
  }
  if (options.onProgress)
    options.onProgress("tuning kernel " + std::to_string(result.tune.kernels) +
                       ", " + first.getSymName().str());
  std::optional<TuneResult> winners = measure(group, target);
  if (!winners) {
    ++result.tune.skipped;
    return;
  }
  ++result.tune.measured;
  cache.add(key, first.getSymName().str(), *winners);
  apply(group, target, *winners);
}

bool Tuner::run() {
  auto targets = getTargets(module.getContext(), options, result.diagnostics);
  if (!targets)
    return false;
  // Code for other CPUs can't be measured here.
  std::string error;
  device::TargetAttr host =
      cpu::getTarget(module.getContext(), "native", error);
  if (options.tune.seconds > 0)
    llvm::erase_if(*targets, [&](device::TargetAttr target) {
      return !host || target.getTriple() != host.getTriple() ||
             (target.getDispatch() & ~host.getDispatch()) != 0;
    });
  if (targets->empty())
    return result.diagnostics.add(
        DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
        "--tune runs kernels on this machine, which can't run code for the "
        "CPUs of --cpu");
  bool hasCache = !options.tune.cacheFile.empty();
  bool isGood = !hasCache || cache.read(options.tune.cacheFile, error);
  if (!isGood)
    warn(error);
  collectKernels();
  numLeft = groups.size() * targets->size();
  for (const KernelGroup &group : groups)
    for (device::TargetAttr target : *targets) {
      if (options.isCancelled && options.isCancelled())
        break;
      tune(group, target);
      --numLeft;
    }
  if (hasCache && isGood && result.tune.measured > 0 &&
      !cache.write(options.tune.cacheFile, error))
    warn(error);
  result.tune.seconds = now() - started;
  return true;
}

bool tuneKernels(ModuleOp module, const CompileOptions &options,
                 CompileResult &result) {
  return Tuner(module, options, result).run();
}

} // namespace dlc
