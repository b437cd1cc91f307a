// SPDX-License-Identifier: Apache-2.0
// The file of measured schedules.
#include "compiler/tune/TuneCache.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace dlc;

namespace {
class TuneCacheTest : public testing::Test {
protected:
  void SetUp() override {
    folder =
        fs::temp_directory_path() / ("dlc-tune-" + std::to_string(::getpid()));
    fs::create_directory(folder);
    path = (folder / "deep" / "tune.json").string();
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const std::string &text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  std::string readText() {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path folder;
  std::string path, error;
  TuneKey key{"dlc 1, LLVM 22", "znver3", "t", "k"};
  TuneResult result{std::nullopt, TuneSchedule{4, 32, 288, 0, 0, 8}};
};
} // namespace

TEST_F(TuneCacheTest, IsReadAsWritten) {
  TuneCache cache;
  cache.add(key, "conv_0", result);
  ASSERT_TRUE(cache.write(path, error)) << error;
  TuneCache again;
  ASSERT_TRUE(again.read(path, error)) << error;
  std::optional<TuneResult> found = again.find(key, 2);
  ASSERT_TRUE(found);
  EXPECT_FALSE((*found)[0]);
  ASSERT_TRUE((*found)[1]);
  EXPECT_EQ((*found)[1]->rows, 4);
  EXPECT_EQ((*found)[1]->columns, 32);
  EXPECT_EQ((*found)[1]->depth, 288);
  EXPECT_EQ((*found)[1]->stripRows, 0);
  EXPECT_EQ((*found)[1]->percent, 8);
  // Nothing but the file is left.
  fs::directory_iterator files(fs::path(path).parent_path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(TuneCacheTest, KeysAreWhole) {
  TuneCache cache;
  cache.add(key, "conv_0", result);
  for (std::string TuneKey::*part : {&TuneKey::compiler, &TuneKey::cpu,
                                     &TuneKey::target, &TuneKey::kernel}) {
    TuneKey other = key;
    other.*part += "2";
    EXPECT_FALSE(cache.find(other, 2));
  }
  EXPECT_TRUE(cache.find(key, 2));
  EXPECT_FALSE(cache.find(key, 1));
}

TEST_F(TuneCacheTest, KeepsWhatOthersWrote) {
  TuneCache mine, theirs;
  mine.add(key, "mine", result);
  TuneKey other = key;
  other.compiler = "dlc 9";
  theirs.add(other, "theirs", result);
  ASSERT_TRUE(theirs.write(path, error)) << error;
  ASSERT_TRUE(mine.write(path, error)) << error;
  TuneCache all;
  ASSERT_TRUE(all.read(path, error)) << error;
  EXPECT_TRUE(all.find(key, 2));
  EXPECT_TRUE(all.find(other, 2));
  EXPECT_NE(readText().find("theirs"), std::string::npos);
}

TEST_F(TuneCacheTest, NoFileIsAnEmptyOne) {
  TuneCache cache;
  EXPECT_TRUE(cache.read(path, error));
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(TuneCacheTest, DamagedFilesStayAsTheyAre) {
  for (const char *text :
       {"", "{", "[]", R"({"entries": []})",
        R"({"format": "dlc-tune", "version": 2, "entries": []})",
        R"({"format": "dlc-tune", "version": 1, "entries": [{"cpu": "a"}]})"}) {
    write(text);
    TuneCache cache;
    error.clear();
    EXPECT_FALSE(cache.read(path, error)) << text;
    EXPECT_FALSE(error.empty()) << text;
    cache.add(key, "conv_0", result);
    EXPECT_FALSE(cache.write(path, error)) << text;
    EXPECT_EQ(readText(), text);
  }
}

TEST_F(TuneCacheTest, SchedulesThatMakeNoSenseAreNone) {
  for (const char *schedules : {"[null, 3]", R"([null, {"rows": "x"}])", "7"}) {
    write(std::string(R"({"format": "dlc-tune", "version": 1, "entries": [{)"
                      R"("compiler": "dlc 1, LLVM 22", "cpu": "znver3",)"
                      R"("target": "t", "kernel": "k", "schedules": )") +
          schedules + "}]}");
    TuneCache cache;
    EXPECT_TRUE(cache.read(path, error)) << error;
    EXPECT_FALSE(cache.find(key, 2)) << schedules;
  }
}
