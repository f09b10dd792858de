// Takes the lines of ACL LIST apart.
#include "collectors/redis_access_policy.h"

#include <algorithm>

#include "collectors/cells.h"
#include "collectors/secrets.h"

namespace mse {
namespace {

using Words = std::vector<std::string>;

// The parentheses of a selector are words of their own.
Words words_of(std::string_view line) {
  Words out;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '(' || line[at] == ')') out.emplace_back(1, line[at]);
    const auto begin = line.find_first_not_of(" ()", at);
    if (begin != at) {
      ++at;
      continue;
    }
    const auto end = std::min(line.find_first_of(" )", at), line.size());
    out.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

bool is_command(const std::string& word) {
  return (word.starts_with('+') || word.starts_with('-')) && word.find('@') == std::string::npos;
}

bool is_pattern(const std::string& word) {
  return word.starts_with('~') || word.starts_with('%') || word.starts_with('&');
}

std::string_view command_of(const std::string& word) {
  return std::string_view(word).substr(1, word.find('|') - 1);
}

bool is_of_subcommand(const std::string& word) {
  return word.find('|') != std::string::npos;
}

// Sorts each run of words that are `alike`, those with equal keys in the order they have.
template <typename Alike, typename Key>
void sort_runs(Words::iterator begin, Words::iterator end, Alike alike, Key key) {
  while (begin != end) {
    const auto first = std::find_if(begin, end, alike);
    begin = std::find_if_not(first, end, alike);
    std::stable_sort(first, begin,
                     [&](const auto& one, const auto& other) { return key(one) < key(other); });
  }
}

// Redis 7.0 lists rules of commands in the order of a hash table of its own: rules that do not
// overlap are put in one order. Those of categories do, and a command overlaps its subcommands.
void put_in_order(Words::iterator begin, Words::iterator end) {
  sort_runs(begin, end, is_pattern, [](const auto& word) { return std::string_view(word); });
  sort_runs(begin, end, is_command, command_of);
  for (auto at = begin; at != end;) {
    const auto next = std::find_if_not(at, end, [&](const auto& word) {
      return is_command(word) && is_of_subcommand(word) && command_of(word) == command_of(*at);
    });
    std::stable_sort(at, next, [](const std::string& one, const std::string& other) {
      return one.compare(1, one.npos, other, 1, other.npos) < 0;
    });
    at = std::max(next, at + 1);
  }
}

// "#<hash>", and what would be a password in clear.
bool is_password(const std::string& rule) {
  return rule.starts_with('#') || rule.starts_with('!') || rule.starts_with('>') ||
         rule.starts_with('<');
}

// "user alice on #5e88… ~* &* +@all"
Polled<void> add_user(GuardedParts& parts, const RedisReply& line) {
  constexpr std::string_view kUser = "user ";
  const auto end_of_name = line.text.find(' ', kUser.size());
  if (line.kind != RedisReply::Kind::text || !line.text.starts_with(kUser) ||
      end_of_name == std::string::npos) {
    return protocol("ACL LIST gives no user");
  }
  const auto part = line.text.substr(0, end_of_name);
  auto words = words_of(std::string_view(line.text).substr(end_of_name));
  const auto secrets = std::stable_partition(
      words.begin(), words.end(), [](const std::string& word) { return !is_password(word); });
  put_in_order(words.begin(), secrets);
  parts.add(part, std::vector<Cell>(words.begin(), secrets));
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
