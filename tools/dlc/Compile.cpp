// SPDX-License-Identifier: Apache-2.0
// `dlc compile`: a model in, an artifact or the text of a stage out.
#include "compiler/OutputFile.h"
#include "compiler/import/MappedFile.h"
#include "tools/dlc/Commands.h"
#include "tools/dlc/CompileFlags.h"
#include "tools/dlc/CompilerLibrary.h"
#include "tools/dlc/CrashHandler.h"
#include "tools/dlc/ModelPath.h"
#include "tools/dlc/Repeated.h"
#include "tools/dlc/Size.h"
#include "tools/dlc/Tune.h"
#include "tools/dlc/report/Report.h"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace dlc::tool {

namespace {
struct CompileCommand {
  ModelFlags model;
  CompileOptions options;
  std::string output, name, header, embedTest, report;
  std::string profile;     ///< the trace that the report shows
  std::string profileText; ///< its contents
  std::string emit = "so", memoryLimit;
  std::string tune, tuneCache;
  bool quiet = false;
};
} // namespace

/// The header's name by default: the output's stem, as a C identifier.
static std::string getHeaderName(const std::string &output) {
  std::string name = std::filesystem::path(output).stem().string();
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name.empty() ? "model" : name;
}

/// Shows the stage that runs, on a terminal only.
static void showProgress(CompileOptions &options, bool quiet) {
  if (quiet || !isatty(STDERR_FILENO))
    return;
  options.onProgress = [](std::string_view stage) {
    std::fprintf(stderr, "\r\033[K%.*s ...", static_cast<int>(stage.size()),
                 stage.data());
    std::fflush(stderr);
  };
}

static void endProgress(const CompileOptions &options) {
  if (options.onProgress)
    std::fputs("\r\033[K", stderr);
}

/// Flags whose features are for later.
static bool checkSupport(const CompileCommand &command,
                         DiagnosticList &diagnostics) {
  auto refuse = [&](const char *flag) {
    diagnostics.add(DiagnosticCode::UnsupportedOption,
                    {command.model.model, "", "", -1},
                    std::string(flag) + " is not supported yet");
  };
  if (command.options.withGradients || !command.options.wrt.empty())
    refuse("--gradients");
  const std::string &precision = command.options.precision;
  static constexpr std::string_view precisions[] = {"float32", "tf32",
                                                    "float16", "bfloat16"};
  if (std::find(std::begin(precisions), std::end(precisions), precision) ==
      std::end(precisions))
    diagnostics.add(DiagnosticCode::UnsupportedOption,
                    {command.model.model, "", "", -1},
                    "--precision '" + precision +
                        "' is not one of float32, tf32, float16, bfloat16");
  return diagnostics.empty();
}

/// After an internal error: compiles again with the text of each stage kept and
/// says what to do with it.
static void keepReproducer(const CompilerApi &compiler,
                           const CompileCommand &command) {
  CompileOptions options = command.options;
  if (options.dumpDir.empty()) {
    options.dumpDir = command.output == "-" ? "dlc" : command.output;
    options.dumpDir += ".reproducer";
    options.onOutput = options.onWeights = nullptr;
    compiler.compile(options);
  }
  std::fprintf(stderr,
               "this is a defect of dlc " DLC_VERSION
               ": please report it with the command line and the folder '%s', "
               "which holds the text of each stage up to the failure\n",
               options.dumpDir.c_str());
}

/// Writes the files besides the output that the flags ask for.
static bool writeExtras(const CompileCommand &command,
                        const CompileResult &result,
                        DiagnosticList &diagnostics) {
  DiagnosticPlace place{command.model.model, "", "", -1};
  auto refuse = [&](const char *flag) {
    return diagnostics.add(DiagnosticCode::UnsupportedOption, place,
                           std::string(flag) +
                               " needs a model that is not yet assembly, and "
                               "--emit=so or obj");
  };
  if (!command.header.empty() &&
      (result.header.empty()
           ? !refuse("--header")
           : !writeFile(command.header, result.header, diagnostics)))
    return false;
  if (command.report.empty())
    return true;
  if (result.report.empty())
    return refuse("--report");
  return writeFile(command.report,
                   makeReportPage(result.report, command.profileText),
                   diagnostics);
}

