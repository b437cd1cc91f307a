// SPDX-License-Identifier: Apache-2.0
// Tests of tools/npz: what numpy writes is read, what is written reads back,
// and damaged files end in a message.
#include "tools/npz/Npz.h"

#include "gtest/gtest.h"
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::npz;

namespace {

/// A file of \p bytes that is removed with the object.
class TemporaryFile {
public:
  explicit TemporaryFile(std::string_view bytes = {})
      : path(testing::TempDir() + "npz-test-" + std::to_string(getpid())) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
  }
  ~TemporaryFile() { unlink(path.c_str()); }

  std::string bytes() const {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const std::string path;
};

std::string npy(std::string_view dict, std::string_view data) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(dict.size());
  text += '\0';
  return text.append(dict).append(data);
}

template <typename T>
std::vector<T> values(const Array &array) {
  std::vector<T> result(array.bytes.size() / sizeof(T));
  std::memcpy(result.data(), array.bytes.data(), array.bytes.size());
  return result;
}

/// Reads every member of \p bytes; \returns the first error.
std::string readAll(std::string_view bytes) {
  TemporaryFile file(bytes);
  Reader reader;
  std::string error;
  if (!reader.open(file.path, error))
    return error;
  for (const std::string &name : reader.names())
    if (!reader.read(name, error))
      return error;
  return "";
}

/// An archive with the arrays "in:x" and "empty".
std::string sample() {
  TemporaryFile file;
  Writer writer(file.path);
  Array x = Array::zeros({kFloat, 32}, {2, 3});
  float numbers[] = {1, 2, 3, 4, 5, 6};
  std::memcpy(x.bytes.data(), numbers, sizeof(numbers));
  writer.add("in:x", x);
  writer.add("empty", Array::zeros({kInt, 64}, {0}));
  std::string error;
  EXPECT_TRUE(writer.commit(error)) << error;
  return file.bytes();
}

TEST(Npy, ReadsWhatNumpyWrites) {
  std::string error;
  auto array = parseNpy(
      npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n",
          {"\1\0\2\0", 4}),
      error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(array->dtype, (DType{kInt, 16}));
  EXPECT_EQ(array->shape, std::vector<int64_t>{2});
  EXPECT_EQ(values<int16_t>(*array), (std::vector<int16_t>{1, 2}));
}

TEST(Npy, TurnsFortranOrderIntoCOrder) {
  std::string error;
  auto array = parseNpy(
      npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}",
          {"\0\1\2\3\4\5\6\7\10\11\12\13", 12}),
      error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(values<uint8_t>(*array),
            (std::vector<uint8_t>{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}));
}

TEST(Npy, SwapsBigEndian) {
  std::string error;
  auto array =
      parseNpy(npy("{'descr': '>u4', 'fortran_order': False, 'shape': ()}",
                   {"\0\0\1\2", 4}),
               error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(values<uint32_t>(*array), std::vector<uint32_t>{0x102});
}

TEST(Npy, HeaderRoundTrips) {
  const DType dtypes[] = {{kBool, 8},    {kInt, 8},     {kInt, 64},
                          {kUInt, 16},   {kFloat, 16},  {kFloat, 64},
                          {kBFloat, 16}, {kComplex, 64}};
  for (DType dtype : dtypes)
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{}, {3}, {2, 0}, {1, 2, 3}}) {
      Array array = Array::zeros(dtype, shape);
      std::string header = npyHeader(array), error;
      EXPECT_EQ(header.size() % 64, 0u);
      auto read = parseNpy(
          header + std::string(array.bytes.data(), array.bytes.size()), error);
      ASSERT_TRUE(read) << error << header;
      EXPECT_EQ(read->dtype, dtype);
      EXPECT_EQ(read->shape, shape);
    }
}

TEST(Npy, RefusesMalformedHeaders) {
  const char *dicts[] = {
      "",
      "{",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': No, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,"
      ")}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905,"
      "4)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0,"
      "4611686018427387905,4611686018427387905)}"};
  for (const char *dict : dicts) {
    std::string error;
    EXPECT_FALSE(parseNpy(npy(dict, {"\0\0\0\0", 4}), error)) << dict;
    EXPECT_FALSE(error.empty());
  }
}

