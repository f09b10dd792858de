// Tells commands that change settings from those that tell them.
#include "collectors/redis_writes.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "collectors/cells.h"
#include "exporter/fingerprint.h"

namespace mse {
namespace {

const std::set<std::string_view> kTell{
    "config|get",  "config|help", "acl|cat",     "acl|dryrun", "acl|genpass",
    "acl|getuser", "acl|help",    "acl|list",    "acl|log",    "acl|users",
    "acl|whoami",  "module|help", "module|list",
};

bool may_change(std::string command) {
  for (char& letter : command)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  if (kTell.contains(command)) return false;
  const auto family = command.substr(0, command.find('|'));
  // Modules bring commands of their own: FT.CONFIG, say.
  return family == "module" || family == "debug" || command.find("config") != command.npos ||
         command.find("acl") != command.npos;
}

}  // namespace

std::optional<RedisWrites> redis_writes(const RedisInfo& info) {
  const auto counted = info.text("cmdstat_info").value_or("");
  const auto asked = whole_number(redis_subfield(counted, "calls").value_or(""));
  if (!asked || info.text("cmdstat_config") || info.text("cmdstat_config|resetstat"))
    return std::nullopt;
  std::map<std::string, std::string> seen;
  for (const char* field : {"run_id", "role", "master_replid"})
    seen[field] = info.text(field).value_or("");
  for (const auto& [field, value] : info.fields()) {
    if (!field.starts_with(kRedisCommandPrefix)) continue;
    if (may_change(field.substr(kRedisCommandPrefix.size()))) seen[field] = value;
  }
  return RedisWrites{fingerprint("redis_writes/1", seen), *asked,
                     info.text("cmdstat_config|get").has_value()};
}

bool is_unwritten(const RedisWrites& before, const RedisWrites& now) {
  return now.by_subcommand && before.digest == now.digest && before.asked < now.asked;
}

}  // namespace mse
