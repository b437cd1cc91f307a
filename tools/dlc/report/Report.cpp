// SPDX-License-Identifier: Apache-2.0
// Fills the report's page with data.
#include "tools/dlc/report/Report.h"

#include "tools/dlc/PeakFlops.h"

#include <nlohmann/json.hpp>
#include <string_view>

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

std::string makeReportPage(const std::string &report,
                           const std::string &trace) {
  json data = json::parse(report, nullptr, /*allow_exceptions=*/false);
  if (!trace.empty()) {
    data["profile"] = json::parse(trace, nullptr, /*allow_exceptions=*/false);
    data["machine"] = {{"peak_gflops", measurePeakGflops()},
                       {"bandwidth_gbs", measureReadBandwidth()}};
  }
  std::string_view page(dlc_report_page, dlc_report_page_end - dlc_report_page);
  constexpr std::string_view place = "@DATA@";
  size_t at = page.find(place);
  std::string text(page.substr(0, at));
  text += embed(data);
  text += page.substr(at + place.size());
  return text;
}

} // namespace dlc::tool
