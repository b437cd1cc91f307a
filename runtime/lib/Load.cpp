// SPDX-License-Identifier: Apache-2.0
// Opens artifacts. Their tables are taken over by this library's core, so that
// all models share one thread pool.
#include "runtime/core/Model.h"
#include "runtime/lib/ElfCheck.h"
#include "runtime/lib/Mutex.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

using namespace dlc::runtime;

namespace {
/// An artifact that is open.
struct OpenArtifact {
  const dlc_model *model;
  void *handle;
  OpenArtifact *next;
};
} // namespace

/// Any artifact may be loaded, so this library has all of the core.
[[maybe_unused]]
__attribute__((used)) static void (*const wholeCore[])(void) = {
    dlc_core_dims, dlc_core_counts};

static pthread_mutex_t openMutex = PTHREAD_MUTEX_INITIALIZER;
static OpenArtifact *openArtifacts = nullptr;

/// Gets the model out of the shared object \p handle.
static dlc_status getModel(const char *path, void *handle,
                           const dlc_model *&model) {
  auto entry =
      reinterpret_cast<dlc_model_v1_fn>(dlsym(handle, DLC_MODEL_V1_SYMBOL));
  if (!entry)
    return fail(DLC_ERROR_ARTIFACT,
                "%s: not a compiled model: it has no function %s", path,
                DLC_MODEL_V1_SYMBOL);
  // Older artifacts have fewer functions; those of this library are used.
  const dlc_api *api = entry();
  if (!api || api->struct_size < offsetof(dlc_api, status_string))
    return fail(DLC_ERROR_ARTIFACT, "%s: not a compiled model", path);
  model = api->model;
  return checkModel(model);
}

/// The loader searches its own path for names without a slash; a copy with one
/// stands for a file here. Null where memory is short.
static char *makeExplicitPath(const char *path) {
  size_t size = strlen(path) + 1;
  char *result = static_cast<char *>(malloc(size + 2));
  if (!result)
    return nullptr;
  bool hasSlash = strchr(path, '/') != nullptr;
  memcpy(result, "./", 2);
  memcpy(hasSlash ? result : result + 2, path, size);
  return result;
}

static dlc_status openModel(const char *path, OpenArtifact &artifact) {
  if (dlc_status status = checkSharedObject(path))
    return status;
  char *explicitPath = makeExplicitPath(path);
  if (!explicitPath)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot load %s", path);
  artifact.handle = dlopen(explicitPath, RTLD_NOW | RTLD_LOCAL);
  free(explicitPath);
  if (!artifact.handle)
    return fail(DLC_ERROR_ARTIFACT, "cannot load %s", dlerror());
  if (dlc_status status = getModel(path, artifact.handle, artifact.model)) {
    dlclose(artifact.handle);
    return status;
  }
  return DLC_OK;
}

dlc_status dlc_model_load(const char *path, const dlc_model **model) {
  if (!path || !model)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "path or model is null");
  *model = nullptr;
  auto *artifact = static_cast<OpenArtifact *>(malloc(sizeof(OpenArtifact)));
  if (!artifact)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot load %s", path);
  if (dlc_status status = openModel(path, *artifact)) {
    free(artifact);
    return status;
  }
  MutexLock lock(openMutex);
  artifact->next = openArtifacts;
  openArtifacts = artifact;
  *model = artifact->model;
  return DLC_OK;
}

void dlc_model_unload(const dlc_model *model) {
  OpenArtifact *artifact = nullptr;
  {
    MutexLock lock(openMutex);
    OpenArtifact **link = &openArtifacts;
    while (*link && (*link)->model != model)
      link = &(*link)->next;
    if (!*link)
      return;
    artifact = *link;
    *link = artifact->next;
  }
  dlclose(artifact->handle);
  free(artifact);
}
