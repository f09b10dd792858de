// YAML of ours and of others: within budgets, and told apart from what it is not.
#include "exporter/yaml_tree.h"
#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  const std::string bytes(bytes_of(data, size));
  for (const auto& tree : {parse_yaml(bytes, "f"), parse_foreign_yaml(bytes, "f")})
    if (tree) must_hold((*tree)->height <= kYamlDepth + 1, "the budget of depth");
  return 0;
}
