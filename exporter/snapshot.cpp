// The spellings of a snapshot's closed lists, as labels and pages show them.
#include "exporter/snapshot.h"

namespace mse {
namespace {

constexpr std::array<std::string_view, 5> kAllowanceNames{"change", "maintenance", "lag",
                                                          "compatible", "acknowledged"};
constexpr std::array<std::string_view, 4> kOutcomeNames{"converged", "rolled_back", "superseded",
                                                        "expired"};
constexpr std::array<std::string_view, 3> kDirectionNames{"forward", "backward", "lateral"};
constexpr std::array<std::string_view, 3> kStateRoleNames{"target", "previous", "other"};
constexpr std::array<std::string_view, 3> kRoleNames{"", "primary", "replica"};

}  // namespace

std::string_view name(AllowanceSource source) {
  return kAllowanceNames.at(static_cast<std::size_t>(source));
}
std::string_view name(Outcome outcome) {
  return kOutcomeNames.at(static_cast<std::size_t>(outcome));
}
std::string_view name(Direction direction) {
  return kDirectionNames.at(static_cast<std::size_t>(direction));
}
std::string_view name(StateRole role) {
  return kStateRoleNames.at(static_cast<std::size_t>(role));
}
std::string_view name(Role role) {
  return kRoleNames.at(static_cast<std::size_t>(role));
}

}  // namespace mse
