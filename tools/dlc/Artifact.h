// SPDX-License-Identifier: Apache-2.0
// An artifact that is loaded and its sessions, for the subcommands that run
// one: dlc/model.h with owners and messages.
#ifndef DLC_TOOLS_DLC_ARTIFACT_H
#define DLC_TOOLS_DLC_ARTIFACT_H

#include "dlc/model.h"
#include "tools/npz/Npy.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dlc::tool {

/// Memory of one input or output of a model, 64-byte aligned and zero.
class Tensor {
public:
  explicit Tensor(const dlc_tensor_info &info)
      : Tensor(info, {info.shape, info.shape + info.ndim}) {}
  /// Of the given shape, where the model's depends on dims.
  Tensor(const dlc_tensor_info &info, std::vector<int64_t> shape);

  const std::string &name() const { return tensorName; }
  npz::DType dtype() const { return elementType; }
  const std::vector<int64_t> &shape() const { return extents; }
  char *data() { return memory.get(); }
  const char *data() const { return memory.get(); }
  size_t sizeBytes() const { return size; }

  /// The view that the C interface takes; it lives as long as this object.
  DLTensor view();
  npz::Array toArray() const;

private:
  struct Free {
    void operator()(char *memory) const;
  };
  std::string tensorName;
  npz::DType elementType;
  std::vector<int64_t> extents;
  size_t size;
  std::unique_ptr<char, Free> memory;
};

/// "float32 1x3x224x224".
std::string typeText(npz::DType dtype, const std::vector<int64_t> &shape);
/// "float32 Nx3xHxW", with the model's names of extents that depend on dims.
std::string typeText(const dlc_tensor_info &info);

/// The runtime's message about its last failure, without the name of \p file
/// in front: `badInput` puts that there.
std::string lastError(const std::string &file);

/// A loaded artifact.
class Artifact {
public:
  Artifact() = default;
  ~Artifact();
  Artifact(const Artifact &) = delete;
  Artifact &operator=(const Artifact &) = delete;

  /// Loads \p path, after a check that this can't crash. \returns false, with
  /// the reason in \p error, if it is no artifact for this machine.
  bool load(const std::string &path, std::string &error);

  const dlc_model *model() const { return loaded; }
  const dlc_model_info &info() const { return facts; }
  const std::string &path() const { return file; }
  dlc_tensor_info input(uint32_t index) const;
  dlc_tensor_info output(uint32_t index) const;

  /// The sizes of the model's dims: what \p flags say, NAME=SIZE each, or else
  /// the typical ones. \returns false, with the reason in \p error, for names
  /// that aren't dims and for malformed sizes.
  bool readSizes(const std::vector<std::string> &flags,
                 std::vector<int64_t> &sizes, std::string &error) const;
  /// Tensors for all inputs at \p sizes. \returns false, with the reason in
  /// \p error, where these are out of their bounds.
  bool makeInputs(const std::vector<int64_t> &sizes,
                  std::vector<Tensor> &inputs, std::string &error) const;

private:
  dlc_dim_info dim(uint32_t index) const;

  std::string file;
  const dlc_model *loaded = nullptr;
  dlc_model_info facts = {};
};

/// How a session is to run; flags that run, bench and verify share.
struct SessionFlags {
  unsigned threads = 0;         ///< 0: one for each CPU
  std::string device = "cpu:0"; ///< or "cuda:0"
};

/// A session that is bound to tensors.
class Session {
public:
  Session() = default;
  ~Session() { dlc_session_destroy(session); }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Makes a session, and tensors for its outputs as the shapes of \p inputs
  /// ask for, and binds all but those whose shape depends on values. The
  /// tensors must outlive it.
  bool create(const Artifact &artifact, const SessionFlags &flags,
              bool withProfile, std::vector<Tensor> &inputs,
              std::vector<Tensor> &outputs, std::string &error);

  /// Runs the model; \returns false, with the reason in \p error, on failure.
  bool run(std::string &error);

  /// Gives those of \p outputs whose shape depends on values the shape and the
  /// values of the last run. Needed after each run of which one wants them.
  bool fetch(std::vector<Tensor> &outputs, std::string &error);

  dlc_session *get() { return session; }
  unsigned numThreads() const { return info().num_threads; }
  bool isOnCpu() const { return info().device.device_type == kDLCPU; }
  /// "cuda:0".
  std::string device() const;
  /// What the code that runs is for: a target's name, or a chip's.
  std::string target() const { return info().target; }
  /// Of one run.
  uint64_t flops() const { return info().flops; }

private:
  dlc_session_info info() const;

  dlc_session *session = nullptr;
  std::vector<dlc_tensor_info> outputFacts;
  std::vector<dlc_profile_event> profile;
};

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_ARTIFACT_H
