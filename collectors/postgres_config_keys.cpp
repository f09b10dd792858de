// The lists of settings left out, and units resolved.
#include "collectors/postgres_config_keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

namespace mse {
namespace {

const std::set<std::string_view, std::less<>> kNodeLocal{
    // identity and paths
    "bonjour", "bonjour_name", "cluster_name", "config_file", "data_directory",
    "data_directory_mode", "dynamic_library_path", "event_source", "extension_control_path",
    "extension_destdir", "external_pid_file", "hba_file", "ident_file", "jit_provider",
    "krb_server_keyfile", "listen_addresses", "log_directory", "log_filename", "port",
    "ssl_ca_file", "ssl_cert_file", "ssl_crl_dir", "ssl_crl_file", "ssl_dh_params_file",
    "ssl_key_file", "ssl_passphrase_command", "stats_temp_directory", "syslog_ident",
    "unix_socket_directories", "unix_socket_group", "unix_socket_permissions",
    // of one role
    "archive_cleanup_command", "in_hot_standby", "primary_conninfo", "primary_slot_name",
    "promote_trigger_file", "recovery_end_command", "recovery_min_apply_delay", "recovery_target",
    "recovery_target_action", "recovery_target_inclusive", "recovery_target_lsn",
    "recovery_target_name", "recovery_target_time", "recovery_target_timeline",
    "recovery_target_xid", "restore_command", "sync_replication_slots",
    "synchronized_standby_slots", "synchronous_standby_names", "transaction_deferrable",
    "transaction_isolation", "transaction_read_only", "wal_receiver_create_temp_slot",
    // the host's; TimeZone is not among them: it changes what a query answers
    "huge_pages_status", "lc_messages", "lc_monetary", "lc_numeric", "lc_time", "log_timezone",
    "num_os_semaphores", "shared_memory_size", "shared_memory_size_in_huge_pages",
    // the build's: software_version compares it
    "block_size", "debug_assertions", "integer_datetimes", "max_function_args",
    "max_identifier_length", "max_index_keys", "segment_size", "server_version",
    "server_version_num", "ssl_library", "wal_block_size"};

const std::set<std::string_view, std::less<>> kLists{
    "createrole_self_grant", "log_destination",           "local_preload_libraries",
    "search_path",           "session_preload_libraries", "shared_preload_libraries",
    "temp_tablespaces",      "wal_consistency_checking"};

struct Unit {
  std::string_view name;
  double factor;
};

constexpr double kKilo = 1024;
constexpr std::array kUnits{Unit{"B", 1},
                            Unit{"kB", kKilo},
                            Unit{"MB", kKilo* kKilo},
                            Unit{"GB", kKilo* kKilo* kKilo},
                            Unit{"TB", kKilo* kKilo* kKilo* kKilo},
                            Unit{"us", 1},
                            Unit{"ms", 1e3},
                            Unit{"s", 1e6},
                            Unit{"min", 6e7},
                            Unit{"h", 3.6e9},
                            Unit{"d", 8.64e10}};

// "8kB" is 8 × 1024; nothing for what we do not know.
std::optional<double> factor_of(std::string_view unit) {
  const auto digits = std::min(unit.find_first_not_of("0123456789"), unit.size());
  const auto many = digits == 0 ? 1.0 : real_number(unit.substr(0, digits)).value_or(0);
  const auto known = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& candidate) {
    return candidate.name == unit.substr(digits);
  });
  if (known == kUnits.end() || many <= 0) return std::nullopt;
  return many * known->factor;
}

std::string number_text(double number) {
  std::array<char, 32> out{};
  const auto end = std::to_chars(out.data(), out.data() + out.size(), number).ptr;
  return {out.data(), end};
}

std::string resolved(std::string_view value, std::string_view unit) {
  const auto number = real_number(value);
  const auto factor = factor_of(unit);
  if (!number || !factor) return std::string(value) + " " + std::string(unit);
  if (*number <= 0) return std::string(value);
  const bool bytes = unit.ends_with('B');
  return number_text(*number * *factor) + (bytes ? " B" : " us");
}

std::string list_text(std::string_view value, bool sorted) {
  std::vector<std::string> items{""};
  for (const char c : value) {
    if (c == ',') {
      items.emplace_back();
    } else if (c != ' ' && c != '"' && c != '\'') {
      items.back() += c;
    }
  }
  if (sorted) std::sort(items.begin(), items.end());
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

}  // namespace

bool is_node_local(std::string_view name) {
  return kNodeLocal.contains(name);
}

std::string canonical_setting(std::string_view name, std::string_view value, const Cell& unit) {
  if (unit) return resolved(value, *unit);
  if (kLists.contains(name)) return list_text(value, name == "log_destination");
  return std::string(value);
}

}  // namespace mse
