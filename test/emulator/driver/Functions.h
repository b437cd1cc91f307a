/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the driver API by name and version. The table and a stub
   for each function that is not emulated are made from CUDA's own headers. */
#ifndef EMULATOR_DRIVER_FUNCTIONS_H
#define EMULATOR_DRIVER_FUNCTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

struct FunctionEntry {
  const char *name; /* without the version; null: the table's end */
  int version;      /* of CUDA that brought it, 12000 for 12.0 */
  int perThread;    /* whether its null stream is the thread's own */
  void *address;
};

extern const struct FunctionEntry functionTable[];

/* What all functions are that are not emulated: CUDA_ERROR_NOT_SUPPORTED. */
int emulatorNotSupported(void);

#ifdef __cplusplus
}
#endif

#endif
