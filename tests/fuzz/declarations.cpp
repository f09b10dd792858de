// What a pipeline declares.
#include "exporter/declarations.h"

#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto declared = mse::parse_declaration(mse::bytes_of(data, size));
  mse::must_hold(declared || !declared.error().message.empty(), "a refusal says why");
  return 0;
}
