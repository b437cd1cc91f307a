// SPDX-License-Identifier: Apache-2.0
// Codes are unique and documented; texts are one line each, in node order.
#include "compiler/Diagnostics.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace dlc;

TEST(Diagnostics, EveryCodeIsUniqueAndDocumented) {
  std::stringstream docs;
  docs << std::ifstream(DLC_DOCS_DIR "/diagnostics.md").rdbuf();
  std::set<std::string> seen;
  for (DiagnosticCode code : getAllCodes()) {
    std::string text = getCodeText(code);
    EXPECT_TRUE(seen.insert(text).second) << text;
    std::string heading = "## " + text + ": " + std::string(getSummary(code));
    EXPECT_NE(docs.str().find(heading + "\n"), std::string::npos)
        << "docs/diagnostics.md lacks '" << heading << "'";
  }
}

TEST(Diagnostics, AreSortedByNode) {
  DiagnosticList list;
  list.add(DiagnosticCode::ShapeMismatch, {"m.json", "late", "FC", 7}, "x");
  list.add(DiagnosticCode::ShapeMismatch, {"m.json", "early", "null", 2}, "y");
  list.add(DiagnosticCode::UnreadableFile, {"m.json", "", "", -1}, "z");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list.get()[0].getText(), "error: m.json: z [DLC0101]");
  EXPECT_EQ(list.get()[1].getText(),
            "error: m.json: node 'early' (variable): y [DLC0401]");
  EXPECT_EQ(list.get()[2].getText(),
            "error: m.json: node 'late' (FC): x [DLC0401]");
}

TEST(Diagnostics, StayOnOneLine) {
  DiagnosticList list;
  list.add(DiagnosticCode::ShapeMismatch, {"m", "a\nb", "c\x1b[31m", 0}, "\n");
  EXPECT_EQ(list.get()[0].getText(),
            "error: m: node 'a b' (c [31m):   [DLC0401]");
}
