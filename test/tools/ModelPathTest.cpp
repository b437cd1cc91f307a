// SPDX-License-Identifier: Apache-2.0
// Which files a path stands for, and what is wrong with folders and archives.
#include "tools/dlc/ModelPath.h"

#include "tools/npz/Zip.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace fs = std::filesystem;
using namespace dlc;
using namespace dlc::tool;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

/// A folder of the test's own.
class ModelPathTest : public testing::Test {
protected:
  ModelPathTest()
      : folder(fs::path(testing::TempDir()) /
               ("dlc-path-" + std::to_string(::getpid()))) {
    fs::create_directory(folder);
  }
  ~ModelPathTest() override { fs::remove_all(folder); }

  void write(const std::string &name, const std::string &text) const {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  std::string archive(const std::string &name, const Members &members) const {
    npz::ZipWriter zip((folder / name).string());
    for (const auto &[member, text] : members)
      zip.add(member, "", text);
    std::string error;
    EXPECT_TRUE(zip.commit(error)) << error;
    return (folder / name).string();
  }
  bool find(const std::string &path, std::optional<int> epoch = std::nullopt) {
    files = ModelFiles();
    diagnostics = DiagnosticList();
    return findModel({(folder / path).string(), "", epoch}, files, diagnostics);
  }
  /// The weights' bytes.
  std::string params() const {
    return files.params ? std::string(files.params->bytes) : "none";
  }
  /// The one problem, without the folder's name.
  std::string problem() const {
    EXPECT_EQ(diagnostics.size(), 1u);
    std::string text = diagnostics.get().at(0).getText();
    size_t at = text.find(folder.string() + "/");
    return at == text.npos ? text : text.erase(at, folder.string().size() + 1);
  }

  const fs::path folder;
  ModelFiles files;
  DiagnosticList diagnostics;
};

const std::string signature =
    R"({"inputs": [{"data_name": "data", "data_shape": [0, 3, 8, 8]},
                   {"data_name": "sizes", "data_shape": [2, 5]},
                   {"data_name": "words", "data_shape": [0, 0]}]})";
const std::string manifest =
    R"({"Model": {"Symbol": "b-symbol.json", "Parameters": "b-0003.params",
                  "Signature": "signature.json", "Service": "s.py"}})";

} // namespace

TEST_F(ModelPathTest, FindsParamsBesideTheModel) {
  auto touch = [&](const char *name) { std::ofstream(folder / name) << "x"; };
  auto find = [&](const char *model) {
    return fs::path(findParams(folder / model)).filename().string();
  };
  EXPECT_EQ(find("net-symbol.json"), "");
  touch("net.params");
  EXPECT_EQ(find("net-symbol.json"), "net.params");
  for (const char *name :
       {"net-0003.params", "net-0020.params", "net-20.params",
        "network-0099.params", "net-00a9.params", "net-0100.params.bak"})
    touch(name);
  EXPECT_EQ(find("net-symbol.json"), "net-0020.params");
  EXPECT_EQ(find("net.json"), "net-0020.params");
  EXPECT_EQ(find("stage.mlir"), "");
  touch("stage.safetensors");
  EXPECT_EQ(find("stage.mlir"), "stage.safetensors");
  touch("net-10000.params");
  EXPECT_EQ(find("net-symbol.json"), "net-10000.params");
  EXPECT_EQ(fs::path(findParams(folder / "net-symbol.json", 3)).filename(),
            "net-0003.params");
  EXPECT_EQ(findParams(folder / "net-symbol.json", 4), "");
}

TEST_F(ModelPathTest, TakesAPrefix) {
  write("net-symbol.json", "symbol");
  write("net-0001.params", "one");
  write("net-0020.params", "twenty");
  ASSERT_TRUE(find("net"));
  EXPECT_EQ(files.model.bytes, "symbol");
  EXPECT_EQ(params(), "twenty");
  ASSERT_TRUE(find("net", 1));
  EXPECT_EQ(params(), "one");
  EXPECT_FALSE(find("net", 7));
  EXPECT_EQ(problem(), "error: net-symbol.json: has no weights of epoch 7: " +
                           (folder / "net").string() +
                           "-0007.params is missing [DLC0101]");
  EXPECT_FALSE(find("ne"));
  // A checkpoint comes before a folder of the same name.
  write("net/other-symbol.json", "other");
  ASSERT_TRUE(find("net"));
  EXPECT_EQ(files.model.bytes, "symbol");
  EXPECT_FALSE(find("net/"));
}

