// SPDX-License-Identifier: Apache-2.0
// Reference tensors that travel inside an artifact.
#include "compiler/EmbedTest.h"

#include "tools/npz/Npz.h"
#include "llvm/Support/MathExtras.h"

namespace dlc {

static constexpr uint64_t kAlignment = 64;

namespace {
/// Collects the tensors of one side.
class TestReader {
public:
  TestReader(const NamedBytes &file, TestData &data,
             DiagnosticList &diagnostics)
      : file(file), data(data), diagnostics(diagnostics) {}

  bool open() {
    std::string error;
    return archive.open(file.name, error) || fail(error);
  }
  /// Adds the tensors that are there; \p prefixes are tried in order.
  bool add(const std::vector<artifact::TensorSpec> &tensors,
           std::initializer_list<const char *> prefixes,
           std::vector<std::optional<uint64_t>> &offsets);

  /// Reads the sizes of the dims of \p spec off the inputs that are there,
  /// those of counted ones off the outputs, and checks them; the typical ones
  /// for others.
  bool readDims(const artifact::ArtifactSpec &spec,
                std::initializer_list<const char *> prefixes,
                std::vector<int64_t> &dims);

private:
  void readDims(const artifact::ArtifactSpec &spec, const std::string &key,
                const artifact::TensorSpec &tensor, std::vector<int64_t> &dims);
  bool fail(const std::string &message) {
    return diagnostics.add(DiagnosticCode::UnreadableFile,
                           {file.name, "", "", -1}, message);
  }
  bool addTensor(const std::string &key, const artifact::TensorSpec &tensor,
                 std::optional<uint64_t> &offset);

  const NamedBytes &file;
  TestData &data;
  DiagnosticList &diagnostics;
  npz::Reader archive;
};
} // namespace

bool TestReader::addTensor(const std::string &key,
                           const artifact::TensorSpec &tensor,
                           std::optional<uint64_t> &offset) {
  std::string error;
  std::optional<npz::Array> array = archive.read(key, error);
  if (!array)
    return fail("'" + key + "': " + error);
  npz::DType dtype{tensor.dtypeCode, tensor.dtypeBits};
  if (array->dtype != dtype || array->shape != tensor.shape)
    return fail("'" + key + "' is " + npz::dtypeName(array->dtype) + " " +
                npz::shapeText(array->shape) + ", but the model has " +
                npz::dtypeName(dtype) + " " + npz::shapeText(tensor.shape));
  data.bytes = llvm::alignTo(data.bytes, kAlignment);
  offset = data.bytes;
  data.storage.push_back(std::move(array->bytes));
  data.chunks.push_back({data.bytes, data.storage.back()});
  data.bytes += data.storage.back().size();
  return true;
}

bool TestReader::add(const std::vector<artifact::TensorSpec> &tensors,
                     std::initializer_list<const char *> prefixes,
                     std::vector<std::optional<uint64_t>> &offsets) {
  for (const artifact::TensorSpec &tensor : tensors) {
    std::optional<uint64_t> &offset = offsets.emplace_back();
    for (const char *prefix : prefixes)
      if (!offset && archive.contains(prefix + tensor.name) &&
          !addTensor(prefix + tensor.name, tensor, offset))
        return false;
  }
  return true;
}

/// Reads the dims that are extents of \p tensor off the array \p key.
void TestReader::readDims(const artifact::ArtifactSpec &spec,
                          const std::string &key,
                          const artifact::TensorSpec &tensor,
                          std::vector<int64_t> &dims) {
  std::string error;
  std::optional<npz::Array> array =
      archive.contains(key) ? archive.read(key, error) : std::nullopt;
  if (!array || array->shape.size() != tensor.extents.size())
    return; // reported when it is added
  for (auto [number, extent] : llvm::zip(tensor.extents, array->shape))
    if (number && spec.sizes[number - 1].op == DLC_SIZE_DIM)
      dims[spec.sizes[number - 1].b] = extent;
}

bool TestReader::readDims(const artifact::ArtifactSpec &spec,
                          std::initializer_list<const char *> prefixes,
                          std::vector<int64_t> &dims) {
  dims = artifact::getTypicalSizes(spec);
  for (const artifact::TensorSpec &output : spec.outputs)
    readDims(spec, "out:" + output.name, output, dims);
  for (const artifact::TensorSpec &input : spec.inputs)
    for (const char *prefix : prefixes)
      readDims(spec, prefix + input.name, input, dims);
  for (auto [dim, size] : llvm::zip(spec.dims, dims))
    if (size < dim.min || size > dim.max || size % dim.multiple != 0)
      return fail("has inputs of the size " + std::to_string(size) + " for '" +
                  dim.name + "', which is out of its bounds");
  return true;
}

bool readTestData(const NamedBytes &file, artifact::ArtifactSpec &spec,
                  TestData &data, DiagnosticList &diagnostics) {
  TestReader reader(file, data, diagnostics);
  artifact::TestSpec test;
  const auto prefixes = {"in:", "aux:", ""};
  if (!reader.open() ||
      (spec.isDynamic() && !reader.readDims(spec, prefixes, test.dims)))
    return false;
  std::optional<artifact::ArtifactSpec> fixed = fixSizes(spec, test.dims);
  if (!fixed)
    diagnostics.add(DiagnosticCode::UnreadableFile, {file.name, "", "", -1},
                    "has inputs of sizes that the model cannot be computed at");
  if (!fixed || !reader.add(fixed->inputs, prefixes, test.inputs))
    return false;
  for (size_t i = 0; i < spec.inputs.size(); ++i)
    if (!test.inputs[i])
      diagnostics.add(DiagnosticCode::UnreadableFile, {file.name, "", "", -1},
                      "has no value for input '" + spec.inputs[i].name + "'");
  if (!diagnostics.empty() ||
      !reader.add(fixed->outputs, {"out:"}, test.outputs))
    return false;
  spec.test = std::move(test);
  return true;
}

} // namespace dlc
