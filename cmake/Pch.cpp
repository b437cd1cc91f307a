// SPDX-License-Identifier: Apache-2.0
// Compiled once for the precompiled header that the compiler's targets share.
