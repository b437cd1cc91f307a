// SPDX-License-Identifier: Apache-2.0
// Runs the kernels that `dlc compile --tune` measures.
#include "tools/dlc/Tune.h"

#include "tools/dlc/Artifact.h"
#include "tools/dlc/CacheFolder.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dlc::tool {

std::string getTuneCacheFile() {
  std::string folder = getCacheFolder();
  return folder.empty() ? "" : folder + "/tune.json";
}

namespace {
/// A session on one thread with times of its steps, in memory full of numbers.
class TimedSession {
public:
  explicit TimedSession(const Artifact &artifact);
  ~TimedSession() {
    dlc_session_destroy(session);
    std::free(arena);
  }
  TimedSession(const TimedSession &) = delete;
  TimedSession &operator=(const TimedSession &) = delete;

  /// Nanoseconds of each step of a run; empty on failure.
  std::vector<double> run();

private:
  dlc_session *session = nullptr;
  void *arena = nullptr;
  std::vector<dlc_profile_event> profile;
};
} // namespace

TimedSession::TimedSession(const Artifact &artifact)
    : profile(artifact.info().num_steps) {
  const dlc_model_info &info = artifact.info();
  // Small positive numbers whatever the type of float: pages of zeros would be
  // one page, subnormal ones slow.
  constexpr int fill = 0x3c;
  size_t bytes = (info.arena_bytes / 4096 + 1) * 4096;
  arena = std::aligned_alloc(4096, bytes);
  if (!arena)
    return;
  std::memset(arena, fill, bytes);
  dlc_session_options options = {};
  options.struct_size = sizeof(options);
  options.threading = DLC_THREADS_NONE;
  options.num_threads = 1;
  options.arena = arena;
  options.arena_bytes = bytes;
  options.profile = profile.data();
  options.profile_capacity = profile.size();
  if (dlc_session_create(artifact.model(), &options, &session) != DLC_OK)
    session = nullptr;
}

std::vector<double> TimedSession::run() {
  if (!session || dlc_session_run(session, nullptr) != DLC_OK)
    return {};
  std::vector<double> times;
  for (const dlc_profile_event &event : profile)
    times.push_back(static_cast<double>(event.end_ns - event.begin_ns));
  return times;
}

std::vector<std::vector<double>> measureSteps(const std::string &file,
                                              double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr size_t mostRuns = 1000;
  Artifact artifact;
  std::string error;
  if (!artifact.load(file, error))
    return {};
  TimedSession session(artifact);
  // The first run warms up.
  std::vector<double> times = session.run();
  std::vector<std::vector<double>> runs;
  Clock::time_point begin = Clock::now();
  while (!times.empty() && runs.size() < mostRuns) {
    times = session.run();
    runs.push_back(times);
    if (std::chrono::duration<double>(Clock::now() - begin).count() >= seconds)
      break;
  }
  return times.empty() ? std::vector<std::vector<double>>() : runs;
}

void printTuneSummary(const TuneSummary &summary) {
  if (!summary.warning.empty())
    std::fprintf(stderr, "warning: %s\n", summary.warning.c_str());
  std::fprintf(stderr,
               "tuned %zu kernel%s: %zu measured, %zu from the cache, %zu not "
               "measured; %zu faster than the cost model's choice (%.1f s)\n",
               summary.kernels, summary.kernels == 1 ? "" : "s",
               summary.measured, summary.known, summary.skipped, summary.faster,
               summary.seconds);
}

} // namespace dlc::tool
