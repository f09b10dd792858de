// What PostgreSQL nodes are read for, and with which settings.
#include "collectors/postgres.h"

#include <algorithm>
#include <string>
#include <utility>

#include "collectors/postgres_access_policy.h"
#include "collectors/postgres_config.h"
#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_grants.h"
#include "collectors/postgres_hba.h"
#include "collectors/postgres_schema.h"
#include "collectors/postgres_schema_version.h"
#include "collectors/postgres_session.h"
#include "collectors/postgres_software_version.h"
#include "collectors/postgres_traffic.h"
#include "collectors/tls_options.h"
#include "exporter/fingerprint.h"

namespace mse {

const std::vector<PostgresConcern>& postgres_concerns() {
  static const std::vector<PostgresConcern> concerns{
      postgres_software_version(), postgres_traffic(), postgres_downstreams(),
      postgres_schema_version(),   postgres_config(),  postgres_schema(),
      postgres_access_policy(),    postgres_hba(),
  };
  return concerns;
}

namespace {

void read_timeout(PostgresSettings& settings, Options& options) {
  const auto timeout = options.duration("statement_timeout");
  if (!timeout) return;
  settings.statement_timeout = *timeout;
  if (*timeout < std::chrono::milliseconds(100) || *timeout > std::chrono::minutes(5)) {
    options.wrong("statement_timeout", "a duration from 100ms to 5m");
  }
}

class PostgresCollector : public Collector {
 public:
  explicit PostgresCollector(PostgresSettings settings) : settings_(std::move(settings)) {}

  std::vector<std::string> dimensions() const override {
    auto all = read_by({Depth::narrow, Depth::deep});
    all.insert(all.begin(), kReplicationHistory);
    return all;
  }
  std::vector<std::string> deep_dimensions() const override { return read_by({Depth::deep}); }
  bool has_positions() const override { return true; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    return open_postgres(settings_, std::move(address), environment, postgres_concerns());
  }
  std::string grants() const override {
    return postgres_grants(settings_.user, settings_.database, postgres_concerns());
  }
  std::string connection_key() const override { return postgres_connection_key(settings_); }

 private:
  static std::vector<std::string> read_by(std::vector<Depth> depths);

  PostgresSettings settings_;
};

std::vector<std::string> PostgresCollector::read_by(std::vector<Depth> depths) {
  std::vector<std::string> all;
  for (const auto& concern : postgres_concerns()) {
    if (std::find(depths.begin(), depths.end(), concern.depth) == depths.end()) continue;
    all.insert(all.end(), concern.dimensions.begin(), concern.dimensions.end());
  }
  return all;
}

}  // namespace

PostgresSettings postgres_settings(Options& options) {
  PostgresSettings settings;
  settings.user = options.text("user").value_or("mixed_state");
  if (settings.user.empty()) options.wrong("user", "the role to log in as");
  settings.password = options.secret("password");
  settings.database = options.text("database").value_or(settings.database);
  if (settings.database.empty()) options.wrong("database", "the database to read");
  settings.port =
      static_cast<std::uint16_t>(options.integer("port", 1, 65535).value_or(settings.port));
  read_timeout(settings, options);
  if (auto tls = options.map("tls")) read_tls(settings, *std::move(tls));
  return settings;
}

std::string postgres_connection_key(const PostgresSettings& settings) {
  const std::map<std::string, std::string> rest{
      {"password", settings.password ? settings.password->reveal() : ""},
      {"has_password", settings.password ? "yes" : "no"},
      {"tls", settings.tls ? std::to_string(static_cast<int>(*settings.tls)) : ""},
      {"ca_file", settings.ca_file},
      {"cert_file", settings.cert_file},
      {"key_file", settings.key_file},
      {"statement_timeout", std::to_string(settings.statement_timeout.count())},
  };
  return settings.user + "/" + settings.database + "/" + std::to_string(settings.port) + "/" +
         std::to_string(fingerprint("postgres_connection/1", rest));
}

Result<std::unique_ptr<Collector>> make_postgres(Options options) {
  auto settings = postgres_settings(options);
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<PostgresCollector>(std::move(settings));
}

}  // namespace mse
