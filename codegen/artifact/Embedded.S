// SPDX-License-Identifier: Apache-2.0
// Files that the compiler carries inside itself, for each architecture: the
// runtime's core and the stand-ins for libc and libm that it links artifacts
// against. The macros are the folder of the archives and that of the stand-ins
// (CMakeLists.txt).

.macro embed name, file
    .globl \name, \name\()_end
    .hidden \name, \name\()_end
    .p2align 4
\name:
    .incbin "\file"
\name\()_end:
.endm

.macro embed_for arch
    embed dlc_embedded_core_\arch, DLC_EMBEDDED_CORES/libdlcrt_core_\arch\().a
    embed dlc_embedded_libc_\arch, DLC_EMBEDDED_STUBS/\arch\()/libc.so.6
    embed dlc_embedded_libm_\arch, DLC_EMBEDDED_STUBS/\arch\()/libm.so.6
.endm

    .section .rodata
    embed_for x86_64
    embed_for aarch64
    .section .note.GNU-stack,"",%progbits
