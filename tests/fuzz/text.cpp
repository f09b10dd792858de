// Remote text at the border: what comes out is safe, bounded, and stays as it is.
#include "exporter/text.h"

#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  if (size == 0) return 0;
  const std::size_t limit = data[0];
  const auto safe = repaired(bytes_of(data + 1, size - 1), limit);
  must_hold(safe.size() <= limit + 12, "the limit");
  must_hold(repaired(safe, safe.size()) == safe, "what was repaired is right");
  must_hold(escaped_label(safe).find('\n') == std::string::npos, "a label is one line");
  return 0;
}