TEST_F(ModelPathTest, TakesAFolder) {
  write("m/net-symbol.json", "symbol");
  EXPECT_FALSE(find("m"));
  EXPECT_EQ(problem(), "error: m: holds no weights for net-symbol.json: "
                       "net-NNNN.params is missing [DLC0108]");
  write("m/net-0001.params", "one");
  write("m/net-0002.params", "two");
  ASSERT_TRUE(find("m"));
  EXPECT_EQ(files.model.bytes, "symbol");
  EXPECT_EQ(params(), "two");
  EXPECT_TRUE(files.inputs.empty());
  ASSERT_TRUE(find("m/", 1));
  EXPECT_EQ(params(), "one");
  write("m/signature.json", signature);
  ASSERT_TRUE(find("m"));
  ASSERT_EQ(files.inputs.size(), 2u);
  EXPECT_EQ(files.inputs[0].name, "data");
  EXPECT_EQ(files.inputs[0].shape[0].size, 1);
  EXPECT_EQ(files.inputs[0].shape[3].size, 8);
  EXPECT_EQ(files.inputs[1].name, "sizes");
  write("m/a-symbol.json", "other");
  EXPECT_FALSE(find("m"));
  EXPECT_EQ(problem(), "error: m: holds several models, give one of them: "
                       "a-symbol.json, net-symbol.json [DLC0108]");
  // As model servers of version 1 unpack it.
  write("m/MAR-INF/MANIFEST.json", R"({"model": {"modelName": "net"}})");
  ASSERT_TRUE(find("m"));
  EXPECT_EQ(files.model.bytes, "symbol");
  fs::create_directory(folder / "empty");
  EXPECT_FALSE(find("empty"));
  EXPECT_EQ(problem(), "error: empty: holds no model: no file's name ends in "
                       "-symbol.json [DLC0108]");
}

TEST_F(ModelPathTest, TakesArchives) {
  Members members = {{"a-symbol.json", "a"},       {"b-symbol.json", "b"},
                     {"b-0003.params", "b3"},      {"b-0010.params", "b10"},
                     {"a-0000.params", "a0"},      {"MANIFEST.json", manifest},
                     {"signature.json", signature}};
  archive("v0.model", members);
  ASSERT_TRUE(find("v0.model"));
  EXPECT_EQ(files.model.bytes, "b");
  EXPECT_EQ(files.model.name, (folder / "v0.model/b-symbol.json").string());
  // The manifest's choice, unless told otherwise.
  EXPECT_EQ(params(), "b3");
  EXPECT_EQ(files.inputs.size(), 2u);
  ASSERT_TRUE(find("v0.model", 10));
  EXPECT_EQ(params(), "b10");

  members[5] = {"MAR-INF/MANIFEST.json", R"({"model": {"modelName": "a"}})"};
  archive("v1.mar", members);
  ASSERT_TRUE(find("v1.mar"));
  EXPECT_EQ(files.model.bytes, "a");
  EXPECT_EQ(params(), "a0");

  // Packed with its folder, under a name that says nothing.
  archive("packed", {{"net/", ""},
                     {"net/n-symbol.json", "n"},
                     {"net/n-0000.params", "n0"},
                     {"net/signature.json", signature}});
  ASSERT_TRUE(find("packed"));
  EXPECT_EQ(files.model.bytes, "n");
  EXPECT_EQ(params(), "n0");
  EXPECT_EQ(files.inputs.size(), 2u);
}

