// Splits INFO into its fields.
#include "collectors/redis_info.h"

#include <algorithm>

#include "collectors/cells.h"

namespace mse {

Polled<void> RedisInfo::add(const RedisReply& section) {
  if (section.kind == RedisReply::Kind::error) {
    auto failure = redis_failure(section);
    if (failure.reason == Reason::unsupported) failure.reason = Reason::protocol;
    return tl::unexpected(std::move(failure));
  }
  if (section.kind != RedisReply::Kind::text) return protocol("INFO is no text");
  const std::string_view all = section.text;
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find('\n', at), all.size());
    auto line = all.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    fields_.insert_or_assign(std::string(line.substr(0, colon)),
                             std::string(line.substr(colon + 1)));
  }
  return {};
}

std::optional<std::string> RedisInfo::text(std::string_view field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint64_t> RedisInfo::number(std::string_view field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? std::nullopt : whole_number(found->second);
}

std::optional<std::string_view> redis_subfield(std::string_view value, std::string_view key) {
  for (std::size_t at = 0; at <= value.size();) {
    const auto end = std::min(value.find(',', at), value.size());
    const auto field = value.substr(at, end - at);
    if (field.size() > key.size() && field.starts_with(key) && field[key.size()] == '=') {
      return field.substr(key.size() + 1);
    }
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace mse
