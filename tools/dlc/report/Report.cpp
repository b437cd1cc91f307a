// SPDX-License-Identifier: Apache-2.0
// Fills the report's page with data.
#include "tools/dlc/report/Report.h"

#include "tools/dlc/PeakFlops.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

extern "C" const char dlc_report_page[], dlc_report_page_end[];

using nlohmann::json;

namespace dlc::tool {

/// \p value as text that can stand inside of a <script> element.
static std::string embed(const json &value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/false,
                                json::error_handler_t::replace);
  // "</script" must not occur; "\/" is "/" in JSON.
  std::string result;
  for (char c : text) {
    if (c == '/' && !result.empty() && result.back() == '<')
      result += '\\';
    result += c;
  }
  return result;
}

bool isTrace(std::string_view text) {
  json trace = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return trace.is_object() && trace.contains("traceEvents");
}

/// Adds what this machine's core reaches on FMAs and from each level of memory
/// as the table of targets has them.
static void addMachine(json &data, const json &target) {
  json bandwidth;
  const json &caches = target["cache_bytes"];
  for (const char *level : {"L1", "L2", "L3"}) {
    // Half of a cache holds the bytes for sure.
    if (size_t bytes = caches[level].get<size_t>() / 2)
      bandwidth[level] = measureReadBandwidth(bytes);
  }
  // More than the caches of today's servers give one core.
  bandwidth["memory"] = measureReadBandwidth(size_t(128) << 20);
  data["machine"] = {{"peak_gflops", measurePeakGflops()},
                     {"bandwidth_gbs", bandwidth}};
}

namespace {
/// The time of each step, from a trace.
struct Times {
  std::vector<double> ns;
  std::vector<unsigned> counts;
  unsigned threads = 1;
};
} // namespace

/// The number \p key of \p object, which may be any value.
static double getNumber(const json &object, const char *key, double otherwise) {
  auto it = object.is_object() ? object.find(key) : object.end();
  return it != object.end() && it->is_number() ? it->get<double>() : otherwise;
}

static Times readTimes(const json &trace, size_t numSteps) {
  Times times;
  times.ns.resize(numSteps);
  times.counts.resize(numSteps);
  for (const json &event : trace["traceEvents"]) {
    if (!event.is_object() || !event.contains("args"))
      continue;
    const json &arguments = event["args"];
    double step = getNumber(arguments, "step", -1);
    if (step < 0 || step >= double(numSteps))
      continue;
    times.ns[size_t(step)] += getNumber(event, "dur", 0) * 1000;
    ++times.counts[size_t(step)];
    times.threads =
        std::max(times.threads, unsigned(getNumber(arguments, "threads", 1)));
  }
  for (size_t i = 0; i < numSteps; ++i)
    if (times.counts[i])
      times.ns[i] /= times.counts[i];
  return times;
}

/// Sets the step's "roof" and "roof_ns", what \p limits allow on one thread.
static void addRoof(json &step, const json &estimate, const json &limits) {
  double peak = limits.value("peak_gflops", 0.0);
  double flopNs = peak > 0 ? step["flops"].get<double>() / peak : 0;
  double memoryNs = 0, longest = 0;
  std::string slowest;
  for (const json &read : estimate["reads"]) {
    const json &level = read["level"];
    double speed = limits["bandwidth_gbs"].value(level.get<std::string>(), 0.0);
    double ns = speed > 0 ? read["bytes"].get<double>() / speed : 0;
    memoryNs += ns;
    if (ns >= longest) {
      longest = ns;
      slowest = level;
    }
  }
  step["roof"] = flopNs >= memoryNs ? "FMA" : slowest;
  step["roof_ns"] = std::max(flopNs, memoryNs);
}

/// The number of the target that the profile is of; the last one without any.
static size_t findTarget(const json &data) {
  json::json_pointer name("/profile/otherData/target");
  const json &targets = data["targets"];
  for (size_t i = 0; i < targets.size(); ++i)
    if (data.contains(name) && data[name] == targets[i]["name"])
      return i;
  return targets.size() - 1;
}

/// Whether the times are those of a GPU, of which there are no estimates: the
/// artifact has no code for CPUs, or the profile is of a device.
static bool isOfDevice(const json &data) {
  json::json_pointer name("/profile/otherData/target");
  return data["targets"].empty() ||
         (data.contains(name) && data[name].is_string() &&
          data[name].get<std::string>().rfind("sm_", 0) == 0);
}

/// Adds each step's "time_ns", 0 where it wasn't measured.
static void addTimes(json &data, const Times &times) {
  for (size_t i = 0; i < data["steps"].size(); ++i)
    data["steps"][i]["time_ns"] = times.counts[i] ? times.ns[i] : 0;
  data["threads"] = times.threads;
}

/// Adds what is known of each step's time: "time_ns", measured or else
/// estimated; "roof", "roof_ns" and "share", how close the time is to it;
/// "explained", the part of a measured time that the estimate makes up; and
/// "reasons", where the share is less than all.
static void addRoofs(json &data, const Times &times) {
  size_t target = findTarget(data);
  if (data.contains("profile"))
    addMachine(data, data["targets"][target]);
  const json &limits =
      data.contains("machine") ? data["machine"] : data["targets"][target];
  for (size_t i = 0; i < data["steps"].size(); ++i) {
    json &step = data["steps"][i];
    const json &estimate = step["estimates"][target];
    addRoof(step, estimate, limits);
    double ns = estimate["ns"].get<double>() / times.threads;
    double roofNs = step["roof_ns"].get<double>() / times.threads;
    double time = times.counts[i] ? times.ns[i] : ns;
    step["time_ns"] = time;
    step["share"] = time > 0 ? roofNs / time : 1;
    if (times.counts[i])
      step["explained"] = time > 0 ? ns / time : 1;
    step["reasons"] = estimate["reasons"];
  }
  data["target"] = data["targets"][target]["name"];
  data["threads"] = times.threads;
}

std::string makeReportPage(const std::string &report,
                           const std::string &trace) {
  json data = json::parse(report, nullptr, /*allow_exceptions=*/false);
  size_t numSteps = data["steps"].size();
  Times times = {std::vector<double>(numSteps),
                 std::vector<unsigned>(numSteps)};
  if (!trace.empty()) {
    data["profile"] = json::parse(trace, nullptr, /*allow_exceptions=*/false);
    times = readTimes(data["profile"], numSteps);
  }
  if (isOfDevice(data))
    addTimes(data, times);
  else
    addRoofs(data, times);
  std::string_view page(dlc_report_page, dlc_report_page_end - dlc_report_page);
  constexpr std::string_view place = "@DATA@";
  size_t at = page.find(place);
  std::string text(page.substr(0, at));
  text += embed(data);
  text += page.substr(at + place.size());
  return text;
}

} // namespace dlc::tool
