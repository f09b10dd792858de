// Choosing who gives way.
#include "exporter/front_door_places.h"

#include <tuple>
#include <utility>

namespace mse {

std::map<std::string, Places::Totals> Places::totals() const {
  std::map<std::string, Totals> all;
  for (const auto& [id, place] : places_) {
    ++all[place.source].places;
    all[place.source].bytes += place.bytes;
  }
  return all;
}

std::optional<Places::Id> Places::giving_way_within(const std::string& source) const {
  const Entry* least = nullptr;
  for (const auto& entry : places_) {
    const auto& place = entry.second;
    if (place.source != source || place.phase == Phase::working) continue;
    if (least == nullptr || place.phase < least->second.phase) least = &entry;
  }
  return least == nullptr ? std::nullopt : std::optional(least->first);
}

std::optional<Places::Id> Places::giving_way_to(const std::string& source) const {
  auto all = totals();
  const std::size_t own = all[source].places;
  std::optional<Id> chosen;
  std::size_t most = own;
  for (const auto& [other, total] : all) {
    if (total.places <= most) continue;
    const auto candidate = giving_way_within(other);
    if (!candidate) continue;
    chosen = candidate;
    most = total.places;
  }
  return chosen;
}

Places::Admission Places::admit(Id id, const std::string& source) {
  Admission result{true, std::nullopt};
  const auto all = totals();
  const auto own = all.find(source);
  if (own != all.end() && own->second.places >= limits_.of_one_source) {
    result.dropped = giving_way_within(source);
    result.admitted = result.dropped.has_value();
  } else if (places_.size() >= limits_.connections) {
    result.dropped = giving_way_to(source);
    result.admitted = result.dropped.has_value();
  }
  if (result.dropped) leave(*result.dropped);
  if (result.admitted) places_[id] = {source, Phase::arriving, 0};
  return result;
}

void Places::enter(Id id, Phase phase) {
  const auto found = places_.find(id);
  if (found != places_.end()) found->second.phase = phase;
}

std::optional<Places::Id> Places::holding_most() const {
  const auto all = totals();
  const Entry* most = nullptr;
  const auto rank = [&all](const Entry& entry) {
    return std::tuple(all.at(entry.second.source).bytes, entry.second.phase == Phase::writing);
  };
  for (const auto& entry : places_) {
    if (entry.second.bytes == 0) continue;
    if (most == nullptr || rank(*most) < rank(entry)) most = &entry;
  }
  return most == nullptr ? std::nullopt : std::optional(most->first);
}

std::vector<Places::Id> Places::hold(Id id, std::size_t bytes) {
  const auto found = places_.find(id);
  if (found == places_.end()) return {id};
  found->second.bytes += bytes;
  held_ += bytes;
  std::vector<Id> dropped;
  while (held_ > limits_.answer_bytes) {
    const auto most = holding_most();
    if (!most) break;
    dropped.push_back(*most);
    leave(*most);
  }
  return dropped;
}

void Places::release(Id id) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  held_ -= found->second.bytes;
  found->second.bytes = 0;
}

void Places::leave(Id id) {
  release(id);
  places_.erase(id);
}

}  // namespace mse
