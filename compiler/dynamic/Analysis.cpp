// SPDX-License-Identifier: Apache-2.0
// Finds how the numbers of a dynamic model's instances depend on their sizes.
#include "compiler/dynamic/Analysis.h"

#include "compiler/Backend.h"
#include "compiler/GpuBackend.h"
#include "compiler/dynamic/Specialize.h"
#include <cmath>

using namespace mlir;

namespace dlc::dynamic {

/// The least instances that must have the structure of the typical one.
static constexpr size_t kLeastInstances = 12;
/// Instances that what was found is compared with, and how often it may be
/// found again.
static constexpr size_t kChecked = 6;
/// Those of them that are far for each dimension, and how many times its
/// typical size that may be.
static constexpr size_t kCheckedFar = 3;
static constexpr int64_t kFarthest = 10000;
static constexpr int kMaxRounds = 8;
/// Sizes of a dimension of which instances have nearly all.
static constexpr int64_t kFewSizes = 16;

/// Lets sizes be built from those of buffers and loops in the instances
/// \p indices.
void Analysis::addAtoms(SizeFinder &finder, ArrayRef<size_t> indices) {
  auto add = [&](llvm::function_ref<int64_t(const InstanceNumbers &)> get) {
    Values values;
    for (size_t i : indices)
      values.push_back(get(instances[i]));
    finder.addAtom(values);
  };
  const KernelExtents &typical = instances.front().extents;
  for (size_t i = 0; i < instances.front().counts.size(); ++i)
    add([&](const InstanceNumbers &numbers) { return numbers.counts[i]; });
  for (size_t k = 0; k < typical.kernels.size(); ++k) {
    for (size_t i = 0; i < typical.kernels[k].shapes.size(); ++i)
      add([&](const InstanceNumbers &numbers) {
        return numbers.extents.kernels[k].shapes[i];
      });
    for (size_t l = 0; l < typical.kernels[k].loops.size(); ++l)
      for (size_t i = 0; i < typical.kernels[k].loops[l].size(); ++i)
        add([&](const InstanceNumbers &numbers) {
          return numbers.extents.kernels[k].loops[l][i];
        });
  }
}

bool Analysis::findPlan(SizeFinder &finder) {
  const InstanceNumbers &typical = instances.front();
  for (size_t i = 0; i < typical.plan.size(); ++i) {
    auto size = finder.find(gather(
        [&](const InstanceNumbers &numbers) { return numbers.plan[i]; }));
    // Operations are counted for people: where several operators make a sum
    // that isn't found, the typical number has to do.
    if (!size && typical.kinds[i] == PlanNumber::Flops)
      size = Size::constant(typical.plan[i]);
    if (!size)
      return fail("", "how the memory of a tensor depends on " + getDimNames() +
                          " isn't found");
    model.plan.push_back(*size);
  }
  return true;
}

/// Sizes beyond this aren't told from their neighbours by a float of 32 bits
/// that is one divided by them.
static constexpr double kMaxFloatSize = 1 << 21;

/// Finds the size that the floats \p numbers, one of each instance, are one
/// divided by, or that they are.
std::optional<Size> Analysis::findFloat(ArrayRef<double> numbers,
                                        bool &isReciprocal) {
  for (bool inverts : {true, false}) {
    // Only the instances where it is known.
    std::vector<Sizes> known;
    std::vector<size_t> indices;
    Values values;
    for (auto [i, number] : llvm::enumerate(numbers)) {
      double size = inverts ? 1 / number : number;
      if (std::abs(size) > kMaxFloatSize)
        continue;
      if (!(std::abs(size - std::round(size)) <= 1e-6 * std::abs(size)))
        break;
      known.push_back(sizes[i]);
      indices.push_back(i);
      values.push_back(int64_t(std::round(size)));
    }
    if (known.size() < std::min(kLeastInstances, numbers.size()))
      continue;
    SizeFinder finder(known);
    addAtoms(finder, indices);
    isReciprocal = inverts;
    if (std::optional<Size> size = finder.find(values))
      return size;
  }
  return std::nullopt;
}

std::optional<DynamicModel::LeafSize>
Analysis::findLeaf(SizeFinder &finder, size_t kernel, size_t leaf) {
  bool isReciprocal = false;
  if (!instances.front().kernels[kernel].leaves[leaf].isFloat) {
    Values values = getIntegers(kernel, leaf);
    finder.addAtom(values, /*skipsMultiples=*/true);
    if (std::optional<Size> size = finder.find(values))
      return DynamicModel::LeafSize{leaf, *size, isReciprocal};
    return std::nullopt;
  }
  std::vector<double> floats;
  for (const InstanceNumbers &numbers : instances)
    floats.push_back(numbers.kernels[kernel].leaves[leaf].number);
  if (std::optional<Size> size = findFloat(floats, isReciprocal))
    return DynamicModel::LeafSize{leaf, *size, isReciprocal};
  return std::nullopt;
}

bool Analysis::findKernel(SizeFinder &finder, size_t k) {
  const InstanceNumbers &typical = instances.front();
  DynamicModel::Kernel &kernel = model.kernels.emplace_back();
  kernel.structure = typical.kernels[k].structure;
  std::vector<size_t> open;
  for (size_t i = 0; i < typical.kernels[k].leaves.size(); ++i)
    if (llvm::any_of(instances, [&](const InstanceNumbers &numbers) {
          return !(numbers.kernels[k].leaves[i] ==
                   typical.kernels[k].leaves[i]);
        }))
      open.push_back(i);
  // Numbers are made of others, which may come later.
  size_t numAtoms = finder.countAtoms();
  bool hasMultiples = false;
  while (!open.empty()) {
    std::vector<size_t> rest;
    for (size_t i : open)
      if (auto leaf = findLeaf(finder, k, i))
        kernel.leaves.push_back(*leaf);
      else
        rest.push_back(i);
    if (rest.size() == open.size()) {
      if (std::exchange(hasMultiples, true))
        break;
      // A quotient may be that of a multiple of another number.
      for (const DynamicModel::LeafSize &leaf : kernel.leaves)
        if (!typical.kernels[k].leaves[leaf.leaf].isFloat)
          finder.addAtom(getIntegers(k, leaf.leaf));
    }
    open = std::move(rest);
  }
  finder.dropAtoms(numAtoms);
  return open.empty() ||
         fail(typical.names[k],
              "how its loops depend on " + getDimNames() + " isn't found");
}

bool Analysis::findSizes() {
  model.plan.clear();
  model.kernels.clear();
  bool haveFewSizes = llvm::all_of(model.dims, [](const Dim &dim) {
    return (dim.high - dim.low) / dim.multiple < kFewSizes;
  });
  SizeFinder finder(sizes, haveFewSizes);
  addAtoms(finder, llvm::to_vector(llvm::seq<size_t>(0, instances.size())));
  if (!findPlan(finder))
    return false;
  for (size_t k = 0; k < instances.front().kernels.size(); ++k)
    if (!findKernel(finder, k))
      return false;
  return true;
}

/// Whether \p numbers are what was found for \p sizes.
bool Analysis::agrees(const Sizes &sizes, const InstanceNumbers &numbers) {
  const InstanceNumbers &typical = instances.front();
  for (size_t i = 0; i < model.plan.size(); ++i)
    if (typical.kinds[i] != PlanNumber::Flops &&
        model.plan[i].evaluate(sizes) != numbers.plan[i])
      return false;
  for (size_t k = 0; k < model.kernels.size(); ++k) {
    std::vector<Leaf> expected = typical.kernels[k].leaves;
    for (const DynamicModel::LeafSize &leaf : model.kernels[k].leaves) {
      int64_t size = leaf.size.evaluate(sizes);
      Leaf &number = expected[leaf.leaf];
      number.integer = number.isFloat ? 0 : size;
      // Floats were compared as sizes; they are rounded to some format.
      if (number.isFloat)
        number.number = numbers.kernels[k].leaves[leaf.leaf].number;
    }
    if (!(expected == numbers.kernels[k].leaves))
      return false;
  }
  return true;
}

/// Sizes that tell whether what was found holds: near the typical ones, and far
/// from them in one dimension, where what was taken for a divisor shows.
std::vector<Sizes> Analysis::chooseChecked(std::minstd_rand &random) const {
  auto choose = [&](const Dim &dim, int64_t last) {
    int64_t least = std::max<int64_t>(dim.low, 2);
    int64_t span = std::max<int64_t>(std::min(last, dim.high) - least, 0);
    int64_t size = least + int64_t(random()) % (span + 1);
    return llvm::alignTo(size, dim.multiple);
  };
  std::vector<Sizes> wanted;
  for (size_t i = 0; i < kChecked; ++i) {
    Sizes instance;
    for (const Dim &dim : model.dims)
      instance.push_back(choose(dim, i % 2 ? dim.typical : 4 * dim.typical));
    wanted.push_back(std::move(instance));
  }
  for (auto [d, dim] : llvm::enumerate(model.dims))
    for (size_t i = 0; i < kCheckedFar; ++i) {
      Sizes instance = getTypicalSizes();
      instance[d] = choose(dim, kFarthest * dim.typical);
      wanted.push_back(std::move(instance));
    }
  return wanted;
}

/// Finds the sizes, compares them with other instances, and finds them again
/// with those that disagree (as counterexample-guided synthesis does).
bool Analysis::findAndCheckSizes() {
  std::minstd_rand random(1);
  for (int round = 0; round < kMaxRounds; ++round) {
    if (!findSizes())
      return false;
    std::vector<Sizes> wanted = chooseChecked(random);
    DiagnosticList problems;
    bool isRight = true;
    Instances read = readAll(wanted, problems);
    if (areRulesNew) {
      llvm::append_range(sizes, wanted);
      if (!readInstances())
        return false;
      continue;
    }
    for (auto &[instance, numbers] : read) {
      if (agrees(instance, numbers))
        continue;
      isRight = false;
      sizes.push_back(instance);
      instances.push_back(std::move(numbers));
    }
    if (isRight)
      return true;
  }
  return fail("", "how it depends on " + getDimNames() + " isn't found");
}

/// Returns what is wrong with the model at \p sizes, or "": also where its
/// results have other shapes than were found.
std::string Analysis::checkSizes(const Sizes &sizes) {
  DiagnosticList problems;
  Choices choices = model.rules.choices;
  auto lowered = lowerInstance(at(sizes), choices, problems);
  if (!lowered)
    return problems.empty() ? "it can't be lowered"
                            : problems.get().front().message;
  Values results;
  for (auto [kind, size] : llvm::zip(instances.front().kinds, model.plan))
    if (kind == PlanNumber::OutputExtent)
      results.push_back(size.evaluate(sizes));
  return results == lowered->extents.results ? ""
                                             : "its results have other shapes";
}

/// Finds the least sizes that the model can have. There is no instance of none
/// of what is counted: where there may be one, none is possible if that has a
/// meaning.
bool Analysis::findBounds() {
  for (auto [d, dim] : llvm::enumerate(model.dims)) {
    auto check = [&, d = d, multiple = dim.multiple](int64_t units) {
      Sizes sizes = getTypicalSizes();
      sizes[d] = units * multiple;
      return checkSizes(sizes);
    };
    int64_t bad =
        llvm::divideCeil(std::max<int64_t>(dim.low, 1), dim.multiple) - 1;
    int64_t good = dim.typical / dim.multiple;
    std::string reason = good > bad + 1 ? check(bad + 1) : "";
    if (reason.empty()) {
      dim.low = (bad + 1) * dim.multiple;
      Sizes typical = getTypicalSizes(), other = typical;
      other[d] += 2;
      if (dim.isCounted &&
          hasMeaningForNone(at(typical), typical[d], at(other), other[d]))
        dim.low = 0;
      continue;
    }
    if (dim.isBounded)
      return fail(
          "",
          "input '" + dim.input + "': " + dim.name + " may be " +
              std::to_string((bad + 1) * dim.multiple) +
              " by its bounds, but that is no size for the model: " + reason);
    for (++bad; good - bad > 1;) {
      int64_t middle = (bad + good) / 2;
      (check(middle).empty() ? good : bad) = middle;
    }
    dim.low = good * dim.multiple;
  }
  return true;
}

bool Analysis::findSpecial() {
  model.specialOptions.clear();
  if (!options.specializations.empty() &&
      llvm::any_of(model.dims, [](const Dim &dim) { return dim.isCounted; }))
    return fail("", "has shapes that depend on values: there is no code of its "
                    "own for single sizes; leave out --specialize");
  for (const std::vector<InputOption> &special : options.specializations) {
    auto sizes = dynamic::findSizes(options.import.inputs, model.dims, special,
                                    options.model.name, diagnostics);
    if (!sizes)
      return false;
    model.specialOptions.push_back(at(*sizes));
  }
  return true;
}

/// Does the analysis with or without ragged borders; \p isWorthIt may end it
/// once multiples are known.
bool Analysis::solve(bool isRagged, llvm::function_ref<bool()> isWorthIt) {
  for (Dim &dim : model.dims)
    dim.multiple = 1;
  // It is there already where that was the last attempt.
  if (model.rules.choices.isRagged != isRagged &&
      !lowerTypical(isRagged, diagnostics))
    return false;
  while (true) {
    if (!chooseMultiples() || !isWorthIt())
      return false;
    chooseInstances();
    size_t numChosen = sizes.size();
    if (!readInstances())
      return false;
    if (sizes.size() >= std::min(numChosen, kLeastInstances))
      return findAndCheckSizes() && findBounds() && findSpecial();
    // Sizes of other multiples become other programs: fewer are compiled for.
    bool isMore = false;
    for (Dim &dim : model.dims)
      if (!dim.isLeading && !dim.isCounted &&
          dim.typical % (2 * dim.multiple) == 0 &&
          2 * dim.multiple <= std::end(kMultiples)[-1]) {
        dim.multiple *= 2;
        isMore = true;
      }
    if (!isMore)
      return fail("", "can't be compiled for all sizes of " + getDimNames() +
                          ": it becomes different programs (" + differing +
                          ")");
  }
}

bool Analysis::run() {
  {
    MLIRContext context;
    context.loadDialect<device::DeviceDialect>();
    auto targets = getTargets(&context, options, given);
    auto gpus = getGpus(&context, options, given);
    if (!targets || !gpus)
      return false;
    model.numTargets = targets->size() + !gpus->empty();
  }
  if (!chooseTypical()) {
    given = std::move(diagnostics);
    return false;
  }
  model.typicalOptions = at(getTypicalSizes());
  // Any size, at the price of checks at borders where it needs them; else
  // multiples of something.
  auto takesAny = [&] {
    return llvm::all_of(model.dims,
                        [](const Dim &dim) { return dim.multiple == 1; });
  };
  if (solve(/*isRagged=*/false, takesAny))
    return true;
  diagnostics = {};
  if (solve(/*isRagged=*/true, takesAny))
    return true;
  diagnostics = {};
  if (solve(/*isRagged=*/false, [] { return true; }))
    return true;
  given = std::move(diagnostics);
  return false;
}

std::unique_ptr<DynamicModel>
DynamicModel::analyze(const CompileOptions &options, std::vector<Dim> dims,
                      DiagnosticList &diagnostics) {
  auto model = std::make_unique<DynamicModel>();
  model->dims = std::move(dims);
  if (!Analysis(options, *model, diagnostics).run())
    return nullptr;
  return model;
}

} // namespace dlc::dynamic
