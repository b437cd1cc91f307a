// SPDX-License-Identifier: Apache-2.0
// Artifacts as files: through libdlcrt, alone, and damaged.
#include "test/runtime/TestModel.h"

#include <cstdio>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>

using namespace dlc::test;

/// The artifact that the build makes of TestModel.c.
static const std::string kArtifact = DLC_TEST_ARTIFACT;

static std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

namespace {
/// A file that is removed at the end of the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::string &bytes)
      : path(testing::TempDir() + "dlc-load-" + std::to_string(getpid()) +
             ".so") {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};
} // namespace

static dlc_status load(const std::string &path) {
  const dlc_model *model;
  dlc_status status = dlc_model_load(path.c_str(), &model);
  dlc_model_unload(model);
  return status;
}

TEST(Load, RunsOlderArtifacts) {
  const dlc_model *model;
  ASSERT_EQ(dlc_model_load(DLC_TEST_OLD_ARTIFACT, &model), DLC_OK)
      << dlc_last_error();
  dlc_model_info info = {};
  info.struct_size = sizeof info;
  ASSERT_EQ(dlc_model_get_info(model, &info), DLC_OK);
  EXPECT_EQ(info.num_dims, 0u);
  dlc_session *session;
  ASSERT_EQ(dlc_session_create(model, nullptr, &session), DLC_OK);
  TestTensors tensors;
  EXPECT_EQ(tensors.run(session), DLC_OK);
  EXPECT_TRUE(tensors.isCorrect());
  dlc_session_destroy(session);
  dlc_model_unload(model);
}

TEST(Load, RunsAndUnloads) {
  for (int i = 0; i < 3; ++i) {
    const dlc_model *model;
    ASSERT_EQ(dlc_model_load(kArtifact.c_str(), &model), DLC_OK)
        << dlc_last_error();
    EXPECT_NE(model, testModel());
    dlc_session_options options = makeOptions();
    options.num_threads = 3;
    dlc_session *session;
    ASSERT_EQ(dlc_session_create(model, &options, &session), DLC_OK);
    TestTensors tensors;
    EXPECT_EQ(tensors.run(session), DLC_OK);
    EXPECT_TRUE(tensors.isCorrect());
    dlc_session_destroy(session);
    dlc_model_unload(model);
  }
}

TEST(Load, TwiceGivesOneModel) {
  const dlc_model *first, *second;
  ASSERT_EQ(dlc_model_load(kArtifact.c_str(), &first), DLC_OK);
  ASSERT_EQ(dlc_model_load(kArtifact.c_str(), &second), DLC_OK);
  EXPECT_EQ(first, second);
  dlc_model_unload(first);
  EXPECT_EQ(dlc_model_find_input(second, "a"), 0);
  dlc_model_unload(second);
  dlc_model_unload(testModel()); // linked in: ignored
  dlc_model_unload(nullptr);
}

