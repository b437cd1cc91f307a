// SPDX-License-Identifier: Apache-2.0
// Steps through the passes and compares with the reference interpreter.
#include "compiler/bisect/Bisect.h"

#include "compiler/Pipeline.h"
#include "compiler/Registration.h"
#include "compiler/StageText.h"
#include "compiler/bisect/Counts.h"
#include "compiler/bisect/Subgraph.h"
#include "compiler/dynamic/Instance.h"
#include "compiler/import/Importer.h"

#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace dlc::bisect {

//===----------------------------------------------------------------------===//
// Passes as text
//===----------------------------------------------------------------------===//

static std::vector<std::string>
listPasses(MLIRContext &context,
           llvm::function_ref<void(OpPassManager &)> addPasses) {
  PassManager manager(&context);
  addPasses(manager);
  std::vector<std::string> texts;
  for (Pass &pass : manager.getPasses()) {
    llvm::raw_string_ostream stream(texts.emplace_back());
    pass.printAsTextualPipeline(stream);
  }
  return texts;
}

PassList listPasses(const CompileOptions &options) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  return {listPasses(context,
                     [&](OpPassManager &m) { addGraphPasses(m, options); }),
          listPasses(context,
                     [&](OpPassManager &m) { addLoweringPasses(m, options); }),
          listPasses(context, addPlanPasses)};
}

std::vector<std::string> PassList::getArtifact() const {
  std::vector<std::string> passes = lowering;
  llvm::append_range(passes, plan);
  return passes;
}

/// Runs passes on \p module; fails where one does.
static LogicalResult runPasses(ModuleOp module, ArrayRef<std::string> passes) {
  for (const std::string &pass : passes) {
    PassManager manager(module.getContext());
    if (failed(parsePassPipeline(pass, manager)) || failed(manager.run(module)))
      return failure();
  }
  return success();
}

/// Puts the bytes of all constants into their attributes: passes free those of
/// resources that their module doesn't need any more, but copies of it may.
static void inlineConstants(ModuleOp module) {
  module.walk([](graph::ConstantOp op) {
    if (!isa<DenseResourceElementsAttr>(op.getValue()))
      return;
    if (auto data = graph::ConstantData::get(op.getValue()))
      op.setValueAttr(toAttribute(*data));
  });
}

/// "func.func(graph-simplify)" is the pass graph-simplify.
static std::string getPassName(StringRef text) {
  if (size_t open = text.find('('); open != StringRef::npos)
    text = text.drop_front(open + 1).drop_back();
  return text.take_until([](char c) { return c == '{'; }).str();
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

namespace {
class Bisection {
public:
  Bisection(const BisectOptions &options, MLIRContext &context)
      : options(options), context(context),
        tolerance{options.relative, options.absolute} {}

  OwningOpRef<ModuleOp> import();
  void run(ModuleOp model,
           const std::vector<std::pair<unsigned, PassList>> &levels);
  BisectResult result;

private:
  bool fail(const std::string &message) {
    return result.diagnostics.add(DiagnosticCode::UnreadableFile,
                                  {options.io, "", "", -1}, message);
  }
  void progress(const std::string &what) {
    if (options.onProgress)
      options.onProgress(what);
  }
  bool readInputs(func::FuncOp main, const npz::Reader &archive);
  bool compareArchive(func::FuncOp main, const npz::Reader &archive);
  void addRows(const std::string &what, const Values &got);
  bool areRight(const Values &got, const Values &want);

  bool checkGraphPasses(ModuleOp module, const PassList &passes);
  bool isBrokenBy(Subgraph part, const std::string &pass);
  void blameGraphPass(ModuleOp before, const std::string &pass);

  bool checkArtifact(ModuleOp module, unsigned level, const PassList &passes);
  FailureOr<Values> runArtifact(ModuleOp module, ArrayRef<std::string> passes,
                                unsigned level, const Values &inputs);
  void blameKernel(ModuleOp module, unsigned level, const PassList &passes);
  void blamePlan(ModuleOp module, unsigned level, const PassList &passes);
  void describe(Subgraph &part, Operation *root, const std::string &command);

  const BisectOptions &options;
  MLIRContext &context;
  Tolerance tolerance;
  std::vector<std::string> outputNames;
  Values inputs, outputs; ///< of the model; outputs as interpreted
};
} // namespace

bool Bisection::readInputs(func::FuncOp main, const npz::Reader &archive) {
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    auto name = main.getArgAttrOfType<StringAttr>(i, "graph.name").str();
    auto type = cast<RankedTensorType>(main.getArgument(i).getType());
    std::string error = "has no value for the input '" + name + "'";
    std::optional<npz::Array> array;
    for (const char *prefix : {"in:", "aux:", ""})
      if (!array && archive.contains(prefix + name))
        array = archive.read(prefix + name, error);
    if (!array)
      return fail(error);
    inputs.push_back(toValue(*array, type));
    if (!inputs.back())
      return fail("the value of '" + name + "' is " +
                  npz::dtypeName(array->dtype) + " " +
                  npz::shapeText(array->shape) + ", the model has another");
  }
  return true;
}