TEST(Npy, RefusesCutFiles) {
  std::string whole =
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "abc");
  for (size_t length = 0; length < whole.size(); ++length) {
    std::string error;
    EXPECT_FALSE(parseNpy(whole.substr(0, length), error)) << length;
  }
}

TEST(Npz, ReadsDeflatedArchives) {
  Reader reader;
  std::string error;
  ASSERT_TRUE(reader.open(DLC_TEST_DATA_DIR "/digits/test.npz", error))
      << error;
  EXPECT_EQ(reader.names(),
            (std::vector<std::string>{"data", "label", "softmax_output"}));
  auto data = reader.read("data", error);
  ASSERT_TRUE(data) << error;
  EXPECT_EQ(shapeText(data->shape), "360x1x8x8");
  EXPECT_EQ(dtypeName(data->dtype), "float32");
}

TEST(Npz, RoundTrips) {
  TemporaryFile file(sample());
  Reader reader;
  std::string error;
  ASSERT_TRUE(reader.open(file.path, error)) << error;
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"in:x", "empty"}));
  auto x = reader.read("in:x", error);
  ASSERT_TRUE(x) << error;
  EXPECT_EQ(values<float>(*x), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  auto empty = reader.read("empty", error);
  ASSERT_TRUE(empty) << error;
  EXPECT_EQ(empty->shape, std::vector<int64_t>{0});
  EXPECT_EQ(file.bytes(), sample()) << "the same arrays give the same bytes";
}

TEST(Npz, ReadsAnArchiveWithoutMembers) {
  TemporaryFile file;
  std::string error;
  Writer writer(file.path);
  ASSERT_TRUE(writer.commit(error)) << error;
  Reader reader;
  ASSERT_TRUE(reader.open(file.path, error)) << error;
  EXPECT_TRUE(reader.names().empty());
}

TEST(Npz, RefusesCutFiles) {
  std::string whole = sample();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(readAll(whole.substr(0, length)), "") << length;
}

TEST(Npz, SurvivesAnyDamagedByte) {
  const std::string whole = sample();
  for (size_t at = 0; at < whole.size(); ++at)
    for (unsigned char value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(value);
      readAll(damaged); // must not crash; some bytes mean nothing
    }
}

TEST(Npz, NoticesChangedData) {
  std::string damaged = sample();
  size_t end = damaged.find("PK\x03\x04", 4); // the second member
  damaged[end - 1] ^= 1;
  EXPECT_NE(readAll(damaged).find("checksum"), std::string::npos);
}

TEST(Npz, RefusesOtherFiles) {
  EXPECT_NE(readAll(""), "");
  EXPECT_NE(readAll(std::string(1000, 'x')), "");
  Reader reader;
  std::string error;
  EXPECT_FALSE(reader.open("/nonexistent/x.npz", error));
  EXPECT_NE(error.find("No such file"), std::string::npos);
}

TEST(Output, LeavesNothingBehindOnFailure) {
  std::string error;
  EXPECT_FALSE(Writer("/nonexistent/x.npz").commit(error));
  EXPECT_NE(error.find("can't be written"), std::string::npos);
  std::string path = testing::TempDir() + "npz-test-abandoned";
  OutputFile(path).write("some bytes");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  // Through a link, so that a defect can't remove the device itself.
  std::string link = testing::TempDir() + "npz-test-full";
  unlink(link.c_str());
  ASSERT_EQ(symlink("/dev/full", link.c_str()), 0);
  Writer full(link);
  full.add("x", Array::zeros({kFloat, 32}, {100}));
  EXPECT_FALSE(full.commit(error));
  struct stat status;
  EXPECT_TRUE(lstat(link.c_str(), &status) == 0 && S_ISLNK(status.st_mode));
  unlink(link.c_str());
}

} // namespace
