// Holds dimension names to what labels and URLs take as it is.
#include "collectors/dimension_name.h"

#include <string_view>

namespace mse {

std::optional<std::string> read_dimension(Options& options) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
  auto name = options.text("dimension");
  if (!name) return name;
  const bool right = !name->empty() && name->size() <= 64 && name->front() >= 'a' &&
                     name->find_first_not_of(kAllowed) == std::string::npos;
  if (!right)
    options.wrong("dimension",
                  "a dimension's name of lower-case letters, digits and _, a letter first");
  return name;
}

}  // namespace mse
