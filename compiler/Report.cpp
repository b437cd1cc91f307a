// SPDX-License-Identifier: Apache-2.0
// What the compiler decided for a model and why, for people to look at.
#include "compiler/Report.h"

#include "codegen/artifact/Description.h"
#include "compiler/LaunchCost.h"
#include "compiler/NodeName.h"
#include "compiler/Reasons.h"
#include "dialects/device/DeviceOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/plan/Liveness.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace json = llvm::json;

namespace dlc {

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

void RemarkLog::add(ReportRemark remark) {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<ReportRemark> &list = lists[{remark.category, remark.function}];
  auto isSame = [&](const ReportRemark &other) {
    return other.kind == remark.kind && other.node == remark.node &&
           other.text == remark.text;
  };
  if (llvm::none_of(list, isSame))
    list.push_back(std::move(remark));
}

std::vector<ReportRemark> RemarkLog::take() {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<ReportRemark> all;
  for (auto &entry : lists)
    llvm::append_range(all, entry.second);
  lists.clear();
  return all;
}

namespace {
class LogStreamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit LogStreamer(std::shared_ptr<RemarkLog> log) : log(std::move(log)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string text;
    for (const remark::detail::Remark::Arg &arg : remark.getArgs())
      text += arg.val;
    StringRef function = remark.getFunction();
    if (function.starts_with("<"))
      function = "";
    log->add({remark.getCategoryName().str(), remark.getRemarkName().str(),
              function.str(), getNodeName(remark.getLocation()), text});
  }

private:
  std::shared_ptr<RemarkLog> log;
};
} // namespace

void collectRemarks(MLIRContext &context, std::shared_ptr<RemarkLog> log) {
  // A kind without a pattern of its own is off, whatever the one for all says.
  std::string any = ".*";
  remark::RemarkCategories categories{any, any, any, any, any};
  // Fails only where a streamer or policy is missing.
  (void)remark::enableOptimizationRemarks(
      context, std::make_unique<LogStreamer>(std::move(log)),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

//===----------------------------------------------------------------------===//
// The report
//===----------------------------------------------------------------------===//

/// The buffers of the arena and the steps that they live in.
static void writeBuffers(json::OStream &out, device::ProgramOp program) {
  plan::Liveness liveness(program);
  // A buffer is called like the step that writes it first.
  auto getName = [&](device::SlotOp slot) {
    device::LaunchOp writer =
        liveness.getLaunches()[liveness.getSpan(slot.getResult()).first];
    std::string name;
    if (ArrayAttr nodes = writer.getNodesAttr(); nodes && !nodes.empty())
      name = cast<StringAttr>(nodes.getValue().back()).str();
    return name.empty() ? getNodeName(slot.getLoc()) : name;
  };
  out.attributeArray("buffers", [&] {
    for (auto slot : program.getBody().getOps<device::SlotOp>()) {
      if (!liveness.isUsed(slot.getResult()))
        continue;
      std::pair<unsigned, unsigned> span = liveness.getSpan(slot.getResult());
      auto type = cast<MemRefType>(slot.getType());
      out.object([&] {
        out.attribute("name", json::fixUTF8(getName(slot)));
        out.attribute("offset", int64_t(slot.getOffset().value_or(0)));
        out.attribute("bytes", device::getSizeInBytes(type).value_or(0));
        out.attribute("first", span.first);
        out.attribute("last", span.second);
      });
    }
  });
}

/// The speeds and sizes that the estimates are made with.
static void writeTargets(json::OStream &out, ArrayAttr targets) {
  out.attributeArray("targets", [&] {
    for (auto target : targets.getAsRange<device::TargetAttr>())
      out.object([&] {
        out.attribute("name", target.getName().getValue());
        out.attribute("peak_gflops", getFlopsPerNs(target));
        out.attributeObject("cache_bytes", [&] {
          out.attribute("L1", target.getL1Bytes());
          out.attribute("L2", target.getL2Bytes());
          out.attribute("L3", target.getL3Bytes());
        });
        out.attributeObject("bandwidth_gbs", [&] {
          for (unsigned i = 0; i < kNumMemoryLevels; ++i) {
            auto level = static_cast<MemoryLevel>(i);
            out.attribute(getName(level), getBytesPerNs(target, level));
          }
        });
      });
  });
}

static void writeEstimate(json::OStream &out, device::LaunchOp launch,
                          device::TargetAttr target, device::VariantAttr code,
                          int64_t bytesOfRun) {
  LaunchCost cost = estimateCost(launch, target, code, bytesOfRun);
  out.object([&] {
    out.attribute("ns", cost.getNs());
    out.attribute("roof_ns", cost.getRoofNs());
    out.attribute("compute_ns", cost.computeNs);
    out.attributeArray("reads", [&] {
      for (const MemoryRead &read : cost.reads)
        out.object([&] {
          out.attribute("level", getName(read.level));
          out.attribute("bytes", read.bytes);
        });
    });
    out.attributeArray("reasons", [&] {
      for (const std::string &reason : explainCost(cost, launch, target, code))
        out.value(reason);
    });
  });
}

static void writeStep(json::OStream &out, const artifact::StepSpec &step,
                      device::LaunchOp launch, ArrayAttr targets,
                      int64_t bytesOfRun) {
  out.attribute("kernel", launch.getCallee());
  out.attributeArray("nodes", [&] {
    for (const std::string &node : step.nodes)
      out.value(json::fixUTF8(node));
  });
  out.attribute("flops", step.flops);
  out.attribute("bytes", step.bytes);
  out.attribute("cost_ns", step.costNs);
  auto module = launch->getParentOfType<ModuleOp>();
  auto kernel = module.lookupSymbol<device::KernelOp>(launch.getCallee());
  out.attributeArray("estimates", [&] {
    for (auto [code, target] :
         llvm::zip(kernel.getVariants().getAsRange<device::VariantAttr>(),
                   targets.getAsRange<device::TargetAttr>()))
      writeEstimate(out, launch, target, code, bytesOfRun);
  });
}

static void writeSteps(json::OStream &out, const artifact::ArtifactSpec &spec,
                       device::ProgramOp program) {
  auto targets = program->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(
      "device.targets");
  writeTargets(out, targets);
  int64_t bytesOfRun = getBytesOfRun(program);
  auto launches = program.getBody().getOps<device::LaunchOp>();
  out.attributeArray("steps", [&] {
    auto launch = launches.begin();
    for (const artifact::StepSpec &step : spec.steps)
      out.object([&] { writeStep(out, step, *launch++, targets, bytesOfRun); });
  });
}

static void writeRemarks(json::OStream &out,
                         const std::vector<ReportRemark> &remarks) {
  out.attributeArray("remarks", [&] {
    for (const ReportRemark &remark : remarks)
      out.object([&] {
        out.attribute("category", remark.category);
        out.attribute("kind", remark.kind);
        out.attribute("function", remark.function);
        out.attribute("node", json::fixUTF8(remark.node));
        out.attribute("text", json::fixUTF8(remark.text));
      });
  });
}

std::string writeReport(ModuleOp module, const artifact::ArtifactSpec &spec,
                        const std::vector<ReportRemark> &remarks) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  json::OStream out(stream);
  out.object([&] {
    out.attributeBegin("artifact");
    out.rawValue(artifact::writeMetadata(spec));
    out.attributeEnd();
    device::ProgramOp program = *module.getOps<device::ProgramOp>().begin();
    writeBuffers(out, program);
    writeSteps(out, spec, program);
    writeRemarks(out, remarks);
  });
  return text;
}

} // namespace dlc
