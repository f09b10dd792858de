// Changes: the open ones drawn over time, with the same as a table, and those that ended.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "exporter/status_parts.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr double kWidth = 480, kHeight = 130;
constexpr double kLeft = 40, kRight = 470, kTop = 18, kBottom = 100;
constexpr std::size_t kLagging = 200;

// A change of a dimension, with what is known of its nodes.
struct Shown {
  const std::string& dimension;
  const ChangeView& change;
  int nodes = 0;
};

std::string decimal(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find('.') + 2);
}

// Times as places from left to right.
struct Scale {
  Duration length{};
  double x(Duration since_start) const {
    const double part = static_cast<double>(since_start.count()) /
                        static_cast<double>(std::max<Duration::rep>(length.count(), 1));
    return kLeft + (kRight - kLeft) * std::clamp(part, 0.0, 1.0);
  }
};

double height(double ratio) {
  return kBottom - (kBottom - kTop) * std::clamp(ratio, 0.0, 1.0);
}

void write_line(Html& html, std::string_view kind, double x1, double y1, double x2, double y2) {
  html.element("line", "",
               {{"class", kind},
                {"x1", decimal(x1)},
                {"y1", decimal(y1)},
                {"x2", decimal(x2)},
                {"y2", decimal(y2)}});
}

void write_label(Html& html, double x, double y, std::string_view text) {
  const std::string_view anchor = x > kRight - 60 ? "end" : x < kLeft + 40 ? "start" : "middle";
  html.element("text", text, {{"x", decimal(x)}, {"y", decimal(y)}, {"text-anchor", anchor}});
}

// The share of nodes that had arrived, as steps.
std::string steps(const Shown& shown, const Scale& scale, Duration now) {
  std::string path = "M" + decimal(kLeft) + " " + decimal(height(0));
  double ratio = 0;
  for (const auto& [after, count] : shown.change.arrivals) {
    ratio = static_cast<double>(count) / std::max(shown.nodes, count);
    path += "H" + decimal(scale.x(after)) + "V" + decimal(height(ratio));
  }
  return path + "H" + decimal(scale.x(now));
}

void write_marks(Html& html, const Shown& shown, const Scale& scale, Duration now) {
  const Duration deadline = shown.change.deadline - shown.change.started;
  write_line(html, "axis", kLeft, kBottom, kRight, kBottom);
  write_line(html, "axis", kLeft, kTop, kLeft, kBottom);
  write_label(html, 0, kTop + 4, "100 %");
  write_label(html, 0, kBottom, "0 %");
  write_line(html, "limit", scale.x(deadline), kTop, scale.x(deadline), kBottom);
  write_label(html, scale.x(deadline), kTop - 6, "deadline");
  write_line(html, "now", scale.x(now), kTop, scale.x(now), kBottom);
  write_label(html, scale.x(now), kBottom + 28, "now, " + format_duration(now));
  write_label(html, kLeft, kBottom + 14, "start");
}

void write_timeline(Html& html, const Subject& subject, const Shown& shown) {
  const Duration now = std::max<Duration>(subject.now - shown.change.started, Duration{});
  const Duration deadline = shown.change.deadline - shown.change.started;
  const Scale scale{std::max(now, deadline) + std::max(now, deadline) / 20};
  const std::string box = "0 0 " + decimal(kWidth) + " " + decimal(kHeight);
  const auto drawing = html.in(
      "svg", {{"viewBox", box},
              {"role", "img"},
              {"aria-label", "Nodes at the target over time; the table below says the same."}});
  write_marks(html, shown, scale, now);
  html.element("path", "", {{"class", "curve"}, {"d", steps(shown, scale, now)}});
}

void write_event(Html& html, std::string_view what, Wall at, Wall now) {
  const auto row = html.in("tr");
  html.element("th", what, {{"scope", "row"}});
  const auto cell = html.in("td");
  write_time(html, at, now);
}

// The few that say how far it came: first, half, last.
void write_arrivals(Html& html, const Subject& subject, const Shown& shown) {
  const auto& arrivals = shown.change.arrivals;
  const auto say = [&](const std::pair<Duration, int>& arrival) {
    write_event(
        html,
        count_of(static_cast<std::size_t>(arrival.second), "node", "nodes") + " at the target",
        shown.change.started + arrival.first, subject.now);
  };
  if (arrivals.empty()) return;
  say(arrivals.front());
  if (arrivals.size() > 2) say(arrivals[arrivals.size() / 2]);
  if (arrivals.size() > 1) say(arrivals.back());
}

