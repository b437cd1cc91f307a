// SPDX-License-Identifier: Apache-2.0
// The text of descriptions and metadata, with names that need escapes.
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Header.h"
#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace dlc::artifact;

TEST(DescriptionTest, EmptyModelAssembles) {
  ArtifactSpec spec;
  spec.name = "empty";
  Expected<SmallVector<char, 0>> object =
      assemble(writeDescription(spec), "x86_64-unknown-linux-gnu");
  EXPECT_TRUE(bool(object)) << toString(object.takeError());
}

TEST(DescriptionTest, StrangeNamesSurvive) {
  ArtifactSpec spec;
  spec.name = "quote\" back\\slash new\nline \xc3\xa9 \xff";
  spec.inputs = {{spec.name, 0, 64, {1}, 8}};
  spec.targets = {{"t", 0}};
  spec.kernels = {{"k", {{"res/conv 0.t", 1}}, {}, 0, 0}};
  std::string text = writeDescription(spec);
  Expected<SmallVector<char, 0>> object =
      assemble(text, "x86_64-unknown-linux-gnu");
  ASSERT_TRUE(bool(object)) << toString(object.takeError());
  StringRef bytes(object->data(), object->size());
  EXPECT_NE(bytes.find(spec.name), StringRef::npos);
  EXPECT_NE(bytes.find("res/conv 0.t"), StringRef::npos);
}

TEST(DescriptionTest, MetadataIsJson) {
  ArtifactSpec spec;
  spec.name = "m";
  spec.inputs = {{"data\"", 4, 16, {2, 3}, 12}};
  spec.targets = {{"x86-64-v3", 2}, {"x86-64-v4", 4}};
  spec.kernels = {{"k", {{"k.a", 3}, {"k.b", 5}}, {"conv0"}, 11, 12}};
  spec.steps = {{0, 0, 0, {}, 11, 13, 0, {"conv0"}}};
  spec.digests = {{"weights", "00ff"}};
  spec.variables = {"data\"", "label"};
  spec.cuda.emplace();
  spec.cuda->images = {{DLC_CUDA_CUBIN, 90, "1234"}, {DLC_CUDA_PTX, 80, "1"}};
  spec.cuda->kernels = {{"k_entry", 128, 64, 17, 256}};
  Expected<json::Value> value = json::parse(writeMetadata(spec));
  ASSERT_TRUE(bool(value)) << toString(value.takeError());
  const json::Object &root = *value->getAsObject();
  const json::Object &input = *(*root.getArray("inputs"))[0].getAsObject();
  EXPECT_EQ(*input.getString("name"), "data\"");
  EXPECT_EQ(*input.getString("dtype"), "bfloat16");
  EXPECT_EQ(*(*root.getArray("variables"))[1].getAsString(), "label");
  const json::Object &kernel = *(*root.getArray("kernels"))[0].getAsObject();
  EXPECT_EQ(*kernel.getObject("tasks")->getInteger("x86-64-v4"), 5);
  const json::Object &launch = *kernel.getObject("cuda");
  EXPECT_EQ(*launch.getInteger("blocks"), 17);
  EXPECT_EQ(*launch.getInteger("threads"), 128);
  EXPECT_EQ(*launch.getInteger("shared_bytes"), 64);
  EXPECT_EQ(*launch.getInteger("scratch_bytes"), 256);
  const json::Object &image = *(*root.getArray("cuda_images"))[0].getAsObject();
  EXPECT_EQ(*image.getString("kind"), "cubin");
  EXPECT_EQ(*image.getInteger("sm"), 90);
  EXPECT_EQ(*image.getInteger("bytes"), 4);
  const json::Object &step = *(*root.getArray("steps"))[0].getAsObject();
  EXPECT_EQ(*step.getString("kernel"), "k");
  EXPECT_EQ(*step.getInteger("bytes"), 13);
  EXPECT_EQ(*root.getObject("digests")->getString("weights"), "00ff");
}

TEST(DescriptionTest, HeaderHasTheContract) {
  ArtifactSpec spec;
  spec.compiler = "dlc test";
  spec.inputs = {{"da\"ta?", 2, 32, {1, 3, 8}, 96}};
  spec.outputs = {{"out", 0, 64, {}, 8}};
  spec.arenaBytes = 4096;
  spec.scratchBytesPerThread = 128;
  std::string text = writeHeader(spec, "my-model.v2");
  for (StringRef line :
       {"#ifndef DLC_MY_MODEL_V2_H",
        "#define DLC_MY_MODEL_V2_ARENA_BYTES 4096ull",
        "#define DLC_MY_MODEL_V2_SCRATCH_BYTES_PER_THREAD 128ull",
        "#define DLC_MY_MODEL_V2_NUM_INPUTS 1",
        "#define DLC_MY_MODEL_V2_INPUT0_NAME \"da\\042ta\\077\"",
        "#define DLC_MY_MODEL_V2_INPUT0_SHAPE {1, 3, 8}",
        "#define DLC_MY_MODEL_V2_INPUT0_BYTES 96ull",
        "#define DLC_MY_MODEL_V2_OUTPUT0_DTYPE \"int64\"",
        "#define DLC_MY_MODEL_V2_OUTPUT0_RANK 0"})
    EXPECT_NE(text.find((line + "\n").str()), std::string::npos)
        << line.str() << "\n"
        << text;
  EXPECT_EQ(text.find("OUTPUT0_SHAPE"), std::string::npos);
}

TEST(DescriptionTest, DtypeNamesAreNumpys) {
  EXPECT_EQ(dtypeName(2, 32), "float32");
  EXPECT_EQ(dtypeName(0, 8), "int8");
  EXPECT_EQ(dtypeName(1, 64), "uint64");
  EXPECT_EQ(dtypeName(4, 16), "bfloat16");
  EXPECT_EQ(dtypeName(6, 8), "bool");
}
