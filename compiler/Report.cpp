// SPDX-License-Identifier: Apache-2.0
// What the compiler decided for a model and why, for people to look at.
#include "compiler/Report.h"

#include "codegen/artifact/Description.h"
#include "compiler/NodeName.h"
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

static void writeSteps(json::OStream &out, const artifact::ArtifactSpec &spec) {
  out.attributeArray("steps", [&] {
    for (const artifact::StepSpec &step : spec.steps)
      out.object([&] {
        out.attribute("kernel", spec.kernels[step.kernel].name);
        out.attributeArray("nodes", [&] {
          for (const std::string &node : step.nodes)
            out.value(json::fixUTF8(node));
        });
        out.attribute("flops", step.flops);
        out.attribute("bytes", step.bytes);
        out.attribute("cost_ns", step.costNs);
      });
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
    writeBuffers(out, *module.getOps<device::ProgramOp>().begin());
    writeSteps(out, spec);
    writeRemarks(out, remarks);
  });
  return text;
}

} // namespace dlc