TEST(Load, WorksWithoutTheLibrary) {
  for (int i = 0; i < 3; ++i) {
    void *handle = dlopen(kArtifact.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(handle) << dlerror();
    auto entry =
        reinterpret_cast<dlc_model_v1_fn>(dlsym(handle, DLC_MODEL_V1_SYMBOL));
    ASSERT_TRUE(entry);
    const dlc_api *api = entry();
    EXPECT_EQ(api->version, DLC_API_VERSION);
    dlc_session_options options = makeOptions();
    options.num_threads = 3;
    dlc_session *session;
    ASSERT_EQ(api->session_create(api->model, &options, &session), DLC_OK);
    TestTensors tensors;
    EXPECT_EQ(api->session_run_tensors(session, tensors.inputs, 2,
                                       tensors.outputs, 2, nullptr),
              DLC_OK);
    EXPECT_TRUE(tensors.isCorrect());
    EXPECT_EQ(api->session_run_tensors(session, tensors.inputs, 1,
                                       tensors.outputs, 2, nullptr),
              DLC_ERROR_INVALID_ARGUMENT);
    EXPECT_STREQ(api->last_error(),
                 "1 inputs and 2 outputs given, the model has 2 and 2");
    api->session_destroy(session);

    auto selfTest =
        reinterpret_cast<dlc_self_test_fn>(dlsym(handle, DLC_SELF_TEST_SYMBOL));
    ASSERT_TRUE(selfTest);
    EXPECT_EQ(selfTest(), 0);
    // The workers are gone with the sessions, or this unmaps their code.
    ASSERT_EQ(dlclose(handle), 0);
  }
}

TEST(Load, DevicesNeedTheLibrary) {
  void *handle = dlopen(kArtifact.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(handle) << dlerror();
  const dlc_api *api =
      reinterpret_cast<dlc_model_v1_fn>(dlsym(handle, DLC_MODEL_V1_SYMBOL))();
  dlc_session_options options = makeOptions();
  options.device = {kDLCUDA, 1};
  dlc_session *session;
  EXPECT_EQ(api->session_create(api->model, &options, &session),
            DLC_ERROR_UNSUPPORTED);
  EXPECT_STREQ(api->last_error(), "model 'test' runs on cuda:1 with libdlcrt "
                                  "only: load it with dlc_model_load");
  EXPECT_EQ(session, nullptr);
  dlclose(handle);
}

TEST(Load, RefusesFilesThatAreNoArtifacts) {
  EXPECT_EQ(load("/nonexistent.so"), DLC_ERROR_IO);
  EXPECT_EQ(load(testing::TempDir()), DLC_ERROR_IO);
  TemporaryFile empty("");
  EXPECT_EQ(load(empty.path), DLC_ERROR_ARTIFACT);
  TemporaryFile text(std::string(5000, 'x'));
  EXPECT_EQ(load(text.path), DLC_ERROR_ARTIFACT);
}

TEST(Load, RefusesOtherSharedObjects) {
  EXPECT_EQ(load(DLC_TEST_LIBRARY), DLC_ERROR_ARTIFACT);
  EXPECT_NE(std::string(dlc_last_error()).find("no function dlc_model_v1"),
            std::string::npos)
      << dlc_last_error();
}

TEST(Load, RefusesOtherMachines) {
  std::string bytes = readFile(kArtifact);
  auto *header = reinterpret_cast<Elf64_Ehdr *>(bytes.data());
  header->e_machine = EM_PPC64;
  TemporaryFile file(bytes);
  EXPECT_EQ(load(file.path), DLC_ERROR_ARTIFACT);
  EXPECT_NE(std::string(dlc_last_error()).find("not made for this machine"),
            std::string::npos);
}

TEST(Load, RefusesEveryCut) {
  std::string bytes = readFile(kArtifact);
  ASSERT_GT(bytes.size(), 1000u);
  for (size_t size = 0; size < bytes.size(); size += bytes.size() / 53 + 1) {
    TemporaryFile file(bytes.substr(0, size));
    EXPECT_EQ(load(file.path), DLC_ERROR_ARTIFACT) << size;
  }
}

TEST(Load, RefusesHostileHeaders) {
  std::string bytes = readFile(kArtifact);
  auto *header = reinterpret_cast<Elf64_Ehdr *>(bytes.data());
  header->e_phoff = UINT64_MAX - 8;
  TemporaryFile farHeaders(bytes);
  EXPECT_EQ(load(farHeaders.path), DLC_ERROR_ARTIFACT);
  bytes = readFile(kArtifact);
  header = reinterpret_cast<Elf64_Ehdr *>(bytes.data());
  auto *segment =
      reinterpret_cast<Elf64_Phdr *>(bytes.data() + header->e_phoff);
  segment->p_offset = UINT64_MAX;
  segment->p_filesz = UINT64_MAX;
  TemporaryFile farSegment(bytes);
  EXPECT_EQ(load(farSegment.path), DLC_ERROR_ARTIFACT);
}

TEST(Load, WritesTraces) {
  std::vector<dlc_profile_event> events(3);
  dlc_session_options options = makeOptions();
  options.profile = events.data();
  options.profile_capacity = events.size();
  dlc_session *session;
  ASSERT_EQ(dlc_session_create(testModel(), &options, &session), DLC_OK);
  TestTensors tensors;
  ASSERT_EQ(tensors.run(session), DLC_OK);
  TemporaryFile file("");
  ASSERT_EQ(dlc_session_write_trace(session, file.path.c_str()), DLC_OK);
  std::string text = readFile(file.path);
  EXPECT_NE(text.find("\"name\":\"multiply\""), std::string::npos);
  EXPECT_NE(text.find("\"nodes\":\"add0, \\\"quoted\\\"\""), std::string::npos)
      << text;
  EXPECT_EQ(dlc_session_write_trace(session, "/nonexistent/x.json"),
            DLC_ERROR_IO);
  dlc_session_destroy(session);
}
