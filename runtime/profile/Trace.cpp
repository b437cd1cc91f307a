// SPDX-License-Identifier: Apache-2.0
// Writes a session's profile as a Chrome trace, which chrome://tracing and
// Perfetto show.
#include "runtime/core/Session.h"
#include "runtime/core/Status.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
  const dlc_abi_step &step = session.plan->steps[event.step];
  uint64_t duration = event.end_ns - event.begin_ns;
  uint64_t flops = session.getSizes().stepFlops(event.step);
  fputs("{\"ph\":\"X\",\"pid\":0,\"tid\":0,\"name\":", file);
  writeString(file, session.plan->kernels[step.kernel].name);
  fprintf(file, ",\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"nodes\":",
          double(event.begin_ns - origin) / 1000, double(duration) / 1000);
  writeString(file, step.nodes ? step.nodes : "");
  fprintf(file, ",\"step\":%llu,\"flops\":%llu,\"gflops\":%.3f",
          (unsigned long long)event.step, (unsigned long long)flops,
          duration ? double(flops) / double(duration) : 0.0);
  if (!session.cuda)
    fprintf(file, ",\"threads\":%u", session.steps[event.step].numThreads);
  fputs("}}", file);
}

/// Writes the whole trace and closes \p file. \returns 0 or an errno.
static int writeEvents(FILE *file, const dlc_session &session) {
  fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"target\":", file);
  writeString(file, session.targetName);
  fputs("},\"traceEvents\":[\n", file);
  for (uint64_t i = 0; i < session.numProfileEvents; ++i) {
    if (i > 0)
      fputs(",\n", file);
    writeEvent(file, session, session.profile[i], session.profile[0].begin_ns);
  }
  fputs("\n]}\n", file);
  int error = fflush(file) != 0 ? errno : ferror(file) ? EIO : 0;
  if (fclose(file) != 0 && !error)
    error = errno;
  return error;
}

/// A trace appears whole or not at all: it is written under a temporary name.
/// A device or a pipe is written directly, and never removed.
dlc_status dlc_session_write_trace(const dlc_session *session,
                                   const char *path) {
  if (!session || !path)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or path is null");
  if (!session->profile)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "the session was made without a profile");
  struct stat status;
  bool isDirect = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
  char temporary[PATH_MAX];
  int length = snprintf(temporary, sizeof temporary, "%s.tmp%d", path,
                        static_cast<int>(getpid()));
  if (!isDirect && length >= static_cast<int>(sizeof temporary))
    return fail(DLC_ERROR_IO, "%s: %s", path, strerror(ENAMETOOLONG));
  const char *target = isDirect ? path : temporary;
  FILE *file = fopen(target, "we");
  if (!file)
    return fail(DLC_ERROR_IO, "%s: %s", path, strerror(errno));
  int error = writeEvents(file, *session);
  if (!error && !isDirect && rename(temporary, path) != 0)
    error = errno;
  if (!error)
    return DLC_OK;
  if (!isDirect)
    unlink(temporary);
  return fail(DLC_ERROR_IO, "%s: %s", path, strerror(error));
}
