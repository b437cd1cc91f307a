// SPDX-License-Identifier: Apache-2.0
// Wraps xxHash, whose header holds all of its code.
#include "tools/predict/Hash.h"

#include <cstdio>
#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace dlc::predict {

std::string Hash::getText() const {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text;
}

Hash hashBytes(std::string_view bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

Hasher::Hasher() : state(XXH3_createState()) {
  if (!state)
    throw std::bad_alloc();
  XXH3_128bits_reset(static_cast<XXH3_state_t *>(state));
}

Hasher::~Hasher() { XXH3_freeState(static_cast<XXH3_state_t *>(state)); }

void Hasher::add(std::string_view bytes) {
  XXH3_128bits_update(static_cast<XXH3_state_t *>(state), bytes.data(),
                      bytes.size());
}

Hash Hasher::finish() const {
  XXH128_hash_t hash =
      XXH3_128bits_digest(static_cast<const XXH3_state_t *>(state));
  return {hash.low64, hash.high64};
}

} // namespace dlc::predict
