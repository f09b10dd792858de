// Looking up settings in layers, and finding the error to report.
#include "exporter/options_source.h"

#include "exporter/text.h"

namespace mse {

void Options::Source::ask(std::string_view key) {
  asked.emplace(key);
  if (over) over->ask(key);
}

Options::Source::Found Options::Source::find(std::string_view key) {
  if (over) {
    if (const auto found = over->find(key)) return found;
  }
  const auto entry = map->entries.find(key);
  return entry == map->entries.end() ? Found{} : Found{this, &entry->second};
}

Options::Source::Found Options::Source::read(std::string_view key) {
  ask(key);
  return find(key);
}

std::shared_ptr<Options::Source> Options::Source::child(std::string_view key) {
  const auto known_child = children.find(key);
  if (known_child != children.end())
    return known_child->second.empty() ? nullptr : known_child->second.front();
  auto made = make_child(key);
  auto& kept = children[std::string(key)];
  if (made) kept.push_back(made);
  return made;
}

std::shared_ptr<Options::Source> Options::Source::make_child(std::string_view key) {
  const auto above = over ? over->child(key) : nullptr;
  const auto entry = map->entries.find(key);
  const bool here = entry != map->entries.end();
  if (here && entry->second.value->kind != Yaml::Kind::map) {
    problem(entry->second.value->place, path_of(key), "a map");
    return nullptr;
  }
  if (!here && !above) return nullptr;
  auto made = std::make_shared<Source>(file, path_of(key),
                                       here ? entry->second.value : std::make_shared<Yaml>());
  made->over = above;
  return made;
}

std::string Options::Source::path_of(std::string_view key) const {
  std::string at = path;
  if (!path.empty() && !key.empty()) at += ".";
  return at + repaired(key, 64);
}

void Options::Source::problem(Place place, const std::string& at, std::string_view expected) {
  std::string text = at.empty() ? "" : at + ": ";
  text += "expected ";
  text += expected;
  problems.push_back({false, place, std::move(text), this, ""});
}

void Options::Source::missing(std::string_view key, std::string_view expected) {
  std::string text = path_of(key) + ": missing, expected ";
  text += expected;
  problems.push_back({true, map->place, std::move(text), this, std::string(key)});
}

const Options::Source::Problem* Options::Source::first_unread() {
  const std::pair<const std::string, Yaml::Entry>* earliest = nullptr;
  for (const auto& entry : map->entries) {
    if (asked.contains(entry.first) || handed.contains(entry.first)) continue;
    if (earliest == nullptr || entry.second.place < earliest->second.place) earliest = &entry;
  }
  if (earliest == nullptr) return nullptr;
  earliest_unread = {false, earliest->second.place, "", this, earliest->first};
  return &earliest_unread;
}

const Options::Source::Problem* Options::Source::first(bool with_unread) {
  const Problem* least = nullptr;
  const auto consider = [&least](const Problem* other) {
    if (other != nullptr && (least == nullptr || !(*least < *other))) least = other;
  };
  if (with_unread) consider(first_unread());
  for (const auto& each : problems) consider(&each);
  for (const auto& [key, below] : children)
    for (const auto& each : below) consider(each->first(with_unread));
  if (over) consider(over->first(false));
  return least;
}

std::string Options::Source::told_unread(const std::string& key) const {
  Words right = asked;
  right.insert(known.begin(), known.end());
  const auto place = map->entries.at(key).place;
  return std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
         (path.empty() ? "" : path + ": ") + "unknown key `" + repaired(key, 64) + "`, " +
         hint(key, right);
}

std::string Options::Source::told(const Problem& problem) {
  const auto& owner = *problem.owner;
  if (!problem.missing && !problem.key.empty()) return owner.told_unread(problem.key);
  // A key left for others to read is likely to be the missing one, misspelt.
  const auto misspelt = problem.missing ? nearest(problem.key, owner.handed) : std::nullopt;
  if (misspelt) return owner.told_unread(*misspelt);
  return std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + ": " +
         problem.text;
}

Result<Options> make_options(const YamlTree& yaml, std::shared_ptr<const ConfigFile> file) {
  if (yaml->kind == Yaml::Kind::map)
    return Options(std::make_shared<Options::Source>(std::move(file), "", yaml));
  auto source = std::make_shared<Options::Source>(std::move(file), "", std::make_shared<Yaml>());
  source->problem(yaml->place, "", "a map of settings");
  return fail(Options(source).finish().error().message);
}

}  // namespace mse
