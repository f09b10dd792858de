// Where the tests' own files are: stories, golden pages, configurations.
#pragma once

#include <filesystem>

namespace mse {

// The folder `tests` of the sources. One source knows it, so that all others compile alike in every
// checkout and come from the compiler's cache.
std::filesystem::path tests_dir();

}  // namespace mse
