// SPDX-License-Identifier: Apache-2.0
// Chooses the sizes of the instances of a dynamic model.
#include "compiler/dynamic/Analysis.h"

#include "compiler/Backend.h"

using namespace mlir;

namespace dlc::dynamic {

/// Instances of consecutive sizes: a prime, so that each dimension runs through
/// all its sizes with a stride of its own.
static constexpr size_t kConsecutive = 37;
/// The same where a leading dimension, which counts things (batches), is the
/// only one.
static constexpr size_t kConsecutiveBatches = 11;
/// Instances of smaller sizes.
static constexpr int64_t kSmall = 8;
/// Further instances, each dimension so many times its typical size and a bit.
static constexpr int64_t kFar[] = {3, 7, 16, 40};
/// Bounds with fewer sizes than this are left to have more instances.
static constexpr int64_t kLeastSizes = 5;

CompileOptions Analysis::at(const Sizes &sizes) const {
  CompileOptions result = options;
  result.import = instantiate(options.import, model.dims, sizes);
  return result;
}

Sizes Analysis::getTypicalSizes() const {
  Sizes sizes;
  for (const Dim &dim : model.dims)
    sizes.push_back(dim.typical);
  return sizes;
}

std::string Analysis::getDimNames() const {
  std::string names;
  for (const Dim &dim : model.dims)
    names += (names.empty() ? "" : ", ") + dim.name;
  return names;
}

/// Makes dimensions of what the typical instance counts.
void Analysis::addCounts(const std::vector<CountedExtent> &counts) {
  size_t known =
      llvm::count_if(model.dims, [](const Dim &dim) { return dim.isCounted; });
  for (const CountedExtent &count : ArrayRef(counts).drop_front(known)) {
    Dim dim;
    dim.name = "count(" + count.node + ")";
    // A loop has a node several times.
    for (int number = 2;
         llvm::any_of(model.dims,
                      [&](const Dim &other) { return other.name == dim.name; });
         ++number)
      dim.name = "count(" + count.node + "#" + std::to_string(number) + ")";
    dim.low = 0;
    dim.typical = count.size;
    dim.input = count.node;
    dim.isCounted = true;
    model.dims.push_back(dim);
  }
}

bool Analysis::lowerTypical(bool isRagged, DiagnosticList &problems) {
  Choices choices;
  choices.isRagged = isRagged;
  auto lowered = lowerInstance(at(getTypicalSizes()), choices, problems);
  if (!lowered)
    return false;
  model.rules.typical = std::move(lowered->extents);
  model.rules.order = std::move(lowered->order);
  model.rules.choices = std::move(choices);
  model.rules.others.clear();
  addCounts(lowered->counts);
  return true;
}

bool Analysis::chooseTypical() {
  DiagnosticList first;
  for (const Sizes &typical : dynamic::getTypicalSizes(model.dims)) {
    for (auto [dim, size] : llvm::zip(model.dims, typical))
      dim.typical = size;
    DiagnosticList problems;
    if (lowerTypical(/*isRagged=*/false, problems))
      return true;
    if (first.empty())
      first = std::move(problems);
  }
  for (const Diagnostic &problem : first.get())
    diagnostics.add(problem.code, problem.place, problem.message);
  return first.empty()
             ? fail("", "can't be compiled for any size of " + getDimNames())
             : false;
}

/// Returns why the model at \p sizes isn't the typical one but for numbers, or
/// "". What it is joins the rules.
std::string Analysis::compareWithTypical(const Sizes &sizes) {
  DiagnosticList problems;
  Choices choices = model.rules.choices;
  auto lowered = lowerInstance(at(sizes), choices, problems);
  if (!lowered)
    return problems.empty()
               ? "can't be lowered"
               : "is wrong (" + problems.get().front().message + ")";
  if (auto difference = findDifference(lowered->extents, model.rules.typical))
    return "becomes a different program (kernel '" + *difference + "')";
  model.rules.others.push_back(std::move(lowered->extents));
  return "";
}

/// Finds what the sizes of dimension \p d have to be multiples of; returns why
/// there is nothing, or "".
std::string Analysis::chooseMultiple(size_t d) {
  Dim &dim = model.dims[d];
  std::string reason;
  for (int64_t multiple : kMultiples) {
    if (multiple < dim.multiple)
      continue;
    // Values give any number.
    if (dim.typical % multiple != 0 || (dim.isCounted && multiple > 1))
      break;
    size_t numOthers = model.rules.others.size();
    std::string problem;
    for (int64_t factor : {1, 3}) {
      Sizes sizes = getTypicalSizes();
      int64_t step = factor * multiple;
      sizes[d] += sizes[d] + step > dim.high && sizes[d] - step >= dim.low
                      ? -step
                      : step;
      problem = compareWithTypical(sizes);
      if (!problem.empty())
        break;
    }
    if (problem.empty()) {
      dim.multiple = multiple;
      return "";
    }
    model.rules.others.resize(numOthers);
    reason = problem;
  }
  return reason;
}

/// What messages call \p dim.
std::string Analysis::describe(const Dim &dim) const {
  return dim.isCounted ? "the number of elements that it counts"
                       : "input '" + dim.input + "': the dimension " + dim.name;
}

bool Analysis::chooseMultiples() {
  model.rules.others.clear();
  for (auto [d, dim] : llvm::enumerate(model.dims))
    if (std::string reason = chooseMultiple(d); !reason.empty())
      return fail(dim.isCounted ? dim.input : "",
                  describe(dim) + " can't be dynamic: at another size than " +
                      std::to_string(dim.typical) + " the model " + reason);
  return true;
}

namespace {
/// The sizes of a dimension that instances may have, in units of its multiple.
struct SizeRange {
  int64_t first, count;

