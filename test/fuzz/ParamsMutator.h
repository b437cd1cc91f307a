// SPDX-License-Identifier: Apache-2.0
// Changes a model's parameters.
#ifndef DLC_TEST_FUZZ_PARAMSMUTATOR_H
#define DLC_TEST_FUZZ_PARAMSMUTATOR_H

#include "test/fuzz/Chance.h"

#include <vector>

namespace dlc::fuzz {

/// Gives one of the variables \p names a value in the container \p params
/// instead of a shape in \p line ("x=2x3 y=4"), gives it back its shape, or
/// changes a value: its shape, its type, its elements. The container is written
/// anew in one of the format's versions; one that can't be read is replaced,
/// and one without arrays is empty.
void changeParams(Chance &chance, const std::vector<std::string> &names,
                  std::string &line, std::string &params);

} // namespace dlc::fuzz

#endif // DLC_TEST_FUZZ_PARAMSMUTATOR_H
