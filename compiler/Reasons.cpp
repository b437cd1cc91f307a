// SPDX-License-Identifier: Apache-2.0
// Why a kernel can't be as fast as FMA units and memory would allow.
#include "compiler/Reasons.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;

namespace dlc {

/// Parts of the time below this one are not worth a word.
static constexpr double kLeastShare = 0.1;

namespace {
class Explanation {
public:
  Explanation(const LaunchCost &cost, device::LaunchOp launch,
              device::TargetAttr target, device::VariantAttr code)
      : cost(cost), flops(double(launch.getFlops())), target(target),
        code(code) {}

  std::vector<std::string> run();

private:
  void addLimits(DictionaryAttr limits);
  void addArithmetic(double share);
  void addMemory();
  double get(StringRef fact) const {
    auto attr = code.getWork().getAs<IntegerAttr>(fact);
    return attr ? double(attr.getInt()) : 0;
  }
  void add(double share, std::string text) {
    if (share >= kLeastShare)
      reasons.push_back({share, std::move(text)});
  }

  const LaunchCost &cost;
  double flops;
  device::TargetAttr target;
  device::VariantAttr code;
  std::vector<std::pair<double, std::string>> reasons; ///< with their shares
};
} // namespace

static std::string percent(double share) {
  return llvm::formatv("{0:f0} %", 100 * share);
}

/// What keeps the arithmetic units busy besides the model's own operations.
void Explanation::addArithmetic(double share) {
  double products = 2 * get("products"), others = get("operations");
  // Only where most of the work is a contraction's do its lanes compare with
  // the model's count.
  if (products > others) {
    if (flops > 0 && products > 1.1 * flops)
      add(share * (1 - flops / products),
          llvm::formatv("padding: {0} of the lanes of multiply-adds are beyond "
                        "the last row, column or channel",
                        percent(1 - flops / products)));
    if (others > 0.1 * products)
      add(share * others / (products + others),
          llvm::formatv(
              "{0:f1} operations beside each 10 of the multiply-adds: "
              "transforms, epilogues, functions",
              20 * others / products));
    return;
  }
  if (flops == 0 || others > 1.3 * flops)
    add(share * (flops == 0 ? 1 : 1 - flops / others),
        flops == 0
            ? "arithmetic that the model doesn't count"
            : llvm::formatv("{0:f1} operations for each that the model counts: "
                            "functions such as exp count as one, a comparison "
                            "as none",
                            (products + others) / flops)
                  .str());
}

void Explanation::addLimits(DictionaryAttr limits) {
  double cycles = get("cycles");
  double computeShare = std::min(1.0, cost.computeNs / cost.getNs());
  auto getShare = [&](StringRef limit) {
    auto attr = limits.getAs<IntegerAttr>(limit);
    return attr ? computeShare * double(attr.getInt()) / cycles : 0.0;
  };
  auto addLimit = [&](StringRef limit, const Twine &text) {
    double share = getShare(limit);
    add(share, (Twine(percent(share)) + " of the time " + text).str());
  };
  addArithmetic(getShare("arithmetic"));
  // Multiplying and adding in different instructions is half of the peak.
  if (get("products") == 0 && flops > 0)
    add(getShare("arithmetic") / 2,
        "adds, multiplies or compares: half of what multiply-adds reach");
  addLimit("load", "loads: more than its arithmetic needs");
  addLimit("store", "stores");
  addLimit("shuffle", get("gathered") > 0
                          ? "gathers: elements of a vector lie apart in memory"
                          : "moves lanes within and between vectors");
  addLimit("divide", "divides or takes square roots");
  addLimit("issue", get("scalars") > get("operations") / 8
                        ? "runs scalar code: elements that fill no vector"
                        : "starts instructions: loops, addresses, moves");
  addLimit("latency", "waits for the sum of the iteration before: a chain with "
                      "nothing beside it");
  addLimit("call", "calls libm, for one number at a time");
  addLimit("loop", "enters and leaves short loops");
}

void Explanation::addMemory() {
  if (code.getPhases() > 1)
    add(kLeastShare,
        llvm::formatv("{0} steps in sequence: each needs the one before, and "
                      "reads the weights again",
                      code.getPhases()));
  // That all of it happens at once is what a roof assumes.
  double waiting = LaunchCost::exposed *
                   std::min(cost.computeNs, cost.memoryNs) / cost.getNs();
  add(waiting, percent(waiting) +
                   " of the time waits for data: its arithmetic doesn't hide "
                   "all of it");
}

std::vector<std::string> Explanation::run() {
  add(LaunchCost::launchNs / cost.getNs(),
      llvm::formatv("takes {0:f2} us in all: launching it is {1} of that",
                    cost.getNs() / 1000,
                    percent(LaunchCost::launchNs / cost.getNs())));
  DictionaryAttr work = code.getWork();
  if (work && get("cycles") > 0)
    addLimits(work.getAs<DictionaryAttr>("limits"));
  addMemory();
  llvm::sort(reasons, std::greater<>());
  std::vector<std::string> texts;
  for (auto &[share, text] : reasons)
    texts.push_back(std::move(text));
  return texts;
}

std::vector<std::string> explainCost(const LaunchCost &cost,
                                     device::LaunchOp launch,
                                     device::TargetAttr target,
                                     device::VariantAttr code) {
  return Explanation(cost, launch, target, code).run();
}

} // namespace dlc
