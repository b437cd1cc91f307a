// SPDX-License-Identifier: Apache-2.0
// A model on a device: its code and its weights, which all sessions of the
// model on this device share.
#ifndef DLC_RUNTIME_CUDA_LOADEDMODEL_H
#define DLC_RUNTIME_CUDA_LOADEDMODEL_H

#include "dlc/abi.h"
#include "runtime/cuda/CublasLt.h"
#include "runtime/cuda/Driver.h"

namespace dlc::runtime::cuda {

class LoadedModel {
public:
  /// Gives \p model on cuda:\p id, loading it if no session has it yet; to be
  /// released. Fails where there is no such device, where it can't run the
  /// model's code or has too little memory. May be called from any thread.
  static dlc_status acquire(const dlc_abi_model &model, int32_t id,
                            LoadedModel *&result);
  /// Frees it with the last of its sessions.
  void release();

  const Driver &getDriver() const { return *driver; }
  Context getContext() const { return context; }
  /// The device's chip, as "sm_90".
  const char *getTarget() const { return target; }
  DevicePointer getWeights() const { return weights; }
  /// The entry points of the kernels of \p plan, which is the model itself or a
  /// specialised one.
  const Function *getFunctions(const dlc_abi_model &plan) const;

  /// The library that computes products of the model, and its handle; null
  /// where it computes none, or isn't there and needn't be.
  const CublasLt *getCublas() const { return cublas; }
  CublasHandle getCublasHandle() const { return cublasHandle; }

  /// Fails with what the library says about the product that is \p kernel,
  /// which it \p what, as "cannot compute", and with what to do.
  dlc_status failWithProduct(CublasStatus status, const char *what,
                             const char *kernel, const char *advice) const;
  /// Fails with what the driver says about \p what, as "the run".
  dlc_status failWith(Result result, const char *what) const;
  /// Fails since there aren't \p bytes left on the device for \p what; all in
  /// all the session needs \p needed.
  dlc_status failWithoutMemory(uint64_t bytes, const char *what,
                               uint64_t needed) const;

private:
  dlc_status open();
  dlc_status loadImages();
  dlc_status loadImage(const dlc_abi_cuda_image &image, Result &result);
  dlc_status findFunctions();
  dlc_status findFunctionsOf(const dlc_abi_model &plan, Function *result);
  dlc_status uploadWeights();
  dlc_status openCublas();
  dlc_status createCublas();
  void close();

  const dlc_abi_model *model;
  int32_t id;
  uint32_t numReferences;
  LoadedModel *next;

  const Driver *driver;
  int device;
  Context context; ///< null: not retained
  uint32_t sm;     ///< 90 for compute capability 9.0
  char target[16];
  Module module;
  /// Of the model, then of each specialised one.
  Function *functions;
  DevicePointer weights;
  const CublasLt *cublas;
  CublasHandle cublasHandle;
};

} // namespace dlc::runtime::cuda

#endif // DLC_RUNTIME_CUDA_LOADEDMODEL_H
