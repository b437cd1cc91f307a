// SPDX-License-Identifier: Apache-2.0
// `dlc verify`: runs an artifact on reference inputs and compares its outputs.
#include "tools/dlc/Bisect.h"
#include "tools/dlc/Commands.h"
#include "tools/dlc/Flags.h"
#include "tools/dlc/Inputs.h"
#include "tools/dlc/Repeated.h"
#include "tools/dlc/Values.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace dlc;
using namespace dlc::tool;

namespace {
struct VerifyFlags {
  std::string file, io;
  std::optional<double> rtol, atol;
  SessionFlags session;
  bool bisects = false;
  BisectFlags bisect;
};

/// The result for one output.
struct Row {
  std::string output;
  bool passed = false;
  std::string details;
};

/// The wanted outputs, by the output's index.
using Reference = std::vector<std::optional<npz::Array>>;
} // namespace

static Reference embeddedReference(const Artifact &artifact,
                                   const std::vector<Tensor> &outputs) {
  Reference wanted(outputs.size());
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    auto data = static_cast<const char *>(artifact.output(i).test_data);
    if (data)
      wanted[i] = npz::Array{outputs[i].dtype(),
                             outputs[i].shape(),
                             {data, data + outputs[i].sizeBytes()}};
  }
  return wanted;
}

static bool readReference(const npz::Reader &archive,
                          const std::vector<Tensor> &outputs, Reference &wanted,
                          std::string &error) {
  wanted.resize(outputs.size());
  for (const std::string &key : archive.names()) {
    auto name = withoutPrefix(key, "out:");
    if (!name)
      continue;
    auto output =
        std::find_if(outputs.begin(), outputs.end(), [&](const Tensor &tensor) {
          return tensor.name() == *name;
        });
    if (output == outputs.end()) {
      error = "has the key '" + key + "', but the model's outputs are ";
      for (const Tensor &tensor : outputs)
        error += (&tensor == outputs.data() ? "" : ", ") + tensor.name();
      return false;
    }
    auto array = archive.read(key, error);
    if (!array)
      return false;
    wanted[output - outputs.begin()] = std::move(array);
  }
  return true;
}

/// "[0, 3]": the indices of element \p index.
static std::string position(const std::vector<int64_t> &shape, size_t index) {
  std::string text;
  for (size_t i = shape.size(); i-- > 0;) {
    text = std::to_string(index % shape[i]) + (text.empty() ? "" : ", ") + text;
    index /= shape[i];
  }
  return "[" + text + "]";
}

static Row compareOutput(const Tensor &got, const npz::Array &want,
                         Tolerance tolerance) {
  Row row{got.name(), false, ""};
  if (got.dtype() != want.dtype || got.shape() != want.shape) {
    row.details = typeText(got.dtype(), got.shape()) + ", wanted " +
                  typeText(want.dtype, want.shape);
    return row;
  }
  Comparison result =
      compare(got.dtype(), got.data(), want.bytes.data(),
              static_cast<size_t>(want.numElements()), tolerance);
  row.passed = result.passed;
  char text[256];
  std::snprintf(text, sizeof(text), "max error %-11.4g limit %-11.4g",
                result.maxError, result.limit);
  row.details = text;
  if (!result.passed) {
    bool isComplex = got.dtype().code == npz::kComplex;
    size_t element = isComplex ? result.worst / 2 : result.worst;
    size_t offset = element * got.dtype().bytes();
    std::snprintf(text, sizeof(text), " at %s: %.9g, wanted %.9g",
                  position(want.shape, element).c_str(),
                  loadValue(got.dtype(), got.data() + offset),
                  loadValue(got.dtype(), want.bytes.data() + offset));
    row.details += text;
  }
  return row;
}

/// Prints one line an output; \returns whether all passed.
static bool printRows(const std::vector<Row> &rows) {
  size_t width = 0;
  bool allPassed = true;
  for (const Row &row : rows) {
    width = std::max(width, row.output.size());
    allPassed &= row.passed;
  }
  for (const Row &row : rows)
    std::printf("%s  %-*s  %s\n", row.passed ? "ok    " : "DIFFER",
                static_cast<int>(width), row.output.c_str(),
                row.details.c_str());
  return allPassed;
}

/// Fills the inputs, from \p archive where there is one, or from the artifact
/// itself; \returns an ExitStatus.
static int readInputs(const VerifyFlags &flags, const Artifact &artifact,
                      npz::Reader &archive, InputSet &inputs) {
  std::string error;
  if (flags.io.empty()) {
    if (!artifact.info().has_self_test)
      return badInput(flags.file, "has no embedded test; give --io FILE.npz");
    return inputs.addEmbedded(error) ? Done : badInput(flags.file, error);
  }
  bool isRead =
      archive.open(flags.io, error) && inputs.addArchive(archive, error);
  inputs.addSeed(0);
  return isRead && inputs.isComplete(error) ? Done : badInput(flags.io, error);
}

/// Fills what is wanted of the outputs; \returns an ExitStatus.
static int readWanted(const VerifyFlags &flags, const Artifact &artifact,
                      const npz::Reader &archive,
                      const std::vector<Tensor> &outputs, Reference &wanted) {
  std::string error;
  const std::string &source = flags.io.empty() ? flags.file : flags.io;
  if (flags.io.empty())
    wanted = embeddedReference(artifact, outputs);
  else if (!readReference(archive, outputs, wanted, error))
    return badInput(source, error);
  for (const auto &array : wanted)
    if (array)
      return Done;
  return badInput(source, "has nothing to compare with: no key out:NAME");
}

