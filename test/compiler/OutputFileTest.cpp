// SPDX-License-Identifier: Apache-2.0
// Output files appear whole or not at all.
#include "compiler/OutputFile.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace fs = std::filesystem;

namespace {
class OutputFileTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             ("dlc-output-" + std::to_string(::getpid()));
    fs::create_directory(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string read(const fs::path &path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path folder;
  dlc::DiagnosticList diagnostics;
};
} // namespace

TEST_F(OutputFileTest, AppearsOnCommit) {
  fs::path path = folder / "a";
  {
    dlc::OutputFile file(path);
    EXPECT_TRUE(file.write("one "));
    EXPECT_TRUE(file.write("two"));
    EXPECT_FALSE(fs::exists(path));
    EXPECT_TRUE(file.commit(diagnostics));
  }
  EXPECT_EQ(read(path), "one two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(OutputFileTest, LeavesNothingWithoutCommit) {
  {
    dlc::OutputFile(folder / "a").write("lost");
  }
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(OutputFileTest, KeepsTheOldFileWithoutCommit) {
  ASSERT_TRUE(dlc::writeFile(folder / "a", "old", diagnostics));
  {
    dlc::OutputFile(folder / "a").write("new");
  }
  EXPECT_EQ(read(folder / "a"), "old");
}

TEST_F(OutputFileTest, ReportsWhatCannotBeWritten) {
  EXPECT_FALSE(dlc::writeFile(folder / "none" / "a", "x", diagnostics));
  EXPECT_FALSE(dlc::writeFile(folder, "x", diagnostics));
  EXPECT_FALSE(dlc::writeFile("/dev/full", "x", diagnostics));
  ASSERT_EQ(diagnostics.size(), 3u);
  for (const dlc::Diagnostic &diagnostic : diagnostics.get())
    EXPECT_EQ(diagnostic.code, dlc::DiagnosticCode::UnwritableFile);
  EXPECT_TRUE(fs::is_empty(folder));
}
