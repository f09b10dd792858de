// The folder of the tests, told by the build.
#include "tests/support/tests_dir.h"

namespace mse {

std::filesystem::path tests_dir() {
  return TESTS_DIR;
}

}  // namespace mse
