// SPDX-License-Identifier: Apache-2.0
// Chooses the instances of a dynamic model and compares them.
#ifndef DLC_COMPILER_DYNAMIC_ANALYSIS_H
#define DLC_COMPILER_DYNAMIC_ANALYSIS_H

#include "compiler/dynamic/DynamicModel.h"
#include <random>

namespace dlc::dynamic {

/// Sizes that a dimension may be bound to multiples of.
inline constexpr int64_t kMultiples[] = {1, 2, 4, 8, 16, 32, 64};

/// Finds out how a model depends on its dimensions. Which instances there are
/// is decided in Sampling.cpp, what follows from them in Analysis.cpp.
class Analysis {
public:
  Analysis(const CompileOptions &options, DynamicModel &model,
           DiagnosticList &given)
      : options(options), model(model), given(given) {}

  bool run();

private:
  CompileOptions at(const Sizes &sizes) const;
  Sizes getTypicalSizes() const;
  bool lowerTypical(bool isRagged, DiagnosticList &problems);
  void addCounts(const std::vector<CountedExtent> &counts);
  bool chooseTypical();
  std::string compareWithTypical(const Sizes &sizes);
  std::string chooseMultiple(size_t d);
  bool chooseMultiples();
  void chooseInstances();
  using Instances = std::vector<std::pair<Sizes, InstanceNumbers>>;
  Instances readAll(llvm::ArrayRef<Sizes> wanted, DiagnosticList &problems);
  bool readInstances();
  bool findSizes();
  bool agrees(const Sizes &sizes, const InstanceNumbers &numbers);
  std::vector<Sizes> chooseChecked(std::minstd_rand &random) const;
  bool findAndCheckSizes();
  std::string checkSizes(const Sizes &sizes);
  std::string describe(const Dim &dim) const;
  bool findBounds();
  bool findSpecial();
  bool solve(bool isRagged, llvm::function_ref<bool()> isWorthIt);
  bool findPlan(SizeFinder &finder);
  bool findKernel(SizeFinder &finder, size_t k);
  std::optional<DynamicModel::LeafSize> findLeaf(SizeFinder &finder,
                                                 size_t kernel, size_t leaf);
  /// What an integer of a kernel is in all instances.
  Values getIntegers(size_t kernel, size_t leaf) {
    return gather([&](const InstanceNumbers &numbers) {
      return numbers.kernels[kernel].leaves[leaf].integer;
    });
  }
  void addAtoms(SizeFinder &finder, llvm::ArrayRef<size_t> indices);
  std::optional<Size> findFloat(llvm::ArrayRef<double> numbers,
                                bool &isReciprocal);
  bool fail(const std::string &node, std::string message) {
    return diagnostics.add(DiagnosticCode::DynamicDimension,
                           {options.model.name, node, "", -1},
                           std::move(message));
  }
  std::string getDimNames() const;
  Values gather(llvm::function_ref<int64_t(const InstanceNumbers &)> get) {
    Values values;
    for (const InstanceNumbers &numbers : instances)
      values.push_back(get(numbers));
    return values;
  }

  CompileOptions options;
  DynamicModel &model;
  DiagnosticList &given;      ///< the caller's
  DiagnosticList diagnostics; ///< of the attempt that goes on
  std::vector<Sizes> sizes;   ///< of each instance, the typical one first
  std::vector<InstanceNumbers> instances;
  std::string differing; ///< what differs in instances that were left out
  /// Whether an instance broke the rules: it has joined them, and all have to
  /// be read again.
  bool areRulesNew = false;
};

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_ANALYSIS_H