TEST_F(ModelPathTest, TakesArchivesOfOtherSystems) {
  // With a Mac's files beside the model's own, and with Windows' names.
  archive("mac.zip", {{"net/n-symbol.json", "n"},
                      {"__MACOSX/net/._n-symbol.json", "x"},
                      {"net/n-0000.params", "n0"},
                      {"net/.DS_Store", "x"},
                      {"net/signature.json", signature}});
  ASSERT_TRUE(find("mac.zip"));
  EXPECT_EQ(files.model.bytes, "n");
  EXPECT_EQ(params(), "n0");
  EXPECT_EQ(files.inputs.size(), 2u);
  archive("windows.zip", {{"net\\n-symbol.json", "n"},
                          {"net\\n-0000.params", "n0"},
                          {"net\\signature.json", signature}});
  ASSERT_TRUE(find("windows.zip"));
  EXPECT_EQ(params(), "n0");
  EXPECT_EQ(files.inputs.size(), 2u);
  write("m/n-symbol.json", "n");
  write("m/._n-symbol.json", "x");
  write("m/n-0000.params", "n0");
  ASSERT_TRUE(find("m"));
  EXPECT_EQ(files.model.bytes, "n");
}

TEST_F(ModelPathTest, RefusesArchivesThatAreNotWhole) {
  auto refuse = [&](const Members &members) {
    archive("x.mar", members);
    EXPECT_FALSE(find("x.mar"));
    return problem();
  };
  EXPECT_EQ(refuse({}), "error: x.mar: holds no model: no file's name ends in "
                        "-symbol.json [DLC0108]");
  EXPECT_EQ(refuse({{"MANIFEST.json", manifest}}),
            "error: x.mar: the file 'b-symbol.json' is missing [DLC0108]");
  EXPECT_EQ(refuse({{"MANIFEST.json", manifest}, {"b-symbol.json", "b"}}),
            "error: x.mar: the file 'b-0003.params' is missing [DLC0108]");
  EXPECT_EQ(refuse({{"MANIFEST.json", manifest},
                    {"b-symbol.json", "b"},
                    {"b-0003.params", "p"}}),
            "error: x.mar: the file 'signature.json' is missing [DLC0108]");
  EXPECT_EQ(refuse({{"n-symbol.json", "n"}}),
            "error: x.mar: holds no weights for n-symbol.json: n-NNNN.params "
            "is missing [DLC0108]");
  EXPECT_EQ(refuse({{"a", "1"}, {"a", "2"}}),
            "error: x.mar: has two members named 'a' [DLC0108]");
  for (const char *name :
       {"../x", "/etc/x", "a/../../x", "a\\..\\..\\x", "C:\\x", ".."}) {
    std::string shown = name;
    std::replace(shown.begin(), shown.end(), '\\', '/');
    EXPECT_EQ(refuse({{name, "text"}}),
              "error: x.mar: has the member '" + shown +
                  "', which leads out of it [DLC0108]");
  }
  EXPECT_NE(refuse({{"MANIFEST.json", "{"}}).find("malformed JSON"),
            std::string::npos);
  for (const char *text :
       {"[]", "{}", R"({"inputs": 3})", R"({"inputs": [3]})",
        R"({"inputs": [{"data_name": 3}]})",
        R"({"inputs": [{"data_name": "d"}]})",
        R"({"inputs": [{"data_name": "d", "data_shape": ["a"]}]})",
        R"({"inputs": [{"data_name": "d", "data_shape": [1, -7]}]})"})
    EXPECT_NE(refuse({{"n-symbol.json", "n"},
                      {"n-0000.params", "p"},
                      {"signature.json", text}})
                  .find("error: x.mar/signature.json: is not a signature: "),
              std::string::npos)
        << text;
  write("text.mar", "no archive at all");
  EXPECT_FALSE(find("text.mar"));
  EXPECT_EQ(problem(),
            "error: text.mar: is not a zip archive, or is cut off [DLC0108]");
}

TEST_F(ModelPathTest, RefusesEveryTruncationAndSurvivesEveryDamage) {
  archive("whole.mar", {{"n-symbol.json", "symbol"},
                        {"n-0000.params", std::string(200, 'p')},
                        {"signature.json", signature}});
  std::ifstream stream(folder / "whole.mar", std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(stream), {}};
  for (size_t length = 0; length < whole.size(); ++length) {
    write("cut.mar", whole.substr(0, length));
    EXPECT_FALSE(find("cut.mar")) << length;
    EXPECT_EQ(diagnostics.size(), 1u) << length;
  }
  for (size_t at = 0; at < whole.size(); at += 3)
    for (char value : {'\0', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      write("bad.mar", damaged);
      EXPECT_EQ(find("bad.mar"), diagnostics.empty()) << at;
    }
}
