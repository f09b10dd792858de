// A service in figures, its dimensions, what is allowed, and how its collectors stand.
#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "exporter/status_parts.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::size_t kShownStates = 8, kShownAllowances = 50, kShownFailures = 20;

std::string_view name_of(Enforce enforce) {
  switch (enforce) {
    case Enforce::page:
      return "page";
    case Enforce::ticket:
      return "ticket";
    case Enforce::observe:
      break;
  }
  return "observe";
}

std::string share(int part, int whole, const std::string& of) {
  if (whole == 0) return "not known";
  return percent(static_cast<double>(part) / whole) + " (" + std::to_string(part) + " of " +
         count_of(static_cast<std::size_t>(whole), of + " node", of + " nodes") + ")";
}

// Strict exposure since the counters began.
std::string counted(const ServiceView& service) {
  const auto& by_status = service.by_requests ? service.requests : service.node_seconds;
  const double outside = by_status.at(1) + by_status.at(3);
  const double known = outside + by_status.at(0);
  if (known <= 0) return "not known";
  return percent(outside / known) + (service.by_requests ? " of requests" : " of time");
}

void write_lag(Html& html, const ServiceView& service) {
  std::optional<Duration> worst;
  bool replicas = false;
  for (const NodeView& node : service.nodes) {
    replicas = replicas || node.role == Role::replica;
    if (node.lag && node.lag->time) worst = std::max(worst.value_or(Duration{}), *node.lag->time);
  }
  if (!replicas) return;
  write_fact(html, "Longest measured lag",
             worst ? format_duration(*worst) + " (objective " +
                         format_duration(service.objectives.replica_lag) + ")"
                   : "not measured");
}

void write_figures(Html& html, const Subject& subject) {
  const ServiceView& service = subject.service;
  const Exposed now = exposed(service);
  const auto list = html.in("dl");
  if (!service.owner.empty()) write_fact(html, "Owner", service.owner);
  if (!service.tier.empty()) write_fact(html, "Tier", service.tier);
  write_fact(html, "Exposure now",
             share(now.outside, now.known, "known serving") + ", limit " +
                 percent(service.objectives.exposure));
  write_fact(html, "Unplanned, last 5 minutes",
             subject.gate.exposure ? percent(*subject.gate.exposure) : "not known");
  write_fact(html, "Exposure since the counters began", counted(service));
  write_fact(html, "Coverage", share(now.known, now.serving, "serving"));
  write_lag(html, service);
  if (service.migration_dirty > 0)
    write_fact(html, "Failed migrations", std::to_string(service.migration_dirty));
  if (service.migration_locked > Duration{})
    write_fact(html, "Migration lock held", format_duration(service.migration_locked));
  if (service.discovery_up == false) write_fact(html, "Discovery", "the last read failed");
  if (!service.maintenance_active) return;
  const auto pair = html.in("div");
  html.element("dt", "Maintenance");
  const auto value = html.in("dd");
  html.text("open, ends ");
  if (service.maintenance_end) write_time(html, *service.maintenance_end, subject.now);
}

void write_states(Html& html, const DimensionView& view) {
  const auto cell = html.in("td");
  for (std::size_t i = 0; i < std::min(view.states.size(), kShownStates); ++i) {
    const StateNodes& state = view.states[i];
    if (i > 0) html.text(", ");
    html.text(state_name(state.key, state.text) + " on " + std::to_string(state.nodes));
    if (state.secret_variant) html.text(" (differs in a secret)");
    if (state.role != StateRole::other) html.text(" (" + std::string(name(state.role)) + ")");
  }
  if (view.states.size() > kShownStates)
    html.text(" and " + std::to_string(view.states.size() - kShownStates) + " more");
}

void write_dimension(Html& html, const Subject& subject, const std::string& dimension,
                     const DimensionView& view) {
  const auto row = html.in("tr");
  {
    const auto cell = html.in("th", {{"scope", "row"}});
    html.link(status_address({subject.service.name, dimension, "", 0, subject.question.refresh}),
              dimension);
  }
  html.element("td", canonical_text(view));
  for (const Status status :
       {Status::divergent, Status::unknown, Status::transition, Status::canonical}) {
    const int count = view.nodes.at(static_cast<std::size_t>(status));
    const bool accented = count > 0 && !view.unsupported && status != Status::canonical;
    html.element("td", std::to_string(count),
                 {{"class", accented ? std::string("number ").append(sign_of(status).tone)
                                     : std::string("number")}});
  }
  write_states(html, view);
  html.element("td",
               view.unsupported ? "not supported by any node" : std::string(name_of(view.enforce)));
}