/// Runs the compiler with its results going to files that appear when all is
/// well.
static int compileTo(const CompilerApi &compiler, CompileCommand &command,
                     DiagnosticList &diagnostics) {
  CompileOptions &options = command.options;
  OutputFile output(command.output, /*executable=*/options.emit == Stage::So);
  if (!output.isOpen()) {
    // Known before the work is done.
    output.commit(diagnostics);
    return reportDiagnostics(diagnostics);
  }
  std::unique_ptr<OutputFile> weights;
  options.onOutput = [&](std::string_view bytes) {
    return output.write(bytes);
  };
  if (isTextStage(options.emit) && command.output != "-")
    options.onWeights = [&](std::string_view bytes) {
      if (!weights)
        weights = std::make_unique<OutputFile>(getWeightsPath(command.output));
      return weights->write(bytes);
    };
  installCrashHandler(output.getTemporary(), options.dumpDir);
  showProgress(options, command.quiet);
  CompileResult result = compiler.compile(options);
  endProgress(options);
  if (!command.quiet && result.diagnostics.empty() && options.tune.measure)
    printTuneSummary(result.tune);
  if (result.diagnostics.hasInternalError())
    keepReproducer(compiler, command);
  if (!result.diagnostics.empty())
    return reportDiagnostics(result.diagnostics);
  if (writeExtras(command, result, diagnostics) && weights)
    weights->commit(diagnostics);
  if (diagnostics.empty())
    output.commit(diagnostics);
  return reportDiagnostics(diagnostics);
}

/// Parses the SECONDS of --tune.
static bool parseSeconds(const std::string &text, double &seconds) {
  char *end;
  seconds = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == 0 && seconds >= 0.1 && seconds <= 1e5;
}

/// Without --tune a cache is read only where it is named: builds don't depend
/// on what the machine has measured before.
static void setUpTuning(CompileCommand &command) {
  TuneOptions &tune = command.options.tune;
  tune.cacheFile = command.tuneCache;
  if (command.tune.empty())
    return;
  parseSeconds(command.tune, tune.seconds);
  tune.measure = measureSteps;
  if (tune.cacheFile.empty())
    tune.cacheFile = getTuneCacheFile();
}

static int runCompile(CompileCommand &command) {
  CompileOptions &options = command.options;
  options.emit = *parseStageName(command.emit);
  if (!command.memoryLimit.empty())
    parseSize(command.memoryLimit, options.import.memoryLimit);
  // The artifact does not depend on what its file is called.
  options.headerName =
      command.name.empty() ? getHeaderName(command.output) : command.name;
  if (!command.name.empty())
    options.name = command.name;
  setUpTuning(command);
  DiagnosticList diagnostics;
  bool good = checkSupport(command, diagnostics) &&
              readModelFlags(command.model, options, diagnostics);
  if (good && !command.embedTest.empty()) {
    auto file = MappedFile::open(command.embedTest, diagnostics);
    if (file)
      options.embedTest = NamedBytes{command.embedTest, file->bytes(), file};
    good = file != nullptr;
  }
  if (good && !command.profile.empty()) {
    auto file = MappedFile::open(command.profile, diagnostics);
    good = file != nullptr && isTrace(file->bytes());
    if (good)
      command.profileText = file->bytes();
    else if (file)
      diagnostics.add(DiagnosticCode::MalformedJson,
                      {command.profile, "", "", -1},
                      "is not a trace that `dlc run --profile` wrote");
  }
  if (!good)
    return reportDiagnostics(diagnostics);
  options.wantsReport = !command.report.empty();
  std::string error;
  const CompilerApi *compiler = openCompiler(error);
  if (!compiler) {
    std::fprintf(stderr, "error: %s\n", error.c_str());
    return InternalError;
  }
  return compileTo(*compiler, command, diagnostics);
}

