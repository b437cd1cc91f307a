// SPDX-License-Identifier: Apache-2.0
// `dlc inspect`: what is in an artifact, read from its metadata. Its code is
// not loaded, so artifacts for other processors can be looked at too. Models
// are described by the compiler (InspectModel.cpp).
#include "tools/dlc/Commands.h"
#include "tools/dlc/Elf.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace dlc::tool;
using Json = nlohmann::ordered_json;

namespace {
struct InspectFlags {
  std::string file;
  bool kernels = false, json = false;
};
} // namespace

/// The text under \p key; "" where there is none.
static std::string text(const Json &object, const char *key) {
  return object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : std::string();
}

static double number(const Json &object, const char *key) {
  return object.contains(key) && object[key].is_number()
             ? object[key].get<double>()
             : 0;
}

/// The array or object under \p key; empty where there is none.
static const Json &list(const Json &object, const char *key) {
  static const Json empty = Json::array();
  return object.contains(key) && object[key].is_structured() ? object[key]
                                                             : empty;
}

/// The texts of \p array, separated by commas.
static std::string join(const Json &array) {
  std::string joined;
  for (const Json &element : array)
    if (element.is_string())
      joined += (joined.empty() ? "" : ", ") + element.get<std::string>();
  return joined;
}

/// 25557032 with a unit of its size: "25.56 M".
static std::string withPrefix(double value, const char *unit) {
  static constexpr const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t prefix = 0;
  while (value >= 1000 && prefix + 1 < std::size(prefixes)) {
    value /= 1000;
    ++prefix;
  }
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.4g %s%s", value, prefixes[prefix],
                unit);
  return buffer;
}

static void printField(const char *name, const std::string &value) {
  std::printf("%-9s %s\n", name, value.c_str());
}

/// An extent: a number, or a text of dims, in parentheses if it is no name.
static std::string extentText(const Json &extent) {
  if (!extent.is_string())
    return extent.dump();
  auto name = extent.get<std::string>();
  return name.find(' ') == name.npos ? name : "(" + name + ")";
}

static void printTensors(const char *name, const Json &tensors) {
  for (const Json &tensor : tensors) {
    std::string shape;
    for (const Json &extent : list(tensor, "shape"))
      shape += (shape.empty() ? "" : "x") + extentText(extent);
    printField(name, text(tensor, "name") + ": " + text(tensor, "dtype") + " " +
                         (shape.empty() ? "scalar" : shape));
  }
}

/// The sizes that a caller chooses, and shapes that the artifact is made for.
static void printDims(const Json &meta) {
  for (const Json &dim : list(meta, "dims")) {
    std::string range = "from " + dim.value("min", Json(1)).dump();
    if (dim.contains("max"))
      range += " to " + dim["max"].dump();
    if (number(dim, "multiple") > 1)
      range += ", a multiple of " + dim["multiple"].dump();
    printField("dim", text(dim, "name") + ": " + range + ", typically " +
                          dim.value("typical", Json(1)).dump());
  }
  for (const Json &special : list(meta, "specializations"))
    printTensors("special", list(special, "inputs"));
}

/// What the arena needs; with dims also at the least and the largest sizes.
static std::string arenaText(const Json &meta) {
  std::string text = withPrefix(number(meta, "arena_bytes"), "B") +
                     ", lower bound " +
                     withPrefix(number(meta, "arena_lower_bound_bytes"), "B");
  if (meta.contains("arena_bytes_min"))
    text += ", for typical sizes; at least " +
            withPrefix(number(meta, "arena_bytes_min"), "B");
  if (meta.contains("arena_bytes_max"))
    text += ", at most " + withPrefix(number(meta, "arena_bytes_max"), "B");
  return text;
}

/// The code for CUDA devices: what runs it, and how large it is.
static void printCuda(const Json &meta) {
  for (const Json &image : list(meta, "cuda_images")) {
    bool isPtx = text(image, "kind") == "ptx";
    std::string sm = image.value("sm", Json(0)).dump();
    printField("cuda", (isPtx ? "PTX for sm_" + sm + " and newer"
                              : "machine code for sm_" + sm) +
                           ", " + withPrefix(number(image, "bytes"), "B"));
  }
}

/// ", on 3 queues of CUDA devices with 8 waits"; "" where there is one.
static std::string queuesText(const Json &meta) {
  if (number(meta, "queues") < 2)
    return "";
  return ", on " + meta["queues"].dump() + " queues of CUDA devices with " +
         meta.value("waits", Json(0)).dump() + " waits";
}

