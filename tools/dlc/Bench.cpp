// SPDX-License-Identifier: Apache-2.0
// `dlc bench`: how long one run of an artifact takes.
#include "tools/dlc/Commands.h"
#include "tools/dlc/Flags.h"
#include "tools/dlc/Inputs.h"
#include "tools/dlc/PeakFlops.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace dlc;
using namespace dlc::tool;

namespace {
struct BenchFlags {
  std::string file, io;
  std::vector<std::string> dims; ///< NAME=SIZE
  SessionFlags session;
  double seconds = 2;
  bool json = false;
};

using Clock = std::chrono::steady_clock;
} // namespace

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Runs until \p seconds are over; the times are in milliseconds, ascending.
static bool measure(Session &session, double seconds,
                    std::vector<double> &times, std::string &error) {
  constexpr unsigned untimedRuns = 3, leastRuns = 3, mostRuns = 1000000;
  for (unsigned i = 0; i < untimedRuns; ++i)
    if (!session.run(error))
      return false;
  Clock::time_point begin = Clock::now();
  while (times.size() < leastRuns ||
         (secondsSince(begin) < seconds && times.size() < mostRuns)) {
    Clock::time_point start = Clock::now();
    if (!session.run(error))
      return false;
    times.push_back(secondsSince(start) * 1e3);
  }
  std::sort(times.begin(), times.end());
  return true;
}

/// The value that \p fraction of the sorted \p times do not exceed; the mean of
/// the two in the middle for the median of an even number.
static double quantile(const std::vector<double> &times, double fraction) {
  size_t count = times.size();
  if (fraction == 0.5 && count % 2 == 0)
    return (times[count / 2 - 1] + times[count / 2]) / 2;
  auto rank = static_cast<size_t>(std::ceil(fraction * count));
  return times[std::clamp<size_t>(rank, 1, count) - 1];
}

static void print(const BenchFlags &flags, const std::vector<double> &times,
                  const Session &session) {
  unsigned threads = session.numThreads();
  double median = quantile(times, 0.5);
  double gflops = median > 0 ? session.flops() / median * 1e-6 : 0;
  double peak = session.isOnCpu() ? measurePeakGflops() * threads : 0;
  if (flags.json) {
    nlohmann::ordered_json figures = {{"median_ms", median},
                                      {"min_ms", times.front()},
                                      {"p90_ms", quantile(times, 0.9)},
                                      {"p99_ms", quantile(times, 0.99)},
                                      {"gflops", gflops},
                                      {"runs", times.size()},
                                      {"threads", threads},
                                      {"device", session.device()},
                                      {"target", session.target()}};
    if (peak > 0) {
      figures["peak_gflops"] = peak;
      figures["percent_of_peak"] = 100 * gflops / peak;
    }
    std::printf("%s\n", figures.dump().c_str());
    return;
  }
  std::string where = session.device();
  if (session.isOnCpu())
    where = std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  std::printf("median %.4g ms, min %.4g, p90 %.4g, p99 %.4g (%zu runs, %s, "
              "%s)\n",
              median, times.front(), quantile(times, 0.9),
              quantile(times, 0.99), times.size(), where.c_str(),
              session.target().c_str());
  std::printf("%.4g GFLOP/s", gflops);
  if (peak > 0)
    std::printf(", %.1f %% of the peak of %.4g", 100 * gflops / peak, peak);
  std::printf("\n");
}

static int bench(const BenchFlags &flags) {
  Artifact artifact;
  std::string error;
  if (!artifact.load(flags.file, error))
    return badInput(flags.file, error);
  InputSet inputs(artifact);
  if (!inputs.setSizes(flags.dims, error))
    return badInput(flags.file, error);
  if (flags.io.empty()) {
    inputs.addRandom(/*seed=*/0);
  } else {
    npz::Reader archive;
    bool isRead =
        archive.open(flags.io, error) && inputs.addArchive(archive, error);
    inputs.addSeed(0);
    if (!isRead || !inputs.isComplete(error))
      return badInput(flags.io, error);
  }
  std::vector<Tensor> outputs;
  Session session;
  std::vector<double> times;
  if (!session.create(artifact, flags.session, /*withProfile=*/false,
                      inputs.tensors, outputs, error) ||
      !measure(session, flags.seconds, times, error))
    return badInput(flags.file, error);
  print(flags, times, session);
  return Done;
}

void dlc::tool::addBench(CLI::App &app, Action &action) {
  CLI::App *command =
      app.add_subcommand("bench", "Measure how long an artifact runs");
  auto flags = std::make_shared<BenchFlags>();
  addSessionFlags(*command, flags->file, flags->session);
  CLI::Option *io =
      command
          ->add_option("--io", flags->io,
                       "Take inputs from here (default: random numbers)")
          ->type_name("FILE.npz");
  addDimFlag(*command, flags->dims, io);
  command
      ->add_option("--seconds", flags->seconds,
                   "How long to measure (default: 2); at least 3 runs")
      ->check(CLI::Range(0.0, 86400.0))
      ->type_name("S");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback(
      [flags, &action] { action = [flags] { return bench(*flags); }; });
}