void write_dimensions(Html& html, const Subject& subject) {
  html.element("h2", "Dimensions");
  const auto place = scrolling(html, "Dimensions");
  const auto table = html.in("table");
  write_head(html, {"Dimension", "Should be", "Divergent", "Unknown", "In transition", "Canonical",
                    "States side by side", "When divergent"});
  const auto body = html.in("tbody");
  for (const auto& [name, view] : subject.service.dimensions) {
    if (subject.shows(name)) write_dimension(html, subject, name, view);
  }
}

// Nodes under one and the same allowance.
struct Allowed {
  const NodeDimension* any = nullptr;
  std::vector<const NodeView*> nodes;
};
using AllowanceKey = std::tuple<std::string_view, AllowanceSource, std::string_view,
                                std::string_view, std::optional<Wall>>;

std::map<AllowanceKey, Allowed> allowances(const Subject& subject) {
  std::map<AllowanceKey, Allowed> all;
  for (const NodeRow& row : subject.rows) {
    for (const auto& [name, dimension] : row.node->dimensions) {
      if (!dimension.allowance || !subject.shows(name.str())) continue;
      auto& allowed = all[{name.str(), *dimension.allowance, dimension.allowance_why.str(),
                           dimension.allowance_who.str(), dimension.allowance_until}];
      allowed.any = &dimension;
      allowed.nodes.push_back(row.node);
    }
  }
  return all;
}

void write_until(Html& html, const Subject& subject, const NodeDimension& dimension) {
  const auto cell = html.in("td");
  const bool window = dimension.allowance == AllowanceSource::maintenance;
  const auto until = window ? subject.service.maintenance_end : dimension.allowance_until;
  if (until) {
    write_time(html, *until, subject.now);
  } else {
    html.text("as long as it is so");
  }
}

void write_collector(Html& html, const CollectorView& collector) {
  const auto up = std::count_if(collector.nodes.begin(), collector.nodes.end(),
                                [](const CollectorView::Node& node) { return node.up; });
  html.element("h3", collector.kind);
  const auto line = html.in("p");
  html.text("Reads " + std::to_string(up) + " of " +
            count_of(collector.nodes.size(), "node", "nodes") + " every " +
            format_duration(collector.interval) + ".");
  std::string errors;
  for (const auto& [reason, count] : collector.errors) {
    if (count > 0)
      errors += (errors.empty() ? " Errors since it started: " : ", ") + std::string(name(reason)) +
                " " + std::to_string(count);
  }
  if (!errors.empty()) html.text(errors + ".");
}

void write_failure(Html& html, const Subject& subject, const CollectorView::Node& node) {
  const auto row = html.in("tr");
  html.element("th", node.name, {{"scope", "row"}});
  const Sign sign = node.up ? Sign{"✓", "answers", "good"} : Sign{"?", "not read", "blind"};
  {
    const auto cell = html.in("td", {{"class", sign.tone}});
    write_sign(html, sign);
  }
  {
    const auto cell = html.in("td");
    if (node.last_success) {
      write_time(html, *node.last_success, subject.now);
    } else {
      html.text("never");
    }
  }
  const auto cell = html.in("td");
  if (!node.failed) return html.text("none");
  html.element("strong", name(node.failed->reason));
  html.text(" " + node.failed->text.str() + " ");
  write_time(html, node.failed->at, subject.now);
}

// Those that fail now, then those that did.
std::vector<const CollectorView::Node*> failing(const Subject& subject,
                                                const CollectorView& collector) {
  std::vector<const CollectorView::Node*> nodes;
  for (const auto& node : collector.nodes) {
    const bool asked = subject.question.node.empty() || subject.question.node == node.name;
    if (asked && (!node.up || node.failed || !subject.question.node.empty()))
      nodes.push_back(&node);
  }
  std::stable_partition(nodes.begin(), nodes.end(), [](const auto* node) { return !node->up; });
  return nodes;
}

