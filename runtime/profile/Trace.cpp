// SPDX-License-Identifier: Apache-2.0
// Writes a session's profile as a Chrome trace, which chrome://tracing and
// Perfetto show.
#include "runtime/core/Session.h"
#include "runtime/core/Status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

using namespace dlc::runtime;

/// Writes \p text as a JSON string.
static void writeString(FILE *file, const char *text) {
  fputc('"', file);
  for (; *text; ++text) {
    unsigned char c = static_cast<unsigned char>(*text);
    if (c == '"' || c == '\\')
      fprintf(file, "\\%c", c);
    else if (c < 0x20)
      fprintf(file, "\\u%04x", c);
    else
      fputc(c, file);
  }
  fputc('"', file);
}

/// One complete ("X") event; times are in microseconds since \p origin.
static void writeEvent(FILE *file, const dlc_session &session,
                       const dlc_profile_event &event, uint64_t origin) {
  const dlc_abi_step &step = session.model->steps[event.step];
  uint64_t duration = event.end_ns - event.begin_ns;
  fputs("{\"ph\":\"X\",\"pid\":0,\"tid\":0,\"name\":", file);
  writeString(file, session.model->kernels[step.kernel].name);
  fprintf(file, ",\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"nodes\":",
          double(event.begin_ns - origin) / 1000, double(duration) / 1000);
  writeString(file, step.nodes ? step.nodes : "");
  fprintf(file,
          ",\"step\":%llu,\"flops\":%llu,\"gflops\":%.3f,\"threads\":%u}}",
          (unsigned long long)event.step, (unsigned long long)step.flops,
          duration ? double(step.flops) / double(duration) : 0.0,
          session.steps[event.step].numThreads);
}

dlc_status dlc_session_write_trace(const dlc_session *session,
                                   const char *path) {
  if (!session || !path)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or path is null");
  if (!session->profile)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "the session was made without a profile");
  FILE *file = fopen(path, "we");
  if (!file)
    return fail(DLC_ERROR_IO, "%s: %s", path, strerror(errno));
  fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", file);
  for (uint64_t i = 0; i < session->numProfileEvents; ++i) {
    if (i > 0)
      fputs(",\n", file);
    writeEvent(file, *session, session->profile[i],
               session->profile[0].begin_ns);
  }
  fputs("\n]}\n", file);
  bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed) {
    dlc_status status = fail(DLC_ERROR_IO, "%s: %s", path, strerror(errno));
    remove(path);
    return status;
  }
  return DLC_OK;
}
