// What the operator asked for: the configuration as plain, validated structs. Read by load_config
// only.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "exporter/model.h"
#include "exporter/options.h"

namespace mse {

// How much a dimension's divergence matters. The numbers are those of the metric enforcement.
enum class Enforce { observe = 0, ticket = 1, page = 2 };

enum class PolicyKind { declared, primary, majority };

// Where a declared state or a declared change is read. A path is absolute, joined to the config's
// directory.
struct Literal {
  std::string state;
};
struct FileSource {
  std::string path;
  std::string json;  // JSON pointer to the value; empty: the whole trimmed file

  friend bool operator==(const FileSource&, const FileSource&) = default;
};
// Read every poll_interval, over HTTP(S) with verified certificates.
struct UrlSource {
  std::string url;
  std::string json;     // JSON pointer to the value; empty: the whole trimmed body
  std::string ca_file;  // empty: the system's authorities
  std::optional<Secret> bearer_token;

  friend bool operator==(const UrlSource&, const UrlSource&) = default;
};
using DeclaredSource = std::variant<Literal, FileSource, UrlSource>;
using ChangeSource = std::variant<FileSource, UrlSource>;

struct CanonicalPolicy {
  PolicyKind kind = PolicyKind::majority;
  DeclaredSource source;  // of `declared` only
};

struct NodeSettings {
  std::string name;     // unique in the service
  std::string address;  // host, host:port, [v6], [v6]:port or a unix socket's directory; may be
                        // empty where no collector needs one
  std::map<std::string, std::string> labels;
  bool serving = true;  // weighs in exposure and majority

  friend bool operator==(const NodeSettings&, const NodeSettings&) = default;
};

// Prometheus `file_sd` files: absolute paths, or patterns as in glob(7).
struct FileDiscovery {
  std::vector<std::string> files;

  friend bool operator==(const FileDiscovery&, const FileDiscovery&) = default;
};

enum class DnsRecords { addresses, a, aaaa, srv };  // addresses: both A and AAAA

struct DnsDiscovery {
  std::string name;  // in full: no search domain is tried
  DnsRecords records = DnsRecords::addresses;
  int port = 0;  // of every address; SRV brings its own

  friend bool operator==(const DnsDiscovery&, const DnsDiscovery&) = default;
};

// What the primaries among the nodes name as their replicas.
struct ReplicaDiscovery {
  friend bool operator==(const ReplicaDiscovery&, const ReplicaDiscovery&) = default;
};

struct DiscoverySettings {
  std::variant<FileDiscovery, DnsDiscovery, ReplicaDiscovery> source;
  std::string name_label = "node";            // whose value names a node; else its address does
  std::map<std::string, std::string> labels;  // of each node, unless it brings its own

  friend bool operator==(const DiscoverySettings&, const DiscoverySettings&) = default;
};

// The measures M1 to M8: what is good, and the share of bad events that is allowed.
struct Objectives {
  double exposure = 0.01;                          // M1
  Duration convergence = std::chrono::minutes(5);  // M2, a 95th percentile
  double convergence_budget = 0.05;
  double reconciliation = 0.01;  // M3, of runs that fail
  Duration reconciliation_lag = std::chrono::minutes(15);
  double duplicates = 1e-5;                        // M4, of events
  double schema = 1e-3;                            // M5, of validations
  Duration replica_lag = std::chrono::seconds(2);  // M6, a 95th percentile
  double replica_lag_budget = 0.05;
  double config_drift = 0;   // M7
  double authorization = 0;  // M8
  std::uint64_t min_bad_events = 10;
};

// A window in which every state of the services' dimensions is allowed, but for access_policy.
struct Maintenance {
  std::set<std::string> services;
  int weekday = 0;  // 0 Sunday … 6 Saturday, of a weekly window
  std::chrono::minutes begins{},
      ends{};  // of that day in `timezone`; an end before its begin is next day's
  std::string timezone = "UTC";
  std::optional<std::pair<Wall, Wall>> once;  // instead of weekly: from, until (dates as in until)
  std::string why;
};

// An acknowledgement: differences in `keys` (all when empty) or `states` (any when empty) are
// allowed until `until`, named with who and why.
struct Acknowledgement {
  std::string service, dimension, why, who;
  std::set<std::string> nodes;  // all when empty
  std::set<std::string> keys, states;
  Wall until{};  // a date alone is its first instant in UTC
};

struct ServiceSettings {
  std::string name, owner, tier;
  std::vector<NodeSettings> nodes;  // configured; there may be none where some are discovered
  std::optional<DiscoverySettings> discover;
  std::map<std::string, CanonicalPolicy>
      canonical;  // by dimension; "" is the service's default, if said
  std::map<std::string, std::vector<std::string>>
      compare_within;                      // dimension → role, region or label names
  std::map<std::string, Enforce> enforce;  // by dimension; "" is the service's
  std::set<std::string> off;               // dimensions not compared
  std::map<std::string, std::vector<std::vector<std::string>>>
      compatible;                               // dimension → state texts
  std::map<std::string, ChangeSource> changes;  // dimension → where it is declared
  std::optional<double>
      tolerate_unknown;  // below 1 a share, else a count; default: 0 up to 20 nodes, else 1 %
  std::vector<Acknowledgement> allow;  // its own, then the top level's for it
  int min_nodes = 0;
  Objectives objectives;
};

// Where a default would not fit what is said: deep_interval is at least poll_interval,
// position_interval at most that, poll_timeout at most half of it.
struct Cadences {
  Duration poll_interval = std::chrono::seconds(15);
  Duration deep_interval = std::chrono::seconds(60);
  Duration position_interval = std::chrono::seconds(1);
  Duration poll_timeout = std::chrono::seconds(5);
};

}  // namespace mse
