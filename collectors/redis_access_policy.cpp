// Takes the lines of ACL LIST apart.
#include "collectors/redis_access_policy.h"

#include <algorithm>

#include "collectors/postgres_cells.h"
#include "collectors/postgres_secrets.h"

namespace mse {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < line.size();) {
    const auto end = std::min(line.find(' ', at), line.size());
    if (end > at) out.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// "#<hash>", and what would be a password in clear.
bool is_password(const std::string& rule) {
  return rule.starts_with('#') || rule.starts_with('!') || rule.starts_with('>') ||
         rule.starts_with('<');
}

// "user alice on #5e88… ~* &* +@all"
Polled<void> add_user(GuardedParts& parts, const RedisReply& line) {
  auto words = line.kind == RedisReply::Kind::text ? words_of(line.text) : words_of("");
  if (words.size() < 3 || words[0] != "user") return protocol("ACL LIST gives no user");
  const auto part = "user " + words[1];
  const auto secrets = std::stable_partition(
      words.begin() + 2, words.end(), [](const std::string& word) { return !is_password(word); });
  parts.add(part, std::vector<Cell>(words.begin() + 2, secrets));
  std::sort(secrets, words.end());
  if (secrets != words.end()) parts.add_secret(part, std::vector<Cell>(secrets, words.end()));
  return {};
}

}  // namespace

Polled<State> redis_access_policy(const RedisReply& reply, const std::string& hmac_key) {
  if (reply.kind == RedisReply::Kind::error) return tl::unexpected(redis_failure(reply));
  if (reply.kind != RedisReply::Kind::array) return protocol("ACL LIST gives no list");
  GuardedParts parts(hmac_key);
  for (const auto& line : reply.elements) {
    if (auto added = add_user(parts, line); !added) return tl::unexpected(added.error());
  }
  return parts.state("redis_access_policy/1");
}

}  // namespace mse
