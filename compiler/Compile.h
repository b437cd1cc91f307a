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
  /// After these, every output of every operator that they need, in the order
  /// of the nodes; those too that are among them. For debugging: what is an
  /// output is computed apart, and its memory is not shared.
  bool withInternals = false;
  /// What the extents that depend on values are taken for, in the order in
  /// which they are found; a size is chosen for those beyond. See
  /// docs/dynamic-shapes.md.
  std::vector<int64_t> counts;
  /// The most bytes that weights and arena together may need.
  int64_t memoryLimit = int64_t(1) << 40;
  /// The most operations that the graph may have once loops are unrolled.
  int64_t maxOperations = int64_t(1) << 18;
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
  /// The weights, or null.
  const NamedBytes *getParams() const { return params ? &*params : nullptr; }
  ImportOptions import;
  /// Sizes of the dynamic dimensions for which there is code of its own: the
  /// shapes of inputs that say them.
  std::vector<std::vector<InputOption>> specializations;

  /// Devices ("cpu"), CPU levels ("x86-64-v3", "native", ...) and SM numbers.
  /// Empty: the defaults of the pipeline.
  std::vector<std::string> targets;
  std::vector<std::string> cpus;
  std::vector<std::string> sms;
  std::string precision = "float32";
  /// Who computes plain products of matrices on GPUs: "generated" code,
  /// "cublas" wherever it can, "auto": where it is faster.
  std::string gemm = "auto";
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
  /// artifact's weights are then larger than the model's. Not with code for
  /// GPUs.
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

/// How wrong answers of a compiled model are traced.
struct BisectOptions {
  /// The model and its shapes; targets are taken from here, too.
  CompileOptions compile;
  /// The archive with inputs `in:NAME` and maybe wanted outputs `out:NAME`.
  std::string io;
  /// An output is right when max |got - want| <= absolute + relative max
  /// |want|.
  double relative = 1e-4, absolute = 1e-5;
  /// A folder for artifacts and their values, which the caller removes.
  std::string folder;
  /// Runs the artifact \p file on the inputs of the archive \p io and writes
  /// its outputs to the archive \p outputs; returns what failed, or "". Must be
  /// there: this library runs no code.
  std::function<std::string(const std::string &file, const std::string &io,
                            const std::string &outputs)>
      run;
  /// Called with what is done next; may be empty.
  std::function<void(const std::string &what)> onProgress;
};

struct BisectResult {
  DiagnosticList diagnostics;
  /// One output as something computes it beside the reference interpreter.
  struct Row {
    std::string what; ///< "the archive", "-O0" or "-O3"
    std::string output;
    double error = 0, limit = 0;
    bool isRight = false;
  };
  std::vector<Row> rows;
  /// What broke the model, or "" where nothing did: a pass, or a phase where
  /// no single pass is known.
  std::string pass;
  /// The first node that goes wrong, and its operator.
  std::string node, op;
  /// The smallest model found that goes wrong, a text of the graph stage that
  /// is also a lit test, and what it says of itself in one line.
  std::string model, summary;
  /// Its inputs and right results, where the test needs them beside it: the
  /// path of an archive in `folder`.
  std::string modelIo;
};

/// Computes a model with the reference interpreter of the graph stage and
/// compares: the archive's wanted outputs, every pass of the graph stage at -O0
/// and -O3 (by interpreting what it made of the model), and artifacts of both.
/// Where something differs, looks for the first node whose value differs and
/// for the smallest part of the model that shows it.
BisectResult bisectModel(const BisectOptions &options);

/// The library's functions, for those who open it with dlopen.
struct CompilerApi {
  /// sizeof(CompilerApi) of the library: functions are only added.
  size_t size;
  CompileResult (*compile)(const CompileOptions &options);
  DiagnosticList (*check)(const CompileOptions &options);
  InspectResult (*inspect)(const CompileOptions &options);
  BisectResult (*bisect)(const BisectOptions &options);
};

} // namespace dlc

/// Returns the functions of libdlc_compiler.so; the table is never freed.
extern "C" const dlc::CompilerApi *dlc_compiler_api_v1();

#endif // DLC_COMPILER_COMPILE_H
