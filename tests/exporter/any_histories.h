// Histories with every field filled from one seed, for tests of what is stored.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "exporter/history.h"

namespace mse {

inline const Wall kThen = Wall{} + std::chrono::hours(24 * 365 * 55);

class AnyHistories {
 public:
  explicit AnyHistories(unsigned seed) : random_(seed) {}

  Histories histories() {
    Histories out;
    for (int i = 0; i < 3; ++i) out[text()] = remembered();
    return out;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool flag() { return below(2) == 1; }
  std::string text() {
    static const std::vector<std::string> kTexts{
        "",     "2.0", "äöü \"quoted\"", "a'; DROP TABLE x", std::string(300, 'x'), "line\nbreak",
        "web-1"};
    return kTexts[below(kTexts.size())] + std::to_string(below(1000));
  }
  Wall wall() {
    return kThen + Wall::duration(static_cast<std::int64_t>(below(1'000'000'000'000)));
  }
  template <typename Make>
  auto maybe(Make make) {
    return flag() ? std::optional(make()) : std::nullopt;
  }
  RememberedState state() { return {random_(), flag(), text()}; }
  RememberedGoal goal() {
    return {text(), maybe([this] { return state(); })};
  }
  RememberedChange change() {
    RememberedChange out;
    out.serial = static_cast<std::uint32_t>(random_());
    out.declared = flag();
    out.deploy_id = text();
    out.from = goal();
    out.to = goal();
    out.started = wall();
    out.deadline = wall();
    out.canary = {text(), text()};
    out.reached = flag();
    out.late_counted = flag();
    out.suspect = flag();
    out.first_node = text();
    out.first_at = wall();
    out.arrivals = {std::chrono::seconds(below(100)), std::chrono::milliseconds(below(100))};
    out.outcome = maybe([this] { return kOutcomes[below(kOutcomes.size())]; });
    out.closed = wall();
    out.ratio = 1.0 / static_cast<double>(1 + below(9));
    out.p95 = maybe([this] { return Duration(static_cast<std::int64_t>(below(1000))); });
    return out;
  }
  RememberedGroup group() {
    RememberedGroup out;
    out.held = maybe([this] { return state(); });
    out.found = maybe([this] { return state(); });
    out.text = text();
    out.missing = maybe([this] { return static_cast<NoCanonical>(below(5)); });
    out.primary_seen = maybe([this] { return wall(); });
    out.had_primary = flag();
    out.missing_since_first = flag();
    out.open = maybe([this] { return change(); });
    out.last = maybe([this] { return change(); });
    out.candidates = {{state(), maybe([this] { return state(); }), wall(), random_()}};
    return out;
  }
  RememberedNode node() {
    RememberedNode out;
    out.judged = maybe([this] { return state(); });
    out.old_drift = maybe([this] { return state(); });
    out.acknowledged = maybe([this] { return state(); });
    out.initial = flag();
    out.unknown_at_first = flag();
    out.unknown_since = maybe([this] { return wall(); });
    out.since = maybe([this] { return wall(); });
    out.counted = static_cast<std::uint32_t>(random_());
    out.arrived = static_cast<std::uint32_t>(random_());
    return out;
  }
  Declaration declaration() {
    return {text(), text(), text(), wall(), wall(), {text()}, {text(), text()}};
  }
  RememberedWords words() {
    RememberedWords out;
    out.begun = flag();
    out.ever_state = flag();
    out.source = text();
    out.source_lost = maybe([this] { return wall(); });
    out.told_before = {declaration(), declaration()};
    out.told = {{declaration(), wall()}};
    if (flag()) out.standing = RememberedOrder{goal(), goal(), text(), wall(), wall(), {text()}};
    out.leader = text();
    out.following = declaration();
    out.last_serial = static_cast<std::uint32_t>(random_());
    out.last_p95 = maybe([this] { return Duration(static_cast<std::int64_t>(below(1000))); });
    return out;
  }
  RememberedAnnouncement announced() {
    RememberedAnnouncement out;
    out.kind = static_cast<std::uint32_t>(below(3));
    out.content = text();
    out.by = text();
    out.at = wall();
    out.closed = maybe([this] { return wall(); });
    out.abandoned = flag();
    out.back_to = text();
    out.outcome = maybe([this] { return kOutcomes[below(kOutcomes.size())]; });
    out.ended = maybe([this] { return wall(); });
    return out;
  }
  Remembered remembered() {
    Remembered out;
    out.at = wall();
    for (int i = 0; i < 2; ++i) out.announced[text()] = announced();
    for (int i = 0; i < 4; ++i) out.joined[text()] = wall();
    for (int i = 0; i < 2; ++i) {
      RememberedDimension& dimension = out.dimensions[text()];
      dimension.words = words();
      for (int j = 0; j < 2; ++j) dimension.groups[text()] = group();
      for (int j = 0; j < 4; ++j) dimension.nodes[text()] = node();
    }
    return out;
  }

  std::mt19937_64 random_;
};

}  // namespace mse
