// SPDX-License-Identifier: Apache-2.0
// The page of `dlc compile --report`.
#ifndef DLC_TOOLS_DLC_REPORT_REPORT_H
#define DLC_TOOLS_DLC_REPORT_REPORT_H

#include <string>
#include <string_view>

namespace dlc::tool {

/// Whether \p text is a trace that `dlc run --profile` wrote.
bool isTrace(std::string_view text);

/// Makes a self-contained page of \p report (JSON, see compiler/Report.h). With
/// \p trace, unless that is empty, it shows measured times and how this
/// machine's limits compare.
std::string makeReportPage(const std::string &report, const std::string &trace);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_REPORT_REPORT_H
