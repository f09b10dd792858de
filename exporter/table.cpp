// Columns as wide as their widest cell, and the lines below them.
#include "exporter/table.h"

#include <algorithm>
#include <vector>

#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t kTextBytes = 40;
constexpr std::size_t kNamedKeys = 8;

// Characters, not bytes; repaired text has no combining control characters to count apart.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string shown(const std::string& text) {
  return repaired(text, kTextBytes);
}

std::string cell(const NodeDimension& dimension) {
  std::string text =
      dimension.status == Status::divergent ? "DIVERGENT" : std::string(name(dimension.status));
  if (dimension.reason) return text + " (" + std::string(name(*dimension.reason)) + ")";
  if (!dimension.text().empty()) text += " " + shown(dimension.text());
  if (dimension.allowance) text += " (" + std::string(name(*dimension.allowance)) + ")";
  return text;
}

std::string lag_cell(const NodeView& node) {
  if (node.role != Role::replica) return "";
  std::string text = "unknown";
  if (node.lag && node.lag->time) text = format_duration(*node.lag->time);
  return node.link_up == false ? text + ", link down" : text;
}

Row header(const ServiceView& service, bool with_lag) {
  Row row{"node", ""};
  for (const auto& [dimension, view] : service.dimensions) row.push_back(shown(dimension));
  if (with_lag) row.emplace_back("lag");
  return row;
}

Row row_of(const NodeView& node, const ServiceView& service, bool with_lag) {
  Row row{shown(node.name), std::string(name(node.role))};
  for (const auto& [dimension, view] : service.dimensions) {
    const auto found = node.dimensions.find(dimension);
    row.push_back(found == node.dimensions.end() ? "" : cell(found->second));
  }
  if (with_lag) row.push_back(lag_cell(node));
  return row;
}

std::string keys_sentence(const std::vector<std::string>& keys) {
  std::string text;
  for (std::size_t i = 0; i < std::min(keys.size(), kNamedKeys); ++i)
    text += (i == 0 ? "differs in " : ", ") + repaired(keys[i], 80);
  if (keys.size() > kNamedKeys)
    text += " and " + std::to_string(keys.size() - kNamedKeys) + " more";
  return text;
}

// What is said of a node below the table; empty when the cell says all.
std::string remark(const NodeDimension& dimension) {
  if (dimension.status == Status::canonical || dimension.status == Status::unknown) return "";
  std::string text = keys_sentence(dimension.differing_keys);
  if (!dimension.allowance_why.empty())
    text += (text.empty() ? "" : "; ") + shown(dimension.allowance_why);
  if (!dimension.allowance_who.empty()) text += " (" + shown(dimension.allowance_who) + ")";
  return text;
}

std::string remarks_on(const NodeView& node) {
  std::string out;
  for (const auto& [name, dimension] : node.dimensions) {
    const auto text = remark(dimension);
    if (!text.empty()) out += "  " + shown(node.name) + " " + shown(name) + ": " + text + "\n";
  }
  return out;
}

std::string missing_canonicals(const std::string& dimension, const DimensionView& view) {
  std::string out;
  for (const auto& [group, canonical] : view.canonical) {
    if (!canonical.missing) continue;
    out += "  " + shown(dimension) + (group.empty() ? "" : " of " + shown(group)) +
           ": no canonical state (" + std::string(name(*canonical.missing)) + ")\n";
  }
  return out;
}

std::string remarks(const ServiceView& service) {
  std::string out;
  for (const auto& node : service.nodes) out += remarks_on(node);
  for (const auto& [dimension, view] : service.dimensions)
    out += missing_canonicals(dimension, view);
  return out;
}

std::string table_of(const ServiceView& service) {
  const bool with_lag = std::any_of(service.nodes.begin(), service.nodes.end(),
                                    [](const auto& node) { return node.role == Role::replica; });
  std::vector<Row> rows{header(service, with_lag)};
  for (const auto& node : service.nodes) rows.push_back(row_of(node, service, with_lag));
  return shown(service.name) + "\n" + aligned(rows) + remarks(service);
}

// A dimension that no node supports is out of the verdict.
bool has(const ServiceView& service, Status status) {
  return std::any_of(service.dimensions.begin(), service.dimensions.end(), [&](const auto& entry) {
    return !entry.second.unsupported &&
           std::any_of(service.nodes.begin(), service.nodes.end(), [&](const auto& node) {
             const auto found = node.dimensions.find(entry.first);
             return found != node.dimensions.end() && found->second.status == status;
           });
  });
}

bool lacks_canonical(const ServiceView& service) {
  if (service.nodes.empty()) return true;
  for (const auto& [name, dimension] : service.dimensions)
    for (const auto& [group, canonical] : dimension.canonical)
      if (canonical.missing && !dimension.unsupported) return true;
  return service.dimensions.empty();
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i)
      if (widths[i] != 0) line += " " + row[i] + std::string(widths[i] - width(row[i]) + 1, ' ');
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string render_table(const Snapshot& snapshot) {
  std::string out;
  for (const auto& service : snapshot.services)
    out += (out.empty() ? "" : "\n") + table_of(service);
  if (snapshot.incomplete != 0)
    out += std::to_string(snapshot.incomplete) + " service(s) could not be read whole in time\n";
  return out;
}

int table_exit_code(const Snapshot& snapshot) {
  const auto& services = snapshot.services;
  if (std::any_of(services.begin(), services.end(),
                  [](const auto& service) { return has(service, Status::divergent); }))
    return 1;
  const bool blind = snapshot.incomplete != 0 || services.empty() ||
                     std::any_of(services.begin(), services.end(), [](const auto& service) {
                       return has(service, Status::unknown) || lacks_canonical(service);
                     });
  return blind ? 2 : 0;
}

}  // namespace mse
