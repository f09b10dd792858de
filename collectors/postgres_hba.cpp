// Reads pg_hba_file_rules.
#include "collectors/postgres_hba.h"

#include <algorithm>

#include "collectors/secrets.h"
#include "exporter/text.h"

namespace mse {
namespace {

// A row per option. Lists in the file keep their order: it says nothing, but nobody shuffles it.
// `place` orders rules over included files (16 and later); line numbers alone would mix them up.
std::string hba_sql(int server_version) {
  const std::string place = server_version >= 160000 ? "rule_number" : "line_number";
  return "SELECT r.place, r.type, array_to_string(r.database, ',') AS database,\n"
         "  array_to_string(r.user_name, ',') AS users, r.address, r.netmask, r.auth_method,\n"
         "  o.option, r.type IS NULL AS broken\n"
         "FROM (SELECT " +
         place +
         " AS place, * FROM pg_hba_file_rules) AS r\n"
         "LEFT JOIN LATERAL unnest(r.options) AS o(option) ON true";
}

struct Rule {
  std::string name;
  std::vector<Cell> method;  // and the options that are no secrets
  std::vector<Cell> secrets;
};

std::string name_of(const std::vector<Cell>& row) {
  std::string out;
  for (const auto i : {2, 3, 4, 5, 6}) {
    const auto& cell = row[static_cast<std::size_t>(i)];
    if (!cell || cell->empty()) continue;
    if (!out.empty()) out += i == 6 ? '/' : ' ';
    out += *cell;
  }
  return repaired(out, 160);
}

void add_option(Rule& rule, const Cell& option) {
  if (!option) return;
  const auto name = option->substr(0, option->find('='));
  (is_secret(name, *option) ? rule.secrets : rule.method).push_back(option);
}

// The rules by place, and how many lines are broken.
struct File {
  std::map<std::uint64_t, Rule> rules;
  std::size_t broken = 0;
};

Polled<File> file_of(Rows rows) {
  const auto cells = cells_of(std::move(rows),
                              {"broken", "place", "type", "database", "users", "address", "netmask",
                               "auth_method", "option"},
                              1);
  if (!cells) return tl::unexpected(cells.error());
  File file;
  for (const auto& row : *cells) {
    if (is_true(row[0])) {
      ++file.broken;
      continue;
    }
    const auto place = whole_number(row[1].value_or(""));
    if (!place) return protocol("a rule of pg_hba.conf has no place");
    auto& rule = file.rules[*place];
    if (rule.method.empty()) rule = {name_of(row), {row[7]}, {}};
    add_option(rule, row[8]);
  }
  return file;
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(hba_sql(reader->server_version));
  if (!rows) co_return tl::unexpected(rows.error());
  co_return report_of("hba", parse_hba(std::move(*rows), reader->hmac_key));
}

std::string grants(const std::string& role, const std::string& /*database*/) {
  return "GRANT SELECT ON pg_catalog.pg_hba_file_rules TO " + role +
         ";\n"
         "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO " +
         role + ";\n";
}

}  // namespace

Polled<State> parse_hba(Rows rows, const std::string& hmac_key) {
  auto file = file_of(std::move(rows));
  if (!file) return tl::unexpected(file.error());
  GuardedParts parts(hmac_key);
  std::vector<Cell> order;
  for (auto& [place, rule] : file->rules) {
    std::sort(rule.method.begin() + 1, rule.method.end());
    std::sort(rule.secrets.begin(), rule.secrets.end());
    parts.add(rule.name, rule.method);
    if (!rule.secrets.empty()) parts.add_secret(rule.name, rule.secrets);
    order.emplace_back(rule.name);
  }
  parts.add("order", order);
  if (file->broken > 0) parts.add("broken lines", {std::to_string(file->broken)});
  return parts.state("postgres_hba/1");
}

PostgresConcern postgres_hba() {
  return {{"hba"}, Depth::deep, false, read, grants};
}

}  // namespace mse
