// What Redis nodes are read for, and with which settings.
#include "collectors/redis.h"

#include <algorithm>
#include <string>
#include <utility>

#include "collectors/parts.h"
#include "collectors/redis_session.h"
#include "collectors/tls_options.h"
#include "exporter/fingerprint.h"

namespace mse {
namespace {

class RedisCollector : public Collector {
 public:
  explicit RedisCollector(RedisReading reading) : reading_(std::move(reading)) {}

  std::vector<std::string> dimensions() const override {
    return {"replication_history", "software_version", "config", "access_policy"};
  }
  std::vector<std::string> deep_dimensions() const override { return {"config", "access_policy"}; }
  bool has_positions() const override { return true; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    return open_redis(reading_, std::move(address), environment);
  }
  std::string grants() const override {
    const auto& user = reading_.connection.user;
    return redis_grants(user.empty() ? "mixed_state" : user);
  }
  std::string connection_key() const override;

 private:
  RedisReading reading_;
};

// The password and the rest as a digest: the key may be shown.
std::string RedisCollector::connection_key() const {
  const auto& connection = reading_.connection;
  const auto& stream = connection.stream;
  const std::map<std::string, std::string> rest{
      {"password", connection.password ? connection.password->reveal() : ""},
      {"has_password", connection.password ? "yes" : "no"},
      {"settings", framed({reading_.settings.begin(), reading_.settings.end()})},
      {"tls", stream.tls ? std::to_string(static_cast<int>(*stream.tls)) : ""},
      {"ca_file", stream.ca_file},
      {"cert_file", stream.cert_file},
      {"key_file", stream.key_file},
  };
  return connection.user + "/" + std::to_string(stream.port) + "/" +
         std::to_string(fingerprint("redis_connection/1", rest));
}

constexpr std::size_t kMostNames = 100;

std::vector<std::string> read_setting_names(Options& options) {
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz0123456789-_*?[]^";
  auto names = options.list("settings");
  if (options.shape("settings") == Options::Shape::missing) return {"*"};
  const bool right = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return !name.empty() && name.find_first_not_of(kName) == std::string::npos;
  });
  if (names.empty() || names.size() > kMostNames || !right)
    options.wrong("settings",
                  "a list of 1 to 100 names of settings, or patterns such as maxmemory*");
  return names;
}

}  // namespace

RedisReading redis_reading(Options& options) {
  RedisReading reading;
  auto& settings = reading.connection;
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
  reading.settings = read_setting_names(options);
  return reading;
}

Result<std::unique_ptr<Collector>> make_redis(Options options) {
  auto reading = redis_reading(options);
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<RedisCollector>(std::move(reading));
}

}  // namespace mse
