// What Redis nodes are read for, and with which settings.
#include "collectors/redis.h"

#include <string>
#include <utility>

#include "collectors/redis_session.h"
#include "collectors/tls_options.h"
#include "exporter/fingerprint.h"

namespace mse {
namespace {

class RedisCollector : public Collector {
 public:
  explicit RedisCollector(RedisSettings settings) : settings_(std::move(settings)) {}

  std::vector<std::string> dimensions() const override {
    return {"replication_history", "software_version", "config", "access_policy"};
  }
  std::vector<std::string> deep_dimensions() const override { return {"config", "access_policy"}; }
  bool has_positions() const override { return true; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    return open_redis(settings_, std::move(address), environment);
  }
  std::string grants() const override {
    return redis_grants(settings_.user.empty() ? "mixed_state" : settings_.user);
  }
  std::string connection_key() const override;

 private:
  RedisSettings settings_;
};

// The password and the rest as a digest: the key may be shown.
std::string RedisCollector::connection_key() const {
  const auto& stream = settings_.stream;
  const std::map<std::string, std::string> rest{
      {"password", settings_.password ? settings_.password->reveal() : ""},
      {"has_password", settings_.password ? "yes" : "no"},
      {"tls", stream.tls ? std::to_string(static_cast<int>(*stream.tls)) : ""},
      {"ca_file", stream.ca_file},
      {"cert_file", stream.cert_file},
      {"key_file", stream.key_file},
  };
  return settings_.user + "/" + std::to_string(stream.port) + "/" +
         std::to_string(fingerprint("redis_connection/1", rest));
}

}  // namespace

RedisSettings redis_settings(Options& options) {
  RedisSettings settings;
  const auto user = options.text("user");
  settings.user = user.value_or("");
  settings.password = options.secret("password");
  if (user && user->find_first_of(" \r\n") != std::string::npos) {
    options.wrong("user", "the name of an ACL user");
  }
  if (user && options.shape("password") == Options::Shape::missing &&
      options.shape("password_file") == Options::Shape::missing) {
    options.wrong("user", "a user together with its password or password_file");
  }
  settings.stream.port =
      static_cast<std::uint16_t>(options.integer("port", 1, 65535).value_or(settings.stream.port));
  if (auto tls = options.map("tls")) read_tls(settings.stream, *std::move(tls));
  return settings;
}

Result<std::unique_ptr<Collector>> make_redis(Options options) {
  auto settings = redis_settings(options);
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<RedisCollector>(std::move(settings));
}

}  // namespace mse