bool Bisection::areRight(const Values &got, const Values &want) {
  return llvm::all_of(llvm::zip_equal(got, want), [&](auto pair) {
    auto [left, right] = pair;
    return compare(*left, *right, tolerance).isWithin();
  });
}

void Bisection::addRows(const std::string &what, const Values &got) {
  for (auto [name, left, right] : llvm::zip_equal(outputNames, got, outputs)) {
    Difference difference = compare(*left, *right, tolerance);
    result.rows.push_back({what, name, difference.error, difference.limit,
                           difference.isWithin()});
  }
}

/// Whether the archive's wanted outputs are those of the interpreter. Where
/// they aren't, the importer or the archive is wrong.
bool Bisection::compareArchive(func::FuncOp main, const npz::Reader &archive) {
  bool isRight = true;
  for (auto [name, output] : llvm::zip_equal(outputNames, outputs)) {
    std::string error;
    if (!archive.contains("out:" + name))
      continue;
    std::optional<npz::Array> array = archive.read("out:" + name, error);
    if (!array)
      return fail(error);
    ValuePtr want = toValue(*array, output->getType());
    if (!want)
      return fail("the wanted output '" + name + "' is " +
                  npz::dtypeName(array->dtype) + " " +
                  npz::shapeText(array->shape) + ", the model has another");
    Difference difference = compare(*output, *want, tolerance);
    result.rows.push_back({"the archive", name, difference.error,
                           difference.limit, difference.isWithin()});
    isRight &= difference.isWithin();
  }
  if (!isRight)
    result.pass = "the import, or the archive";
  return isRight;
}

//===----------------------------------------------------------------------===//
// Passes of the graph stage
//===----------------------------------------------------------------------===//

/// Whether \p part computes something else once \p pass has run on it.
bool Bisection::isBrokenBy(Subgraph part, const std::string &pass) {
  if (failed(runPasses(*part.module, pass)))
    return false;
  auto main = *part.module->getOps<func::FuncOp>().begin();
  FailureOr<Values> got = interpret::interpret(main, part.inputs);
  return succeeded(got) && !areRight(*got, part.results);
}

