// SPDX-License-Identifier: Apache-2.0
// The compiler as a library: options in, an artifact or diagnostics out.
//
// Everything here is re-entrant: calls may run at once on several threads.
// Nothing prints, exits or aborts. Only this header, not the library's ABI, is
// meant to be stable; libdlc_compiler.so and its user are built together.
#ifndef DLC_COMPILER_COMPILE_H
#define DLC_COMPILER_COMPILE_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlc {

/// Bytes and the name that diagnostics give them.
struct NamedBytes {
  std::string name;
  std::string_view bytes;
  /// Keeps the bytes alive; may be null if the caller does.
  std::shared_ptr<const void> owner;
};

/// One dimension of an input: a size, or the name of a dynamic one.
struct InputDim {
  int64_t size = 0;
  std::string name;
};

/// What --input says of a variable.
struct InputOption {
  std::string name;
  std::vector<InputDim> shape;
  std::optional<ElementType> type;
};

/// What --dim says of a dynamic dimension.
struct DimOption {
  std::string name;
  int64_t low = 1, high = 1;
};

/// How a model is read.
struct ImportOptions {
  std::vector<InputOption> inputs;
  std::vector<DimOption> dims;
  /// Names of outputs, internal ones too; empty: the model's own.
  std::vector<std::string> outputs;
  /// The most bytes that weights and arena together may need.
  int64_t memoryLimit = int64_t(1) << 40;
};

/// What compilation ends in; in the order of the pipeline.
enum class Stage { Graph, Kernels, Plan, LLVM, Asm, Ptx, Obj, So };

/// The names that --emit has for the stages, in their order.
inline constexpr std::string_view stageNames[] = {
    "graph", "kernels", "plan", "llvm", "asm", "ptx", "obj", "so"};

/// Returns the name that --emit has for \p stage.
inline std::string_view getStageName(Stage stage) {
  return stageNames[static_cast<size_t>(stage)];
}

/// Parses such a name.
inline std::optional<Stage> parseStageName(std::string_view name) {
  for (size_t i = 0; i < std::size(stageNames); ++i)
    if (stageNames[i] == name)
      return static_cast<Stage>(i);
  return std::nullopt;
}

/// True if the stage is a text, with its weights in a file beside it.
inline bool isTextStage(Stage stage) { return stage <= Stage::Ptx; }

/// How schedules of kernels are chosen by measuring.
struct TuneOptions {
  /// Seconds that measuring may take; 0: nothing is measured.
  double seconds = 0;
  /// Winners that are known already; new ones are added. Empty: no file.
  std::string cacheFile;
  /// Runs the artifact \p file, which has no inputs and outputs, on one thread
  /// again and again for about \p seconds, and returns the nanoseconds of each
  /// step of each run; nothing where that fails. Must be there to measure:
  /// this library runs no code.
  std::function<std::vector<std::vector<double>>(const std::string &file,
                                                 double seconds)>
      measure;
};

/// What came of it.
struct TuneSummary {
  size_t kernels = 0;  ///< different ones with a choice, for each target
  size_t measured = 0; ///< of these
  size_t known = 0;    ///< from the file
  size_t faster = 0;   ///< those with another schedule than the cost model's
  size_t skipped = 0;  ///< for lack of time, or since measuring them failed
  double seconds = 0;
  /// Why the file could not be used; empty where it could.
  std::string warning;
};

struct CompileOptions {
  /// An MXNet symbol, or the text of a stage.
  NamedBytes model;
  /// The model's weights: .params, or safetensors (always so for a stage).
  std::optional<NamedBytes> params;
  ImportOptions import;

  /// Devices ("cpu"), CPU levels ("x86-64-v3", "native", ...) and SM numbers.
  /// Empty: the defaults of the pipeline.
  std::vector<std::string> targets;
  std::vector<std::string> cpus;
  std::vector<std::string> sms;
  std::string precision = "float32";
  /// The model's name inside the artifact. Empty: what the text of a stage
  /// says, else "model".
  std::string name;
  /// The name from which the generated header makes its prefix.
  std::string headerName = "model";
  bool withGradients = false;
  /// The arguments to differentiate; empty: all that can be.
  std::vector<std::string> wrt;

  Stage emit = Stage::So;
  /// 0 to 3.
  unsigned optimizationLevel = 3;
  /// Whether Winograd's filtering may be used for convolutions: faster, but the
  /// artifact's weights are then larger than the model's.
  bool winograd = true;
  /// The compiler's own threads; 0: one for each CPU.
  unsigned threads = 0;
  /// Reference inputs and outputs to embed, an .npz archive.
  std::optional<NamedBytes> embedTest;
  /// Folder for the text after each stage; empty: none.
  std::string dumpDir;
  /// Whether CompileResult::report is wanted.
  bool wantsReport = false;

  TuneOptions tune;

  /// Called with the name of each stage as it begins and with what is tuned;
  /// may be empty.
  std::function<void(std::string_view stage)> onProgress;
  /// Polled between stages; returning true ends the compilation.
  std::function<bool()> isCancelled;

  /// Takes the bytes of the result in order, piece by piece; returns false to
  /// stop. For a text stage the text alone, see onWeights.
  std::function<bool(std::string_view bytes)> onOutput;
  /// Takes the safetensors file that belongs to the text of a stage.
  std::function<bool(std::string_view bytes)> onWeights;
};

struct CompileResult {
  /// Empty on success.
  DiagnosticList diagnostics;
  /// The C header of the memory contract (for Stage::So and Stage::Obj).
  std::string header;
  /// Kernels, memory plan and the decisions that led to them, as JSON (see
  /// Report.h); where it is wanted, and from Stage::Asm on.
  std::string report;
  TuneSummary tune;
};

/// Compiles a model.
CompileResult compile(const CompileOptions &options);

/// Finds every problem of a model, as compile() would, without lowering it.
/// Without input shapes only what does not depend on them is checked.
DiagnosticList check(const CompileOptions &options);

struct InspectResult {
  DiagnosticList diagnostics;
  /// One JSON object: "format", "inputs" and "outputs" (name, dtype, shape),
  /// "operators" (count by type), "parameters" (name, dtype, shape),
  /// "params_bytes" and "flops". What can't be known for lack of shapes is left
  /// out.
  std::string json;
};

/// Describes a model.
InspectResult inspect(const CompileOptions &options);

/// The library's functions, for those who open it with dlopen.
struct CompilerApi {
  /// sizeof(CompilerApi) of the library: functions are only added.
  size_t size;
  CompileResult (*compile)(const CompileOptions &options);
  DiagnosticList (*check)(const CompileOptions &options);
  InspectResult (*inspect)(const CompileOptions &options);
};

} // namespace dlc

/// Returns the functions of libdlc_compiler.so; the table is never freed.
extern "C" const dlc::CompilerApi *dlc_compiler_api_v1();

#endif // DLC_COMPILER_COMPILE_H
