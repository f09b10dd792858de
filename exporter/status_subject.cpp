// A service as it is asked about: its nodes ranked, its verdict, its exposure.
#include <algorithm>
#include <tuple>

#include "exporter/status_parts.h"

namespace mse {
namespace {

Standing standing_of(const NodeDimension& dimension) {
  switch (dimension.status) {
    case Status::divergent:
      return dimension.preexisting ? Standing::preexisting : Standing::divergent;
    case Status::unknown:
      return Standing::unknown;
    case Status::transition:
      return Standing::transition;
    case Status::canonical:
      break;
  }
  return Standing::canonical;
}

void worsen(NodeRow& row, const NodeDimension& dimension) {
  const Standing standing = standing_of(dimension);
  if (standing > row.standing) return;
  if (standing < row.standing) row.since.reset();
  row.standing = standing;
  if (dimension.since) row.since = std::min(row.since.value_or(*dimension.since), *dimension.since);
}

// Names that people number: "pg-2" before "pg-10".
bool named_before(const std::string& one, const std::string& other) {
  const auto digits = [](const std::string& name) {
    const auto last = name.find_last_not_of("0123456789");
    return last == std::string::npos ? 0 : last + 1;
  };
  const std::size_t ours = digits(one), theirs = digits(other);
  const int stem = one.compare(0, ours, other, 0, theirs);
  if (stem != 0) return stem < 0;
  return std::make_tuple(one.size(), std::string_view(one)) <
         std::make_tuple(other.size(), std::string_view(other));
}

bool before(const NodeRow& one, const NodeRow& other) {
  if (one.standing != other.standing) return one.standing < other.standing;
  const Wall ours = one.since.value_or(Wall::max()), theirs = other.since.value_or(Wall::max());
  if (ours != theirs) return ours < theirs;
  return named_before(one.node->name, other.node->name);
}

// Dimensions that no node supports say nothing of any.
std::vector<std::string_view> ranking(const Subject& subject) {
  std::vector<std::string_view> names;
  for (const auto& [name, view] : subject.service.dimensions) {
    if (subject.shows(name) && !view.unsupported) names.push_back(name);
  }
  return names;
}

}  // namespace

Subject subject_of(const ServiceView& service, const StatusQuestion& question,
                   const Freshness& freshness, Wall now) {
  Subject subject{service, question, gate(service, oldest_caller(service), freshness), now, {}};
  subject.rows.reserve(service.nodes.size());
  const auto names = ranking(subject);
  for (const NodeView& node : service.nodes) {
    if (!question.node.empty() && node.name != question.node) continue;
    NodeRow row{&node, names.empty() ? Standing::unknown : Standing::canonical, std::nullopt};
    for (const auto& [name, dimension] : node.dimensions) {
      if (std::binary_search(names.begin(), names.end(), name.str())) worsen(row, dimension);
    }
    subject.rows.push_back(row);
  }
  std::sort(subject.rows.begin(), subject.rows.end(), before);
  return subject;
}

std::string in_short(const Subject& subject) {
  const std::size_t all = subject.rows.size();
  if (all == 0) return "no nodes";
  std::string text;
  const auto say = [&](Standing standing, const std::string& word) {
    const std::size_t count = subject.count(standing);
    if (count == 0) return;
    text += text.empty() ? std::to_string(count) + " of " + count_of(all, "node ", "nodes ")
                         : ", " + std::to_string(count) + " ";
    text += word;
  };
  say(Standing::divergent, "divergent");
  say(Standing::preexisting, "divergent from the start");
  say(Standing::unknown, "unknown");
  say(Standing::transition, "in transition");
  return text.empty() ? count_of(all, "node", "nodes") + " canonical" : text;
}

Exposed exposed(const ServiceView& service) {
  Exposed result;
  for (const NodeView& node : service.nodes) {
    if (!node.serving) continue;
    ++result.serving;
    if (node.exposure == Status::unknown) continue;
    ++result.known;
    if (node.exposure != Status::canonical) ++result.outside;
    if (node.exposure == Status::divergent) ++result.divergent;
  }
  return result;
}

}  // namespace mse
