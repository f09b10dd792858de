// Settings and session of the query collector.
#include "collectors/query.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "collectors/dimension_name.h"
#include "collectors/node_session.h"
#include "collectors/postgres.h"
#include "collectors/postgres_grants.h"
#include "collectors/postgres_identity.h"
#include "exporter/fingerprint.h"
#include "exporter/read_file.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kSqlBytes = 64U << 10U;
constexpr std::uint64_t kReplyBytes = 8U << 20U;

struct QueryNode {
  std::unique_ptr<PostgresClient> client;
  QuerySettings settings;
  std::string hmac_key;

  void close() { client.reset(); }
};
using QueryNodePtr = std::shared_ptr<QueryNode>;

// What a server says of data quotes them: of that only the SQLSTATE stays. Kept as they are:
// what libpq says itself, and what is said of the statement, the session or the server.
Failure without_data(Failure failure) {
  constexpr std::array<std::string_view, 12> kKept{"08", "0A", "25", "28", "3D", "3F",
                                                   "40", "42", "53", "54", "55", "57"};
  constexpr std::string_view kBefore = ":  ";
  constexpr std::size_t kState = 5;
  auto& text = failure.text;
  const auto before = text.find(kBefore);
  if (before == std::string::npos) return failure;
  const auto state = before + kBefore.size();
  const bool told = text.size() > state + kState && text[state + kState] == ':';
  const bool kept = std::any_of(kKept.begin(), kKept.end(), [&](std::string_view known) {
    return text.compare(state, known.size(), known) == 0;
  });
  if (told && !kept) text.resize(state + kState);
  return failure;
}

Polled<Report> report_state(const QueryNode& node, Rows rows, PostgresSelf self) {
  auto reading = query_state(std::move(rows), node.hmac_key);
  if (!reading) return tl::unexpected(std::move(reading.error()));
  reading->replicated = true;
  reading->position = std::move(self.position);
  Report report;
  report.dimensions[node.settings.dimension] = *std::move(reading);
  return report;
}

Polled<Report> report_measures(const Rows& rows, const PostgresSelf& self) {
  Report report;
  if (self.identity.role != Role::primary) return report;
  auto measures = query_measures(rows);
  if (!measures) return tl::unexpected(std::move(measures.error()));
  report.measures = *std::move(measures);
  return report;
}

asio::awaitable<Polled<Report>> read_query(QueryNodePtr node, Depth /*depth*/, Mono deadline) {
  if (!node->client) co_return closed_meanwhile();
  auto rows = co_await node->client->query(with_identity(node->settings.sql), deadline);
  if (!rows) co_return tl::unexpected(without_data(std::move(rows.error())));
  auto self = take_identity(*rows);
  if (!self) co_return tl::unexpected(std::move(self.error()));
  if (node->settings.dimension.empty()) co_return report_measures(*rows, *self);
  co_return report_state(*node, *std::move(rows), *std::move(self));
}

class QueryCollector : public Collector {
 public:
  QueryCollector(QuerySettings settings, std::string server_key)
      : settings_(std::move(settings)), server_key_(std::move(server_key)) {}

  std::vector<std::string> dimensions() const override {
    if (settings_.dimension.empty()) return {};
    return {settings_.dimension};
  }
  std::vector<std::string> deep_dimensions() const override { return {}; }
  bool has_positions() const override { return false; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    auto node = std::make_shared<QueryNode>();
    node->client =
        std::make_unique<PostgresClient>(settings_.postgres, std::move(address), environment);
    node->settings = settings_;
    node->hmac_key = environment.hmac_key;
    return std::make_unique<NodeSession<QueryNode>>(std::move(node), &read_query);
  }
  std::string grants() const override {
    return postgres_grants(settings_.postgres.user, settings_.postgres.database, {}) +
           "-- and SELECT on what this reads: " + repaired(settings_.sql) + "\n";
  }
  std::string connection_key() const override {
    const std::map<std::string, std::string> own{{"sql", settings_.sql},
                                                 {"dimension", settings_.dimension}};
    return server_key_ + "/" + std::to_string(fingerprint("query/1", own));
  }

 private:
  QuerySettings settings_;
  std::string server_key_;
};

std::string read_sql(Options& options) {
  const auto file = options.path("sql_file");
  const auto text = options.text("sql");
  if (file && text) options.wrong("sql", "either it or `sql_file`, not both");
  if (!file && !text) options.wrong("sql", "a SELECT, or `sql_file` that names a file with one");
  if (!file) return text.value_or("");
  const auto bytes = read_file(*file, kSqlBytes);
  if (!bytes) options.wrong("sql_file", "a readable file; " + bytes.error().message);
  return bytes.value_or("");
}

// Without the blanks and the semicolon that may end it.
std::string unterminated(std::string sql) {
  const auto last = sql.find_last_not_of(" \t\r\n");
  sql.resize(last == std::string::npos ? 0 : last + 1);
  if (sql.ends_with(';')) sql.pop_back();
  return sql;
}

}  // namespace

Result<std::unique_ptr<Collector>> make_query(Options options) {
  QuerySettings settings;
  settings.postgres = postgres_settings(options);
  settings.postgres.reply_budget = kReplyBytes;
  settings.sql = unterminated(read_sql(options));
  const auto* key = options.shape("sql") == Options::Shape::missing ? "sql_file" : "sql";
  const bool said = options.shape(key) != Options::Shape::missing;
  if (const auto wrong = wrong_statement(settings.sql); said && !wrong.empty())
    options.wrong(key, wrong);
  settings.dimension = read_dimension(options).value_or("");
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  auto server_key = postgres_connection_key(settings.postgres);
  return std::make_unique<QueryCollector>(std::move(settings), std::move(server_key));
}

}  // namespace mse