/// Finds the first node that \p pass breaks in \p before, and the least that it
/// needs in front of it.
void Bisection::blameGraphPass(ModuleOp before, const std::string &pass) {
  result.pass = getPassName(pass);
  progress("looking for the node that " + result.pass + " breaks");
  auto main = *before.getOps<func::FuncOp>().begin();
  ValueMap values;
  auto keep = [&](Value value, const ValuePtr &data) { values[value] = data; };
  if (failed(interpret::interpret(main, inputs, keep)))
    return;
  SmallVector<Operation *> ops;
  for (Operation &op : main.getBody().front().without_terminator())
    if (!isa<graph::ConstantOp>(op) && op.getNumResults() > 0)
      ops.push_back(&op);
  // The whole model is broken; what is, stays so with more operators.
  auto isBroken = [&](Operation *op, unsigned depth) {
    return isBrokenBy(extract(op, depth, values), pass);
  };
  size_t low = 0, high = ops.size() - 1;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (isBroken(ops[middle], getDepth(ops[middle])))
      high = middle;
    else
      low = middle + 1;
  }
  Operation *root = ops[low];
  unsigned depth = 0;
  while (depth < getDepth(root) && !isBroken(root, depth))
    ++depth;
  Subgraph part = extract(root, depth, values);
  attachValues(part);
  describe(part, root,
           "dlc-opt %s --pass-pipeline='builtin.module(" + pass +
               ",graph-check-values)' -o /dev/null");
}

