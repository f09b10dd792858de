// The aliases and the settings left out, from the reference on comparing configurations.
#include "collectors/redis_config.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "collectors/cells.h"
#include "collectors/secrets.h"

namespace mse {
namespace {

const std::set<std::string_view, std::less<>> kNodeLocal{
    // address and identity
    "availability-zone", "bind", "bind-source-addr", "cluster-announce-bus-port",
    "cluster-announce-client-ipv4", "cluster-announce-client-ipv6", "cluster-announce-hostname",
    "cluster-announce-human-nodename", "cluster-announce-ip", "cluster-announce-port",
    "cluster-announce-tls-port", "cluster-port", "port", "replica-announce-ip",
    "replica-announce-port", "replica-announced", "socket-mark-id", "tls-port", "unixsocket",
    "unixsocketperm",
    // paths and process
    "aclfile", "always-show-logo", "aof-rewrite-cpulist", "aof_rewrite_cpulist", "appenddirname",
    "appendfilename", "bgsave-cpulist", "bgsave_cpulist", "bio-cpulist", "bio_cpulist",
    "cluster-config-file", "crash-log-enabled", "crash-memcheck-enabled", "daemonize", "dbfilename",
    "dir", "disable-thp", "ignore-warnings", "locale-collate", "logfile", "loglevel",
    "oom-score-adj", "oom-score-adj-values", "pidfile", "proc-title-template", "server-cpulist",
    "server_cpulist", "set-proc-title", "supervised", "syslog-enabled", "syslog-facility",
    "syslog-ident", "tls-ca-cert-dir", "tls-ca-cert-file", "tls-cert-file", "tls-client-cert-file",
    "tls-client-key-file", "tls-dh-params-file", "tls-key-file",
    // of one role
    "masteruser", "replica-priority", "replicaof"};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::uint64_t factor_of(std::string_view unit) {
  constexpr std::uint64_t kKilo = 1024;
  constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"k", 1000},           {"kb", kKilo},        {"m", 1'000'000},
      {"mb", kKilo * kKilo}, {"g", 1'000'000'000}, {"gb", kKilo * kKilo * kKilo},
  };
  for (const auto& [name, factor] : kUnits) {
    if (name == unit) return factor;
  }
  return 0;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

void add(GuardedParts& parts, const std::string& name, std::string_view value) {
  const std::vector<Cell> fields{redis_setting_value(name, value)};
  is_redis_secret(name, value) ? parts.add_secret(name, fields) : parts.add(name, fields);
}

// Settings by the name they are compared under; of two spellings the first.
Polled<std::map<std::string, std::string>> settings_of(const RedisReply& reply) {
  if (reply.elements.size() % 2 != 0) return protocol("CONFIG gives a name without a value");
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < reply.elements.size(); i += 2) {
    const auto& name = reply.elements[i];
    const auto& value = reply.elements[i + 1];
    if (name.kind != RedisReply::Kind::text || value.kind != RedisReply::Kind::text) {
      return protocol("CONFIG gives something that is no text");
    }
    out.emplace(redis_setting_name(name.text), value.text);
  }
  return out;
}

}  // namespace

std::string redis_setting_name(std::string_view name) {
  auto out = lower(name);
  if (out == "lua-time-limit") return "busy-reply-threshold";
  if (out.starts_with("primary")) out.replace(0, std::string_view("primary").size(), "master");
  replace_all(out, "slave", "replica");
  replace_all(out, "-ziplist-", "-listpack-");
  return out;
}

bool is_redis_node_local(std::string_view name) {
  return kNodeLocal.contains(name);
}

bool is_redis_secret(std::string_view name, std::string_view value) {
  return name.ends_with("auth") || name.ends_with("pass") ||
         name.find("password") != std::string_view::npos || is_secret("", value);
}

std::string redis_setting_value(std::string_view name, std::string_view value) {
  std::string out(value);
  if (name == "client-output-buffer-limit") replace_all(out, "slave", "replica");
  const auto digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const auto number = whole_number(value.substr(0, digits));
  const auto factor = factor_of(lower(value.substr(digits)));
  if (!number || factor == 0 || *number > UINT64_MAX / factor) return out;
  return std::to_string(*number * factor);
}

Polled<State> redis_config(const RedisReply& reply, const std::string& hmac_key) {
  if (reply.kind == RedisReply::Kind::error) return tl::unexpected(redis_failure(reply));
  if (reply.kind != RedisReply::Kind::array) return protocol("CONFIG gives no list");
  const auto settings = settings_of(reply);
  if (!settings) return tl::unexpected(settings.error());
  if (settings->empty()) {
    return tl::unexpected(Failure{Reason::permission, "CONFIG shows no setting at all"});
  }
  GuardedParts parts(hmac_key);
  for (const auto& [name, value] : *settings) {
    if (!is_redis_node_local(name)) add(parts, name, value);
  }
  return parts.state("redis_config/1");
}

}  // namespace mse