/// Whether some output has a shape that depends on values.
static bool hasCounted(const Artifact &artifact) {
  for (uint32_t i = 0; i < artifact.info().num_outputs; ++i)
    if (artifact.output(i).is_counted)
      return true;
  return false;
}

/// The runtime's own test: it knows the shapes that its values have.
static int runSelfTest(const VerifyFlags &flags, const Artifact &artifact) {
  dlc_session_options options = {};
  options.struct_size = sizeof(options);
  options.num_threads = flags.session.threads;
  std::vector<dlc_test_result> results(artifact.info().num_outputs);
  dlc_status status =
      dlc_model_self_test(artifact.model(), &options, results.data(),
                          static_cast<uint32_t>(results.size()));
  if (status != DLC_OK && status != DLC_ERROR_TEST_FAILED)
    return badInput(flags.file, lastError(flags.file));
  std::vector<Row> rows;
  for (uint32_t i = 0; i < results.size(); ++i) {
    if (!artifact.output(i).test_data)
      continue;
    char text[128];
    std::snprintf(text, sizeof(text), "max error %-11.4g limit %-11.4g",
                  results[i].max_error, results[i].limit);
    bool isComputed = results[i].tested != 0;
    rows.push_back({artifact.output(i).name, results[i].passed != 0,
                    isComputed ? text : lastError(flags.file)});
  }
  return printRows(rows) ? Done : AnswerIsNo;
}

static int verify(const VerifyFlags &flags) {
  Artifact artifact;
  std::string error;
  if (!artifact.load(flags.file, error))
    return badInput(flags.file, error);
  InputSet inputs(artifact);
  npz::Reader archive;
  if (int status = readInputs(flags, artifact, archive, inputs))
    return status;
  if (flags.io.empty() && hasCounted(artifact))
    return runSelfTest(flags, artifact);
  std::vector<Tensor> outputs;
  Session session;
  if (!session.create(artifact, flags.session, /*withProfile=*/false,
                      inputs.tensors, outputs, error))
    return badInput(flags.file, error);
  Reference wanted;
  if (int status = readWanted(flags, artifact, archive, outputs, wanted))
    return status;
  if (!session.run(error) || !session.fetch(outputs, error))
    return badInput(flags.file, error);

  Tolerance tolerance;
  if (flags.io.empty())
    tolerance = {artifact.info().test_rtol, artifact.info().test_atol};
  tolerance.relative = flags.rtol.value_or(tolerance.relative);
  tolerance.absolute = flags.atol.value_or(tolerance.absolute);
  std::vector<Row> rows;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (wanted[i])
      rows.push_back(compareOutput(outputs[i], *wanted[i], tolerance));
  return printRows(rows) ? Done : AnswerIsNo;
}

#ifdef DLC_HAS_COMPILER
static void addBisectFlags(CLI::App &command, VerifyFlags &flags) {
  CLI::Option *bisects = command.add_flag(
      "--bisect", flags.bisects,
      "MODEL is a model: interpret it, step through the compiler's passes, run "
      "its artifacts, and find what makes them wrong");
  command
      .add_option("--params", flags.bisect.model.params,
                  "The model's weights (default: those beside it)")
      ->needs(bisects);
  addList(command, "--outputs", flags.bisect.model.outputs,
          "Outputs to compute, internal ones too, separated by commas")
      ->needs(bisects);
  command
      .add_option("-o,--output", flags.bisect.output,
                  "Where the smallest model that goes wrong is written, which "
                  "is also a lit test (default: bisect.mlir)")
      ->type_name("FILE.mlir")
      ->needs(bisects);
}
#endif

static int runBisect(VerifyFlags &flags) {
#ifdef DLC_HAS_COMPILER
  if (flags.io.empty())
    return badInput(flags.file, "needs values: give --io FILE.npz");
  flags.bisect.model.model = flags.file;
  flags.bisect.io = flags.io;
  flags.bisect.relative = flags.rtol;
  flags.bisect.absolute = flags.atol;
  return bisect(flags.bisect);
#else
  return badInput(flags.file, "this dlc has no compiler");
#endif
}

void dlc::tool::addVerify(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand(
      "verify", "Compare an artifact's outputs with reference values");
  auto flags = std::make_shared<VerifyFlags>();
  addSessionFlags(*command, flags->file, flags->session);
  command
      ->add_option("--io", flags->io,
                   "Inputs in:NAME and outputs out:NAME (default: the "
                   "embedded test)")
      ->type_name("FILE.npz");
  command
      ->add_option("--rtol", flags->rtol,
                   "Allowed error relative to an output's largest magnitude "
                   "(default: 1e-4)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("R");
  command
      ->add_option("--atol", flags->atol,
                   "Allowed absolute error (default: 1e-5)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("A");
#ifdef DLC_HAS_COMPILER
  addBisectFlags(*command, *flags);
#endif
  command->callback([flags, &action] {
    action = [flags] {
      return flags->bisects ? runBisect(*flags) : verify(*flags);
    };
  });
}
