// Collector kinds for tests of the configuration: the real ones, of which none connects to anything
// before it is opened, but a postgres that shows what it read, and one more of any dimension.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/collector.h"

namespace mse {

struct OfferedCollector : Collector {
  std::vector<std::string> read, deep;
  bool positions = false;
  std::string user, database, ca_file, key;
  std::optional<Secret> password;

  std::vector<std::string> dimensions() const override { return read; }
  std::vector<std::string> deep_dimensions() const override { return deep; }
  bool has_positions() const override { return positions; }
  std::unique_ptr<Session> open(std::string, Environment&) const override { return nullptr; }
  std::string grants() const override { return ""; }
  std::string connection_key() const override { return key; }
};

inline Result<std::unique_ptr<Collector>> make_fake_postgres(Options options) {
  auto made = std::make_unique<OfferedCollector>();
  made->read = {"access_policy",  "config",          "hba", "replication_history", "schema",
                "schema_version", "software_version"};
  made->deep = {"access_policy", "config", "hba", "schema"};
  made->positions = true;
  made->user = options.text("user").value_or("");
  if (made->user.empty()) options.wrong("user", "the role to log in as");
  made->database = options.text("database").value_or("postgres");
  made->password = options.secret("password");
  const auto port = options.integer("port", 1, 65535).value_or(5432);
  options.duration("statement_timeout");
  if (auto tls = options.map("tls")) made->ca_file = tls->path("ca_file").value_or("");
  made->key = made->user + "/" + made->database + "/" + std::to_string(port);
  const auto right = options.finish();
  if (!right) return tl::unexpected(right.error());
  return made;
}

// Reads one dimension that the user names, and knows no positions.
inline Result<std::unique_ptr<Collector>> make_fake_probe(Options options) {
  auto made = std::make_unique<OfferedCollector>();
  made->read = {options.text("dimension").value_or("flags")};
  made->key = options.text("path").value_or("/");
  const auto right = options.finish();
  if (!right) return tl::unexpected(right.error());
  return made;
}

inline const std::vector<CollectorKind>& fake_kinds() {
  static const std::vector<CollectorKind> kKinds = [] {
    std::vector<CollectorKind> kinds = collector_kinds();
    for (auto& kind : kinds) {
      if (kind.name == "postgres") kind.make = make_fake_postgres;
    }
    kinds.push_back({"probe", "one dimension, whichever is named", make_fake_probe});
    return kinds;
  }();
  return kKinds;
}

}  // namespace mse