bool is_at(const NodeDimension& dimension, const ChangeView& change) {
  if (!dimension.state) return false;
  return change.to_state ? dimension.state->key == change.to_state->key
                         : dimension.text() == change.to;
}

void write_missing(Html& html, const Subject& subject, const Shown& shown) {
  std::vector<const NodeView*> missing;
  for (const NodeRow& row : subject.rows) {
    const auto found = row.node->dimensions.find(shown.dimension);
    const bool arrived = found != row.node->dimensions.end() && is_at(found->second, shown.change);
    if (!arrived && missing.size() < kLagging) missing.push_back(row.node);
  }
  if (missing.empty()) return;
  const auto row = html.in("tr");
  html.element("th", "Not at the target", {{"scope", "row"}});
  const auto cell = html.in("td");
  write_names(html, subject.question, missing);
}

void write_open(Html& html, const Subject& subject, const Shown& shown) {
  const ChangeView& change = shown.change;
  html.element("h3",
               shown.dimension + ": " + shortened(change.from) + " to " + shortened(change.to));
  {
    const auto line = html.in("p");
    html.text(change.declared ? "Declared" : "Not declared by anybody");
    if (change.deploy_id != "none") html.text(" as " + shortened(change.deploy_id));
    html.text("; " + percent(change.converged_ratio) + " of the nodes are at the target");
    html.text(subject.now > change.deadline
                  ? ", " + age(change.deadline, subject.now) + " past the deadline."
                  : ".");
  }
  write_timeline(html, subject, shown);
  const auto place = scrolling(html, "Timeline of " + shown.dimension);
  const auto table = html.in("table");
  write_head(html, {"What", "When"});
  const auto body = html.in("tbody");
  write_event(html, "Started", change.started, subject.now);
  write_arrivals(html, subject, shown);
  write_event(html, "Deadline", change.deadline, subject.now);
  write_missing(html, subject, shown);
}

void write_closed(Html& html, const Subject& subject, const std::string& dimension,
                  const ChangeView& change) {
  const auto row = html.in("tr");
  html.element("th", dimension, {{"scope", "row"}});
  html.element("td", shortened(change.from) + " to " + shortened(change.to));
  html.element("td",
               change.deploy_id == "none" ? "nobody declared it" : shortened(change.deploy_id));
  html.element("td", change.outcome ? name(*change.outcome) : std::string_view("open"));
  {
    const auto cell = html.in("td");
    write_time(html, change.started, subject.now);
  }
  {
    const auto cell = html.in("td");
    if (change.ended) write_time(html, *change.ended, subject.now);
  }
  html.element("td", change.p95 ? format_duration(*change.p95) : "not known");
}

bool any_closed(const Subject& subject) {
  const auto& all = subject.service.dimensions;
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second.last_change && subject.shows(entry.first);
  });
}

// How many nodes a change is about: with compare_within only those of its group, which are judged
// from how far it came.
int nodes_of(const DimensionView& view, const ChangeView& change) {
  const int arrived = change.arrivals.empty() ? 0 : change.arrivals.back().second;
  if (view.canonical.size() > 1 && arrived > 0 && change.converged_ratio > 0)
    return static_cast<int>(std::lround(arrived / change.converged_ratio));
  return std::accumulate(view.nodes.begin(), view.nodes.end(), 0);
}

void write_recent(Html& html, const Subject& subject) {
  if (!any_closed(subject)) return;
  html.element("h2", "Recent changes");
  const auto place = scrolling(html, "Recent changes");
  const auto table = html.in("table");
  html.element("caption", "The last of each dimension, for 6 h 30 min after it ended");
  write_head(html, {"Dimension", "From, to", "Deploy", "Outcome", "Started", "Ended",
                    "95 % of the nodes within"});
  const auto body = html.in("tbody");
  for (const auto& [name, view] : subject.service.dimensions) {
    if (view.last_change && subject.shows(name))
      write_closed(html, subject, name, *view.last_change);
  }
}

}  // namespace

void write_changes(Html& html, const Subject& subject) {
  bool first = true;
  for (const auto& [name, view] : subject.service.dimensions) {
    if (!view.open_change || !subject.shows(name)) continue;
    if (first) html.element("h2", "Changes under way");
    first = false;
    write_open(html, subject, {name, *view.open_change, nodes_of(view, *view.open_change)});
    for (const ChangeView& other : view.other_changes)
      write_open(html, subject, {name, other, nodes_of(view, other)});
  }
  write_recent(html, subject);
}

}  // namespace mse
