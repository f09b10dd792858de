// What Options reads from: one YAML map, perhaps with a node's own laid over it, and the memory of
// what was asked of it and what was wrong.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "exporter/nearest.h"
#include "exporter/options.h"
#include "exporter/yaml_tree.h"

namespace mse {

struct ConfigFile {
  std::string name;       // as errors show it
  std::string directory;  // absolute; relative paths in the file are joined to it
};

struct Options::Source : std::enable_shared_from_this<Options::Source> {
  // A value of this map, or of the one laid over it.
  struct Found {
    Source* owner = nullptr;
    const Yaml::Entry* entry = nullptr;

    explicit operator bool() const { return entry != nullptr; }
    const Yaml& value() const { return *entry->value; }
  };
  struct Problem {
    bool missing = false;  // sorts last: the cause is often a misspelt key elsewhere
    Place place;
    std::string text;
    const Source* owner = nullptr;
    std::string key;  // of a missing or unread one

    friend bool operator<(const Problem& a, const Problem& b) {
      return std::tie(a.missing, a.place) < std::tie(b.missing, b.place);
    }
  };

  Source(std::shared_ptr<const ConfigFile> config_file, std::string own_path, YamlTree yaml)
      : file(std::move(config_file)), path(std::move(own_path)), map(std::move(yaml)) {}

  void ask(std::string_view key);
  Found find(std::string_view key);
  // Also asks.
  Found read(std::string_view key);
  // The map at `key`, the same one each time; null when it is missing or no map (a problem).
  std::shared_ptr<Source> child(std::string_view key);
  std::shared_ptr<Source> make_child(std::string_view key);
  std::string path_of(std::string_view key) const;
  void problem(Place place, const std::string& at, std::string_view expected);
  void missing(std::string_view key, std::string_view expected);
  // The first problem here and below, an unread key being one if `with_unread`. Of several at one
  // place the last: it knows best.
  const Problem* first(bool with_unread);
  const Problem* first_unread();
  // "line:column: …" of one that first() gave.
  static std::string told(const Problem& problem);
  std::string told_unread(const std::string& key) const;

  std::shared_ptr<const ConfigFile> file;
  std::string path;              // "services[0]"; empty for the whole file
  YamlTree map;                  // a map
  std::shared_ptr<Source> over;  // read first, where there is one
  Node node;
  bool asked_node = false;
  Words asked;
  Words known;   // further keys that are right here, though others read them
  Words handed;  // to whoever reads rest() or separate()
  std::vector<Problem> problems;
  std::map<std::string, std::vector<std::shared_ptr<Source>>, std::less<>> children;
  Problem earliest_unread;  // holds what first_unread found
};

// Options of the map in `yaml`, else an error that names the place.
Result<Options> make_options(const YamlTree& yaml, std::shared_ptr<const ConfigFile> file);

}  // namespace mse
