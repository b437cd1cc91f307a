// SPDX-License-Identifier: Apache-2.0
// Files that the compiler carries inside itself: the runtime's core and the
// stand-ins for libc and libm that it links artifacts against. The macros are
// the files' paths (CMakeLists.txt).

.macro embed name, file
    .globl \name, \name\()_end
    .hidden \name, \name\()_end
    .p2align 4
\name:
    .incbin "\file"
\name\()_end:
.endm

    .section .rodata
    embed dlc_embedded_core, DLC_EMBEDDED_CORE
    embed dlc_embedded_libc, DLC_EMBEDDED_LIBC
    embed dlc_embedded_libm, DLC_EMBEDDED_LIBM
    .section .note.GNU-stack,"",@progbits