/// Runs the passes of the graph stage on \p module one by one; false where one
/// of them breaks it.
bool Bisection::checkGraphPasses(ModuleOp module, const PassList &passes) {
  for (const std::string &pass : passes.graph) {
    progress("checking " + getPassName(pass));
    inlineConstants(module);
    OwningOpRef<ModuleOp> before = module.clone();
    if (failed(runPasses(module, pass))) {
      result.pass = getPassName(pass);
      return false;
    }
    auto main = *module.getOps<func::FuncOp>().begin();
    FailureOr<Values> got = interpret::interpret(main, inputs);
    if (failed(got))
      return false;
    if (!areRight(*got, outputs)) {
      blameGraphPass(*before, pass);
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

/// Lowers \p module with \p passes, compiles the rest at \p level, and runs it.
FailureOr<Values> Bisection::runArtifact(ModuleOp module,
                                         ArrayRef<std::string> passes,
                                         unsigned level, const Values &given) {
  auto main = *module.getOps<func::FuncOp>().begin();
  SmallVector<RankedTensorType> types;
  for (Type type : main.getResultTypes())
    types.push_back(cast<RankedTensorType>(type));
  std::string prefix = options.folder + "/part";
  npz::Writer writer(prefix + ".in.npz");
  for (auto [i, value] : llvm::enumerate(given))
    writer.add("in:" + main.getArgAttrOfType<StringAttr>(i, "graph.name").str(),
               toArray(*value));
  std::string error;
  if (!writer.commit(error) || failed(runPasses(module, passes)))
    return failure();

  std::string text = printStage(module), weights, artifact;
  writeSafetensors(collectWeights(module), [&](std::string_view bytes) {
    weights += bytes;
    return true;
  });
  CompileOptions compileOptions = options.compile;
  compileOptions.import = ImportOptions();
  compileOptions.model = {"part.mlir", text, nullptr};
  compileOptions.params = NamedBytes{"part.safetensors", weights, nullptr};
  compileOptions.optimizationLevel = level;
  compileOptions.emit = Stage::So;
  compileOptions.onOutput = [&](std::string_view bytes) {
    artifact += bytes;
    return true;
  };
  CompileResult compiled = compile(compileOptions);
  if (!compiled.diagnostics.empty()) {
    for (const Diagnostic &diagnostic : compiled.diagnostics.get())
      result.diagnostics.add(diagnostic.code, diagnostic.place,
                             diagnostic.message);
    return failure();
  }
  {
    npz::OutputFile file(prefix + ".so");
    file.write(artifact);
    if (!file.commit(error))
      return fail(error), failure();
  }
  error = options.run(prefix + ".so", prefix + ".in.npz", prefix + ".out.npz");
  npz::Reader archive;
  if (!error.empty() || !archive.open(prefix + ".out.npz", error))
    return fail(error), failure();
  Values results;
  for (auto [i, type] : llvm::enumerate(types)) {
    std::optional<npz::Array> array = archive.read(archive.names()[i], error);
    results.push_back(array ? toValue(*array, type) : nullptr);
    if (!results.back())
      return fail("the artifact's output has another type"), failure();
  }
  return results;
}

/// Which optional pass of planning breaks \p module, whose kernels are right.
void Bisection::blamePlan(ModuleOp module, unsigned level,
                          const PassList &passes) {
  result.pass = "planning";
  for (const std::string &pass : passes.plan) {
    // Without it there is no plan, and the compiler makes another one.
    if (getPassName(pass) == "plan-bufferize")
      continue;
    std::vector<std::string> others = passes.lowering;
    for (const std::string &other : passes.plan)
      if (other != pass)
        others.push_back(other);
    OwningOpRef<ModuleOp> copy = module.clone();
    // Most passes are needed; the module of those fails to verify.
    ScopedDiagnosticHandler silent(
        &context, [](mlir::Diagnostic &) { return success(); });
    DiagnosticList known = result.diagnostics;
    FailureOr<Values> got = runArtifact(*copy, others, level, inputs);
    result.diagnostics = known;
    if (succeeded(got) && areRight(*got, outputs)) {
      result.pass = getPassName(pass);
      return;
    }
  }
}

/// Which group of \p module becomes a kernel that is wrong.
void Bisection::blameKernel(ModuleOp module, unsigned level,
                            const PassList &passes) {
  progress("looking for the kernel that is wrong");
  auto main = *module.getOps<func::FuncOp>().begin();
  ValueMap values;
  auto keep = [&](Value value, const ValuePtr &data) { values[value] = data; };
  if (failed(interpret::interpret(main, inputs, keep)))
    return;
  for (auto group : main.getBody().front().getOps<graph::GroupOp>()) {
    Subgraph part = extract(group, 0, values);
    OwningOpRef<ModuleOp> copy = part.module->clone();
    FailureOr<Values> got =
        runArtifact(*copy, passes.getArtifact(), level, part.inputs);
    if (failed(got))
      return;
    if (areRight(*got, part.results))
      continue;
    copy = part.module->clone();
    FailureOr<Values> plain =
        runArtifact(*copy, passes.getArtifact(), /*level=*/0, part.inputs);
    bool isBackend =
        level > 0 && succeeded(plain) && areRight(*plain, part.results);
    result.pass = isBackend ? "LLVM's optimisation of the kernel"
                            : "the lowering of the group to a kernel";
    result.modelIo = options.folder + "/model.npz";
    npz::Writer writer(result.modelIo);
    for (auto [i, value] : llvm::enumerate(part.inputs))
      writer.add("in:x" + std::to_string(i), toArray(*value));
    for (auto [i, value] : llvm::enumerate(part.results))
      writer.add("out:y" + std::to_string(i), toArray(*value));
    std::string error;
    if (!writer.commit(error)) {
      fail(error);
      return;
    }
    describe(part, group,
             "dlc compile %s -O" + std::to_string(level) +
                 " -o %t.so && dlc verify %t.so --io %S/NAME.npz");
    return;
  }
  blamePlan(module, level, passes);
}

bool Bisection::checkArtifact(ModuleOp module, unsigned level,
                              const PassList &passes) {
  std::string what = "-O" + std::to_string(level);
  progress("running the artifact of " + what);
  inlineConstants(module);
  OwningOpRef<ModuleOp> copy = module.clone();
  FailureOr<Values> got =
      runArtifact(*copy, passes.getArtifact(), level, inputs);
  if (failed(got))
    return false;
  addRows(what, *got);
  if (areRight(*got, outputs))
    return true;
  blameKernel(module, level, passes);
  return false;
}

//===----------------------------------------------------------------------===//
// The answer
//===----------------------------------------------------------------------===//

/// The name of the model's node in \p loc: the last of those that were fused.
static std::string getNode(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : llvm::reverse(fused.getLocations()))
      if (std::string node = getNode(part); !node.empty())
        return node;
  return "";
}

/// Notes \p part, whose last operator is \p root and which \p command shows to
/// be wrong.
void Bisection::describe(Subgraph &part, Operation *root,
                         const std::string &command) {
  if (auto group = dyn_cast<graph::GroupOp>(root))
    root = &*std::prev(group.getBody().front().getTerminator()->getIterator());
  result.node = getNode(root->getLoc());
  result.op = root->getName().getStringRef();
  unsigned count = countOps(*part.module);
  result.summary = std::to_string(count) +
                   (count == 1 ? " operator" : " operators") + ", " +
                   std::to_string(part.inputs.size()) +
                   (part.inputs.size() == 1 ? " input" : " inputs");
  llvm::raw_string_ostream stream(result.model);
  stream << "// " << result.pass << " makes the value of '" << result.node
         << "' wrong (found by dlc verify --bisect).\n// RUN: " << command
         << "\n";
  OpPrintingFlags flags;
  flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  part.module->print(stream, flags);
}

/// Reads the model. Shapes that depend on values are what they are for the
/// archive's inputs: a count may depend on the ones before.
OwningOpRef<ModuleOp> Bisection::import() {
  ImportOptions import = options.compile.import;
  while (true) {
    OwningOpRef<ModuleOp> model =
        importModel(context, options.compile.model, options.compile.getParams(),
                    import, result.diagnostics);
    if (!model || dynamic::collectCounts(*model).empty())
      return model;
    auto main = *model->getOps<func::FuncOp>().begin();
    npz::Reader archive;
    std::string error;
    if (!archive.open(options.io, error)) {
      fail(error);
      return {};
    }
    if (!readInputs(main, archive))
      return {};
    std::vector<int64_t> counts = findCounts(main, inputs);
    inputs.clear();
    if (llvm::is_contained(counts, 0)) {
      fail("selects nothing: there are no values to compare");
      return {};
    }
    if (counts == import.counts) {
      fixCounts(main);
      return model;
    }
    import.counts = counts;
  }
}

void Bisection::run(ModuleOp model,
                    const std::vector<std::pair<unsigned, PassList>> &levels) {
  auto main = *model.getOps<func::FuncOp>().begin();
  npz::Reader archive;
  std::string error;
  if (!archive.open(options.io, error)) {
    fail(error);
    return;
  }
  if (!readInputs(main, archive))
    return;
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    outputNames.push_back(
        main.getResultAttrOfType<StringAttr>(i, "graph.name").str());
  progress("interpreting the model");
  FailureOr<Values> reference = interpret::interpret(main, inputs);
  if (failed(reference))
    return;
  outputs = *reference;
  if (!compareArchive(main, archive))
    return;
  inlineConstants(model);
  for (const auto &[level, passes] : levels) {
    OwningOpRef<ModuleOp> module = model.clone();
    if (!checkGraphPasses(*module, passes) ||
        !checkArtifact(*module, level, passes))
      return;
  }
}

BisectResult run(const BisectOptions &options,
                 const std::vector<std::pair<unsigned, PassList>> &levels) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Bisection bisection(options, context);
  DiagnosticList &diagnostics = bisection.result.diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostics.add(DiagnosticCode::InternalError,
                      {options.compile.model.name,
                       getNode(diagnostic.getLocation()), "", -1},
                      diagnostic.str());
    return success();
  });
  if (OwningOpRef<ModuleOp> model = bisection.import())
    bisection.run(*model, levels);
  return std::move(bisection.result);
}

} // namespace dlc::bisect

dlc::BisectResult dlc::bisectModel(const BisectOptions &options) {
  static bool isRegistered = (registerAllPasses(), true);
  (void)isRegistered;
  std::vector<std::pair<unsigned, bisect::PassList>> levels;
  for (unsigned level : {0u, 3u}) {
    CompileOptions compileOptions = options.compile;
    compileOptions.optimizationLevel = level;
    levels.push_back({level, bisect::listPasses(compileOptions)});
  }
  return bisect::run(options, levels);
}
