// The commands `status` and `diff`: tables of what a running exporter shows.
#include <algorithm>
#include <set>

#include "exporter/client_parts.h"
#include "exporter/table.h"
#include "exporter/text.h"

namespace mse {
namespace {

using Row = std::vector<std::string>;

// Services by name, of the first exporter that tells them.
std::vector<Json> services_in(const Heard& heard) {
  std::vector<Json> out;
  std::set<std::string> seen;
  for (const Json& answer : heard.answers) {
    for (const Json& service : list_at(answer, "services")) {
      if (seen.insert(text_at(service, "service")).second) out.push_back(service);
    }
  }
  return out;
}

Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

// The most nodes of that status in any dimension.
std::string most(const Json& service, const char* status) {
  std::size_t out = 0;
  for (const Json& dimension : list_at(service, "dimensions"))
    out = std::max(out, count_at(object_at(dimension, "nodes"), status));
  return std::to_string(out);
}

// The first open change.
std::string change_of(const Json& service) {
  for (const Json& dimension : list_at(service, "dimensions")) {
    for (const Json& change : list_at(dimension, "changes")) {
      if (!text_at(change, "outcome").empty()) continue;
      const std::string deploy = text_at(change, "deploy_id");
      return text_at(dimension, "dimension") + " to " + text_at(change, "to") + " " +
             percent_at(change, "converged_ratio") + " (" +
             (deploy.empty() ? "undeclared" : deploy) + ")";
    }
  }
  return "";
}

std::string join(const Json& list, std::size_t all) {
  std::string out;
  std::size_t named = 0;
  for (const Json& item : list) {
    if (!item.is_string()) continue;
    out.append(named++ == 0 ? "" : ", ").append(repaired(item.get<std::string>(), 80));
  }
  if (all > named) out += " and " + std::to_string(all - named) + " more";
  return out;
}

Row service_row(const Json& service) {
  const Json exposure = object_at(service, "exposure");
  return {text_at(service, "service"),
          text_at(object_at(service, "gate"), "verdict"),
          std::to_string(count_at(service, "node_count")),
          most(service, "divergent"),
          most(service, "unknown"),
          most(service, "transition"),
          percent_at(exposure, "strict_ratio"),
          percent_at(exposure, "coverage_ratio"),
          change_of(service)};
}

// Why, of a node that is not canonical.
std::string remark(const Json& row) {
  std::string reason = text_at(row, "unknown_reason");
  if (!reason.empty()) return reason;
  const Json allowance = object_at(row, "allowance");
  if (!allowance.empty()) return text_at(allowance, "why");
  const std::string keys =
      join(list_at(row, "differing_keys"), count_at(row, "differing_key_count"));
  return keys.empty() ? "" : "differs in " + keys;
}

Row node_row(const std::string& service, const Json& row) {
  return {service,
          text_at(row, "node"),
          text_at(row, "dimension"),
          text_at(row, "status"),
          text_at(row, "state"),
          text_at(row, "since"),
          remark(row)};
}

std::string nodes_table(const std::vector<Json>& services) {
  std::vector<Row> rows{{"service", "node", "dimension", "status", "state", "since", "why"}};
  std::size_t left_out = 0;
  for (const Json& service : services) {
    left_out += count_at(service, "nodes_left_out");
    for (const Json& row : list_at(service, "nodes"))
      rows.push_back(node_row(text_at(service, "service"), row));
  }
  std::string out = rows.size() > 1 ? "\n" + aligned(rows) : "";
  if (left_out > 0) out += "  and " + std::to_string(left_out) + " more\n";
  return out;
}

// Says what is wrong with those that gave no answer; true when nobody gave any.
bool nobody_answers(const Heard& heard, const Outside& outside) {
  for (const std::string& complaint : heard.complaints) outside.complain(complaint + "\n");
  return heard.answers.empty();
}

void warn_of_age(const Heard& heard, const Outside& outside) {
  for (const Json& answer : heard.answers) {
    if (is_set(answer, "stale")) outside.print("What follows is too old to be believed.\n");
    for (const Json& waiting : list_at(answer, "waiting")) {
      if (!waiting.is_string()) continue;
      outside.print(repaired(waiting.get<std::string>()) + ": the first round is incomplete\n");
    }
  }
}

// Nodes that differ alike are one line.
struct Difference {
  Row row;
  std::vector<std::string> nodes;
};

void add_node(std::vector<Difference>& all, const Json& node) {
  const Row row{text_at(node, "status"), text_at(node, "state"), remark(node)};
  auto same =
      std::find_if(all.begin(), all.end(), [&](const auto& other) { return other.row == row; });
  if (same == all.end()) same = all.insert(same, {row, {}});
  same->nodes.push_back(text_at(node, "node"));
}

std::vector<Difference> differences_in(const std::vector<Json>& services) {
  std::vector<Difference> out;
  for (const Json& service : services)
    for (const Json& node : list_at(service, "nodes")) add_node(out, node);
  return out;
}

std::string named(const std::vector<std::string>& nodes) {
  constexpr std::size_t kNamed = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(nodes.size(), kNamed); ++i)
    out.append(i == 0 ? "" : ", ").append(nodes[i]);
  if (nodes.size() > kNamed) out += " and " + std::to_string(nodes.size() - kNamed) + " more";
  return out;
}

int exit_of(const std::vector<Difference>& differences) {
  int out = kExitGo;
  for (const Difference& difference : differences) {
    if (difference.row.front() != "unknown") return kExitHold;
    out = kExitUnknown;
  }
  return out;
}

// A dimension that has no canonical state differs from nothing, and equals nothing.
bool lacks_canonical(const std::vector<Json>& services) {
  for (const Json& service : services)
    for (const Json& dimension : list_at(service, "dimensions"))
      for (const Json& canonical : list_at(dimension, "canonical"))
        if (!text_at(canonical, "missing").empty()) return true;
  return false;
}

}  // namespace