void write_failures(Html& html, const Subject& subject, const CollectorView& collector) {
  const auto nodes = failing(subject, collector);
  if (nodes.empty()) return;
  {
    const auto place = scrolling(html, "Nodes of " + collector.kind);
    const auto table = html.in("table");
    write_head(html, {"Node", "Now", "Last success", "Last failure"});
    const auto body = html.in("tbody");
    for (std::size_t i = 0; i < std::min(nodes.size(), kShownFailures); ++i)
      write_failure(html, subject, *nodes[i]);
  }
  if (nodes.size() > kShownFailures)
    html.element("p", "And " + count_of(nodes.size() - kShownFailures, "node", "nodes") + " more.");
}

void write_reason(Html& html, const Subject& subject, const GateReason& reason) {
  const auto item = html.in("li");
  html.text(reason.what);
  if (!reason.nodes.empty()) {
    html.text(" ");
    for (const std::string& node : reason.nodes) {
      html.link(status_address(
                    {subject.service.name, reason.dimension, node, 0, subject.question.refresh}),
                node);
      html.text(" ");
    }
    const auto named = static_cast<int>(reason.nodes.size());
    if (reason.count > named) html.text("and " + std::to_string(reason.count - named) + " more. ");
  }
  if (reason.since) {
    html.text(" Since ");
    write_time(html, *reason.since, subject.now);
    html.text(".");
  }
  html.element("small", " Cleared when: " + reason.clears);
}

}  // namespace

std::string canonical_text(const DimensionView& view) {
  constexpr std::size_t kShownGroups = 4;
  std::string text;
  std::size_t shown = 0;
  for (const auto& [group, canonical] : view.canonical) {
    if (shown++ == kShownGroups) return text + ", …";
    text += text.empty() ? "" : ", ";
    if (!group.empty()) text += shortened(group) + ": ";
    if (canonical.missing) {
      text += "none (" + std::string(name(*canonical.missing)) + ")";
    } else {
      text +=
          canonical.key ? state_name(*canonical.key, canonical.text) : shortened(canonical.text);
    }
  }
  return text.empty() ? "none" : text;
}

void write_reasons(Html& html, const Subject& subject) {
  const auto& reasons = subject.gate.reasons;
  if (reasons.empty()) return html.element("p", "A rollout may go on.");
  const auto list = html.in("ul", {{"class", "reasons"}});
  for (const GateReason& reason : reasons) write_reason(html, subject, reason);
  const auto& hold = subject.service.hold;
  const bool told = std::any_of(reasons.begin(), reasons.end(), [](const auto& reason) {
    return reason.code == GateCode::manual_hold;
  });
  if (hold && !told) html.element("li", hold->owner + " holds it as well: " + hold->reason);
}

void write_service(Html& html, const Subject& subject) {
  write_figures(html, subject);
  write_dimensions(html, subject);
}

void write_allowance(Html& html, const Subject& subject, const AllowanceKey& key,
                     const Allowed& allowed) {
  const auto& [dimension, source, why, who, until] = key;
  const auto row = html.in("tr");
  html.element("th", dimension, {{"scope", "row"}});
  {
    const auto cell = html.in("td");
    write_names(html, subject.question, allowed.nodes);
  }
  html.element("td", name(source));
  html.element("td", why);
  html.element("td", who.empty() ? "nobody named" : who);
  write_until(html, subject, *allowed.any);
}

void write_allowances(Html& html, const Subject& subject) {
  const auto all = allowances(subject);
  if (all.empty()) return;
  html.element("h2", "Allowed for now");
  {
    const auto place = scrolling(html, "Allowed for now");
    const auto table = html.in("table");
    write_head(html, {"Dimension", "Nodes", "By", "Why", "Who", "Until"});
    const auto body = html.in("tbody");
    std::size_t shown = 0;
    for (const auto& [key, allowed] : all) {
      if (shown++ == kShownAllowances) break;
      write_allowance(html, subject, key, allowed);
    }
  }
  if (all.size() > kShownAllowances)
    html.element("p", "And " + std::to_string(all.size() - kShownAllowances) + " more.");
}

void write_collectors(Html& html, const Subject& subject) {
  if (subject.service.collectors.empty()) return;
  html.element("h2", "Collectors");
  for (const CollectorView& collector : subject.service.collectors) {
    write_collector(html, collector);
    write_failures(html, subject, collector);
  }
}

}  // namespace mse