static void addTuneFlags(CLI::App &app, CompileCommand &command) {
  // A flag, so that what follows it is the model.
  app.add_flag("--tune{60}", command.tune,
               "Measure schedules of kernels on this machine, for SECONDS "
               "(--tune=SECONDS, default 60)")
      ->check([](const std::string &text) {
        double seconds;
        return parseSeconds(text, seconds)
                   ? std::string()
                   : "'" + text + "' is not a number of seconds from 0.1";
      });
  app.add_option("--tune-cache", command.tuneCache,
                 "File of measured schedules: used without --tune too "
                 "(with it: default ~/.cache/dlc/tune.json)");
}

static void addBackendFlags(CLI::App &app, CompileOptions &options) {
  addList(app, "--target", options.targets, "Devices: cpu, cuda or both");
  addList(app, "--cpu", options.cpus,
          "CPUs, chosen when loaded: x86-64-v3, x86-64-v4, znver4, "
          "neoverse-n1, native, ...");
  addList(app, "--sm", options.sms, "Compute capabilities of GPUs");
  addList(app, "--wrt", options.wrt, "Arguments to differentiate");
  app.add_flag("--gradients", options.withGradients, "Compile a training step");
  app.add_option("--precision", options.precision,
                 "Of contractions on GPUs: float32, tf32, float16, bfloat16");
  app.add_option("--gemm", options.gemm,
                 "Plain matrix products on GPUs: generated code, cublas, auto "
                 "(default)");
  app.add_option("--threads", options.threads, "The compiler's own threads");
  app.add_option("--dump-dir", options.dumpDir,
                 "Folder for the text after each stage");
}

void addCompile(CLI::App &app, Action &action) {
  CLI::App *sub = app.add_subcommand("compile", "Compile a model");
  auto command = std::make_shared<CompileCommand>();
  addModelFlags(*sub, command->model, /*withShapes=*/true);
  sub->add_option("-o,--output", command->output, "The file to write")
      ->required();
  sub->add_option("--emit", command->emit, "The stage to stop after")
      ->check([](const std::string &text) {
        return parseStageName(text)
                   ? std::string()
                   : "'" + text +
                         "' is not one of graph, kernels, plan, llvm, asm, "
                         "ptx, obj, so";
      });
  sub->add_option("--name", command->name,
                  "The model's name in the artifact and its header");
  sub->add_option("--memory-limit", command->memoryLimit,
                  "The most that weights and arena may need (default 1TiB)")
      ->check([](const std::string &text) {
        int64_t bytes;
        return parseSize(text, bytes) ? std::string()
                                      : "'" + text + "' is not a size";
      });
  sub->add_option("--header", command->header,
                  "C header with names, shapes and memory needs");
  sub->add_option("--embed-test", command->embedTest,
                  ".npz with reference inputs and outputs to embed");
  auto *report = sub->add_option(
      "--report", command->report,
      "HTML page with kernels, roofline, memory plan and decisions");
  sub->add_option("--profile", command->profile,
                  "Trace of `dlc run --profile`, for the report's times")
      ->needs(report);
  sub->add_option("-O", command->options.optimizationLevel,
                  "0 (plain loops) to 3 (default)")
      ->check(CLI::Range(0, 3));
  sub->add_flag("--winograd,!--no-winograd", command->options.winograd,
                "Compute 3 x 3 convolutions in Winograd's tiles where that is "
                "faster: up to four times the weights (default: on)");
  sub->add_flag("--quiet", command->quiet, "Show no progress");
  addBackendFlags(*sub, command->options);
  addTuneFlags(*sub, *command);
  sub->callback([command, &action] {
    action = [command] { return runCompile(*command); };
  });
}

} // namespace dlc::tool