int run_status(const ClientOptions& options, const Outside& outside) {
  const Heard heard =
      ask_all(options, "/api/v1/status" + query_of({{"service", options.service}}), outside);
  if (nobody_answers(heard, outside)) return heard.failure();
  warn_of_age(heard, outside);
  const std::vector<Json> services = services_in(heard);
  std::vector<Row> rows{{"service", "gate", "nodes", "divergent", "unknown", "transition",
                         "exposure", "coverage", "change"}};
  for (const Json& service : services) rows.push_back(service_row(service));
  outside.print(aligned(rows) + nodes_table(services));
  return kExitGo;
}

int run_diff(const ClientOptions& options, const Outside& outside) {
  const std::string query =
      query_of({{"service", options.service}, {"dimension", options.dimension}});
  const Heard heard = ask_all(options, "/api/v1/status" + query, outside);
  if (nobody_answers(heard, outside)) return heard.failure();
  warn_of_age(heard, outside);
  const bool stale = std::any_of(heard.answers.begin(), heard.answers.end(),
                                 [](const Json& answer) { return is_set(answer, "stale"); });
  const std::vector<Json> services = services_in(heard);
  const std::vector<Difference> differences = differences_in(services);
  std::vector<Row> rows{{"nodes", "status", "state", "why"}};
  for (const Difference& difference : differences) {
    Row row{named(difference.nodes)};
    row.insert(row.end(), difference.row.begin(), difference.row.end());
    rows.push_back(std::move(row));
  }
  const int exit = exit_of(differences);
  const bool blind = stale || services.empty() || lacks_canonical(services);
  if (!differences.empty()) outside.print(aligned(rows));
  if (blind) outside.print("There is no canonical state that is known now.\n");
  if (exit == kExitGo && !blind) outside.print("All nodes hold the canonical state.\n");
  return exit == kExitGo && blind ? kExitUnknown : exit;
}

}  // namespace mse