static void printSummary(const Json &meta) {
  printField("model", text(meta, "name"));
  printField("compiler", text(meta, "compiler"));
  if (!list(meta, "targets").empty())
    printField("targets", join(list(meta, "targets")));
  printCuda(meta);
  printTensors("input", list(meta, "inputs"));
  printTensors("output", list(meta, "outputs"));
  printDims(meta);
  printField("flops", withPrefix(number(meta, "flops"), "FLOP"));
  printField("weights",
             withPrefix(number(meta, "weights_bytes"), "B") + " stored, " +
                 withPrefix(number(meta, "params_bytes"), "B") + " given");
  printField("arena", arenaText(meta));
  printField("scratch",
             withPrefix(number(meta, "scratch_bytes_per_thread"), "B") +
                 " per thread");
  printField("kernels", std::to_string(list(meta, "kernels").size()) + " in " +
                            std::to_string(list(meta, "steps").size()) +
                            " steps" + queuesText(meta));
  if (meta.contains("self_test") && meta["self_test"] == true)
    printField("test", "embedded; run it with dlc verify");
  for (const auto &[what, digest] : list(meta, "digests").items())
    printField("digest", what + " " +
                             (digest.is_string() ? digest.get<std::string>()
                                                 : digest.dump()));
}

/// "  cublasLt 768 x 128 x 256": what a library computes in a kernel's place.
static std::string gemmText(const Json &gemm) {
  std::string text = "cublasLt ";
  if (number(gemm, "batch") > 1)
    text += gemm["batch"].dump() + " x ";
  return text + gemm.value("m", Json(0)).dump() + "x" +
         gemm.value("n", Json(0)).dump() + "x" +
         gemm.value("k", Json(0)).dump();
}

/// "  2 of 96 x 256 + 4 kB": how many launches on CUDA devices a kernel is, if
/// more than one, and the blocks, threads and dynamic shared memory of each.
static std::string launchText(const Json &kernel) {
  if (!kernel.contains("cuda"))
    return "";
  const Json &launch = kernel["cuda"];
  std::string text = launch.value("blocks", Json(0)).dump() + " x " +
                     launch.value("threads", Json(0)).dump();
  if (double phases = number(launch, "phases"); phases > 1)
    text = withPrefix(phases, "") + "of " + text;
  if (double bytes = number(launch, "shared_bytes"))
    text += " + " + withPrefix(bytes, "B");
  if (launch.contains("gemm") && launch["gemm"].is_object())
    text = gemmText(launch["gemm"]);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "  %25s", text.c_str());
  return buffer;
}

/// "  sm_90 50 %": the share of each chip's warps that the blocks of a kernel
/// fill, as far as its registers and shared memory let them.
static std::string occupancyText(const Json &kernel) {
  std::string text;
  for (const Json &occupancy : list(list(kernel, "cuda"), "occupancy")) {
    char buffer[64];
    std::snprintf(buffer, sizeof(buffer), "  sm_%.0f %3.0f %%",
                  number(occupancy, "sm"), 100 * number(occupancy, "warps"));
    text += buffer;
  }
  return text;
}

/// One line a kernel, with the model's operators that it computes.
static void printKernels(const Json &kernels) {
  size_t width = 6;
  for (const Json &kernel : kernels)
    width = std::max(width, text(kernel, "name").size());
  int column = static_cast<int>(width);
  bool hasCuda = !kernels.empty() && kernels[0].contains("cuda");
  size_t occupancy = kernels.empty() ? 0 : occupancyText(kernels[0]).size();
  std::printf("%-*s  %12s  %8s  %8s%s%*s  %s\n", column, "kernel", "flops",
              "tasks", "code", hasCuda ? "           blocks x threads" : "",
              static_cast<int>(occupancy), occupancy ? "occupancy" : "",
              "nodes");
  for (const Json &kernel : kernels) {
    double tasks = 0;
    for (const Json &count : list(kernel, "tasks"))
      if (count.is_number())
        tasks = std::max(tasks, count.get<double>());
    std::printf("%-*s  %12.0f  %8.0f  %8.0f%s%s  %s\n", column,
                text(kernel, "name").c_str(), number(kernel, "flops"), tasks,
                number(kernel, "code_bytes"), launchText(kernel).c_str(),
                occupancyText(kernel).c_str(),
                join(list(kernel, "nodes")).c_str());
  }
}

static int inspectFile(const InspectFlags &flags) {
#ifdef DLC_HAS_COMPILER
  if (!ElfFile::isElf(flags.file))
    return inspectModel(flags.file, flags.json);
#endif
  ElfFile elf;
  std::string error;
  if (!elf.open(flags.file, error))
    return badInput(flags.file, error);
  auto section = elf.metadata();
  if (!section)
    return badInput(flags.file,
                    "is not an artifact of dlc: it has no section .dlc.meta");
  Json meta = Json::parse(*section, nullptr, /*allow_exceptions=*/false);
  if (!meta.is_object())
    return badInput(flags.file, "has damaged metadata");
  if (flags.json) {
    std::printf("%s\n", meta.dump(2).c_str());
    return Done;
  }
  printSummary(meta);
  if (flags.kernels) {
    std::printf("\n");
    printKernels(list(meta, "kernels"));
  }
  return Done;
}

void dlc::tool::addInspect(CLI::App &app, Action &action) {
  CLI::App *command =
      app.add_subcommand("inspect", "Show what is in an artifact or a model");
  auto flags = std::make_shared<InspectFlags>();
  command->add_option("FILE", flags->file, "The artifact, or a model")
      ->required();
  command->add_flag("--kernels", flags->kernels,
                    "List each kernel with the operators it computes");
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->callback(
      [flags, &action] { action = [flags] { return inspectFile(*flags); }; });
}
