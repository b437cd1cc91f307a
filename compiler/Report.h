// SPDX-License-Identifier: Apache-2.0
// What the compiler decided for a model and why, for people to look at.
#ifndef DLC_COMPILER_REPORT_H
#define DLC_COMPILER_REPORT_H

#include "codegen/artifact/Spec.h"
#include "mlir/IR/BuiltinOps.h"
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dlc {

/// A decision of a pass: an MLIR remark.
struct ReportRemark {
  std::string category; ///< "fusion", "layout", "schedule", ...
  std::string kind;     ///< the remark's name within its category
  std::string function; ///< the kernel that it is about; may be empty
  std::string node;     ///< the model's operator; may be empty
  std::string text;
};

/// The remarks of one compilation. Passes may add to it from several threads.
class RemarkLog {
public:
  void add(ReportRemark remark);
  /// The remarks without repetitions, in an order that doesn't depend on
  /// threads: by category, then as they were made within a function.
  std::vector<ReportRemark> take();

private:
  std::mutex mutex;
  /// By category and function: one thread at a time lowers a function.
  std::map<std::pair<std::string, std::string>, std::vector<ReportRemark>>
      lists;
};

/// Has the remarks of every pass that runs in \p context added to \p log.
void collectRemarks(mlir::MLIRContext &context, std::shared_ptr<RemarkLog> log);

/// Describes the planned program of \p module (LLVM stage) as one JSON object:
///
/// - "artifact": what `dlc inspect --json` says of it;
/// - "buffers": of the arena: "name", "offset" and "bytes", and the "first" and
///   the "last" step that touch it;
/// - "targets": "name", "peak_gflops", "cache_bytes" and "bandwidth_gbs" by
///   level, of one core, as the table of targets has them;
/// - "steps": each with its "kernel", "nodes", "flops", "bytes" (read and
///   written), "cost_ns" (the compiler's estimate on one thread) and, for each
///   target, "estimates": "ns"; "roof_ns", what FMA units and memory allow;
///   "compute_ns", with all data in L1; "reads", the "bytes" that come from
///   each "level" of memory; "reasons" why "ns" is more than "roof_ns";
/// - "remarks": "category", "kind", "function", "node", "text".
std::string writeReport(mlir::ModuleOp module,
                        const artifact::ArtifactSpec &spec,
                        const std::vector<ReportRemark> &remarks);

} // namespace dlc

#endif // DLC_COMPILER_REPORT_H