  int64_t at(int64_t step) const { return first + step % count; }
};
} // namespace

/// \p count sizes around the typical one, within the bounds unless these are so
/// narrow that they say too little.
static SizeRange getRange(const Dim &dim, int64_t count) {
  int64_t typical = dim.typical / dim.multiple;
  int64_t least = llvm::divideCeil(std::max<int64_t>(dim.low, 2), dim.multiple);
  int64_t greatest = dim.high / dim.multiple;
  if (greatest - least + 1 < kLeastSizes)
    return {typical, count};
  int64_t first = std::max(least, std::min(typical, greatest - count + 1));
  return {first, std::min(count, greatest - first + 1)};
}

void Analysis::chooseInstances() {
  sizes.clear();
  instances.clear();
  bool isBatch = model.dims.size() == 1 && model.dims.front().isLeading;
  size_t count = isBatch ? kConsecutiveBatches : kConsecutive;
  sizes.push_back(getTypicalSizes());
  auto add = [&](llvm::function_ref<int64_t(size_t d, const Dim &dim)> get) {
    Sizes instance;
    for (auto [d, dim] : llvm::enumerate(model.dims))
      instance.push_back(get(d, dim) * dim.multiple);
    if (!llvm::is_contained(sizes, instance))
      sizes.push_back(instance);
  };
  for (size_t i = 0; i < count; ++i)
    add([&](size_t d, const Dim &dim) {
      return getRange(dim, count).at(i * (1 + 6 * d) % count);
    });
  // Smaller ones.
  for (int64_t i = 0; i < kSmall; ++i)
    add([&](size_t d, const Dim &dim) {
      SizeRange range = getRange(dim, count);
      if (range.count < int64_t(count))
        return range.at(i + d);
      int64_t typical = dim.typical / dim.multiple;
      int64_t least =
          llvm::divideCeil(std::max<int64_t>(dim.low, 2), dim.multiple);
      return std::max(least, typical / 8 + i * (typical / 10) + int64_t(d));
    });
  // Far ones of each dimension alone, so that no other can be taken for it, and
  // of all together.
  for (size_t which = 0; which <= model.dims.size(); ++which)
    for (auto [i, factor] : llvm::enumerate(kFar))
      add([&, i = i, factor = factor](size_t d, const Dim &dim) {
        SizeRange range = getRange(dim, count);
        size_t step = i + 5 * d + 3 * which;
        bool isFar = which == d || which == model.dims.size();
        if (!isFar || range.count < int64_t(count))
          return range.at(step);
        return std::min<int64_t>(dim.typical * factor / dim.multiple + step,
                                 dim.high / dim.multiple);
      });
}

/// What differs between two instances but numbers; "" where nothing does.
static std::string findDifference(const InstanceNumbers &a,
                                  const InstanceNumbers &b) {
  if (a.planStructure != b.planStructure || a.names.size() != b.names.size())
    return "its plan or its constants";
  for (auto [i, kernel] : llvm::enumerate(a.kernels))
    if (kernel.structure != b.kernels[i].structure)
      return "kernel '" + a.names[i] + "'";
  return "";
}

/// Reads the instances \p wanted. Those of another structure than the typical
/// one are left out: they are another way to compute the same. The first is the
/// typical one where there is none yet.
Analysis::Instances Analysis::readAll(ArrayRef<Sizes> wanted,
                                      DiagnosticList &problems) {
  std::vector<std::optional<InstanceNumbers>> read(wanted.size());
  std::vector<DiagnosticList> found(wanted.size());
  forEachInParallel(wanted.size(), options.threads, [&](size_t i) {
    read[i] = readInstance(at(wanted[i]), model.rules, found[i]);
  });
  problems = found.front();
  differing.clear();
  Instances result;
  areRulesNew = false;
  for (const std::optional<InstanceNumbers> &numbers : read)
    if (numbers && breaksRules(numbers->extents, model.rules.typical,
                               model.rules.others)) {
      model.rules.others.push_back(numbers->extents);
      areRulesNew = true;
    }
  for (auto [sizes, numbers, problem] : llvm::zip(wanted, read, found)) {
    if (instances.empty() && result.empty() && !numbers)
      return result;
    const InstanceNumbers &typical = !instances.empty() ? instances.front()
                                     : !result.empty()  ? result.front().second
                                                        : *numbers;
    std::string difference = numbers ? findDifference(*numbers, typical)
                             : problem.empty() ? "its plan"
                                               : problem.get().front().message;
    if (difference.empty())
      result.emplace_back(sizes, std::move(*numbers));
    else
      differing = difference;
  }
  return result;
}

bool Analysis::readInstances() {
  DiagnosticList problems;
  instances.clear();
  Instances read;
  do
    read = readAll(sizes, problems);
  while (areRulesNew);
  if (read.empty()) {
    for (const Diagnostic &problem : problems.get())
      diagnostics.add(problem.code, problem.place, problem.message);
    return problems.empty()
               ? fail("", "can't be lowered for sizes of " + getDimNames())
               : false;
  }
  sizes.clear();
  for (auto &[instance, numbers] : read) {
    sizes.push_back(instance);
    instances.push_back(std::move(numbers));
  }
  model.planStructure = instances.front().planStructure;
  return true;
}

} // namespace dlc::dynamic
