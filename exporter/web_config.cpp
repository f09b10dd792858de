// The sections of the web configuration.
#include "exporter/web_config.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "exporter/options_source.h"
#include "exporter/read_file.h"
#include "exporter/web_config_tls.h"
#include "exporter/yaml_tree.h"

namespace mse {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;
constexpr int kMostCost = 16;

struct AllowedHeader {
  std::string_view name;
  std::vector<std::string_view> values;  // empty: any
};

const std::array<AllowedHeader, 5>& allowed_headers() {
  static const std::array<AllowedHeader, 5> allowed{{{"Content-Security-Policy", {}},
                                                     {"Strict-Transport-Security", {}},
                                                     {"X-Content-Type-Options", {"nosniff"}},
                                                     {"X-Frame-Options", {"deny", "sameorigin"}},
                                                     {"X-XSS-Protection", {}}}};
  return allowed;
}

std::string expected_value(const AllowedHeader& header) {
  if (header.values.empty()) return "a value on one line";
  std::string all;
  for (const auto& value : header.values) {
    if (!all.empty()) all += " or ";
    all += value;
  }
  return all;
}

bool right_value(const AllowedHeader& header, const std::string& value) {
  const bool one_line = std::none_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return one_line && (header.values.empty() || std::find(header.values.begin(), header.values.end(),
                                                         value) != header.values.end());
}

std::shared_ptr<const HeaderFields> read_headers(Options http) {
  auto fields = std::make_shared<HeaderFields>();
  auto given = http.map("headers");
  if (!given) return fields;
  for (const auto& header : allowed_headers()) {
    const auto value = given->text(header.name);
    if (!value || value->empty()) continue;
    if (!right_value(header, *value)) given->wrong(header.name, expected_value(header));
    fields->emplace_back(header.name, *value);
  }
  return fields;
}

// "$2y$10$" and 53 characters: what bcrypt makes, at a cost that can be waited for.
bool right_hash(std::string_view hash) {
  constexpr std::string_view kAlphabet =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const auto digit = [&](std::size_t at) { return hash[at] >= '0' && hash[at] <= '9'; };
  if (hash.size() != 60 || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') {
    return false;
  }
  if (std::string_view("aby").find(hash[2]) == std::string_view::npos || !digit(4) || !digit(5)) {
    return false;
  }
  const int cost = (hash[4] - '0') * 10 + hash[5] - '0';
  return cost >= 4 && cost <= kMostCost &&
         hash.substr(7).find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::map<std::string, Secret> read_users(Options users) {
  std::map<std::string, Secret> all;
  for (const auto& user : users.keys()) {
    const auto hash = users.text(user);
    if (!hash) continue;
    if (!right_hash(*hash)) {
      users.wrong(user, "a bcrypt hash ($2a$, $2b$ or $2y$) of a cost from 4 to 16");
    }
    all.emplace(user, Secret(*hash));
  }
  return all;
}

std::optional<WebRateLimit> read_rate_limit(Options options) {
  WebRateLimit limit;
  limit.interval = options.duration("interval").value_or(Duration::zero());
  limit.burst = static_cast<int>(options.integer("burst", 0, 1'000'000).value_or(0));
  if (limit.interval <= Duration::zero()) return std::nullopt;
  // As the toolkit has it, no burst lets nothing through: surely a mistake.
  if (limit.burst == 0) options.wrong("burst", "a whole number above 0");
  return limit;
}

WebConfig read_sections(Options& root) {
  WebConfig config;
  config.headers = std::make_shared<const HeaderFields>();
  if (auto tls = root.map("tls_server_config")) config.tls = read_web_tls(*tls);
  if (auto http = root.map("http_server_config")) {
    config.asks_http2 = http->flag("http2").value_or(false);
    config.headers = read_headers(*http);
  }
  if (auto users = root.map("basic_auth_users")) config.users = read_users(*users);
  if (auto limit = root.map("rate_limit")) config.rate_limit = read_rate_limit(*limit);
  return config;
}

}  // namespace

Result<WebConfig> parse_web_config(const std::string& bytes, const std::string& file) {
  auto tree = parse_yaml_with_lines(bytes, file);
  if (!tree) return tl::unexpected(tree.error());
  if ((*tree)->kind == Yaml::Kind::null) {
    auto empty = std::make_shared<Yaml>();
    empty->kind = Yaml::Kind::map;
    tree = empty;
  }
  const auto directory = std::filesystem::absolute(file).parent_path();
  auto root =
      make_options(*tree, std::make_shared<ConfigFile>(ConfigFile{file, directory.string()}));
  if (!root) return tl::unexpected(root.error());
  auto config = read_sections(*root);
  if (const auto right = root->finish(); !right) return tl::unexpected(right.error());
  return config;
}

Result<WebConfig> load_web_config(const std::string& path) {
  const auto bytes = read_file(path, kMostBytes);
  return bytes ? parse_web_config(*bytes, path) : tl::unexpected(bytes.error());
}

}  // namespace mse
