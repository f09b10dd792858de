// Two snapshots compared by their changes.
#include "exporter/change_notices.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "exporter/change_json.h"

namespace mse {
namespace {

auto identity(const ChangeView& change) {
  return std::tie(change.deploy_id, change.declared, change.to, change.started);
}

bool same(const std::optional<ChangeView>& one, const ChangeView& other) {
  return one && identity(*one) == identity(other);
}

using Changes = std::vector<const ChangeView*>;

bool has(const Changes& all, const ChangeView& change) {
  return std::any_of(all.begin(), all.end(), [&change](const ChangeView* one) {
    return identity(*one) == identity(change);
  });
}

// A deploy that is open in several groups is one.
Changes open_in(const DimensionView& dimension) {
  Changes all;
  if (dimension.open_change) all.push_back(&*dimension.open_change);
  for (const auto& change : dimension.other_changes)
    if (!has(all, change)) all.push_back(&change);
  return all;
}

// Goes on under another name.
bool adopted(const ChangeView& change, const Changes& were, const Changes& are) {
  return std::any_of(are.begin(), are.end(), [&](const ChangeView* one) {
    return one->to == change.to && !has(were, *one);
  });
}

const ServiceView* find(const Snapshot& snapshot, const std::string& name) {
  const auto found = std::find_if(snapshot.services.begin(), snapshot.services.end(),
                                  [&name](const auto& service) { return service.name == name; });
  return found == snapshot.services.end() ? nullptr : &*found;
}

class Notices {
 public:
  void compare(const ServiceView& before, const ServiceView& now) {
    static const DimensionView none;
    for (const auto& [name, dimension] : now.dimensions) {
      const auto old = before.dimensions.find(name);
      compare(now.name, name, old == before.dimensions.end() ? none : old->second, dimension);
    }
  }
  std::vector<std::string> take() { return std::move(bodies_); }

 private:
  void compare(const std::string& service, const std::string& dimension,
               const DimensionView& before, const DimensionView& now) {
    const auto were = open_in(before);
    const auto are = open_in(now);
    const auto& last = now.last_change;
    const bool news = last && (!same(before.last_change, *last) || has(were, *last));
    if (news && !has(are, *last)) add("closed", service, dimension, *last);
    for (const auto* change : were) {
      if (has(are, *change) || same(last, *change) || adopted(*change, were, are)) continue;
      ChangeView ended = *change;
      ended.open = false;
      add("closed", service, dimension, ended);
    }
    for (const auto* change : are)
      if (!has(were, *change)) add("opened", service, dimension, *change);
  }

  void add(const char* event, const std::string& service, const std::string& dimension,
           const ChangeView& change) {
    auto body = change_json(service, dimension, change);
    body["event"] = event;
    bodies_.push_back(json_text(body));
  }

  std::vector<std::string> bodies_;
};

}  // namespace

std::vector<std::string> change_notices(const Snapshot& before, const Snapshot& now) {
  Notices notices;
  for (const auto& service : now.services)
    if (const auto* old = find(before, service.name)) notices.compare(*old, service);
  return notices.take();
}

}  // namespace mse
