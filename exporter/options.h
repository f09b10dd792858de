// A strict, typed view of one YAML map, so that each collector owns its own settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/model.h"
#include "exporter/result.h"

namespace mse {

// A password or key. Cannot be printed: has no operator<<, and is wiped when it goes.
class Secret {
 public:
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret();

  const std::string& reveal() const { return value_; }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

// Each getter gives nothing when the key is missing or wrong; a wrong one is remembered as an error
// with file, line, column, key and what was expected. finish() gives the first error in the file's
// order, an unread key being one (with the nearest key that was asked for); what was missing comes
// last. Copies share one memory of what was read. One thread.
class Options {
 public:
  enum class Shape { missing, null, text, list, map };

  std::optional<std::string> text(std::string_view key);
  std::optional<std::string> path(std::string_view key);  // joined to the config file's directory
  std::vector<std::string> paths(std::string_view key);   // a list, each as path()
  std::optional<Duration> duration(std::string_view key);
  std::optional<double> ratio(std::string_view key);  // "1%" or 0.01; 0 to 1
  std::optional<bool> flag(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t lowest,
                                      std::int64_t highest);
  std::vector<std::string> list(std::string_view key);
  std::optional<Options> map(std::string_view key);  // finish() here covers it
  // `key`_file's trimmed content, or `key` when it is wholly ${ENV}; an inline value is an error.
  std::optional<Secret> secret(std::string_view key);

  std::vector<Options> maps(std::string_view key);  // a list of maps
  std::vector<std::vector<std::string>> lists(std::string_view key);

  // For maps whose keys the user chooses, and for keys that take several shapes. Not a read.
  std::vector<std::string> keys() const;
  Shape shape(std::string_view key) const;

  // The map at `key`, and the keys nobody asked for so far, as settings that finish() here leaves
  // to the finish() of whoever reads them.
  std::optional<Options> separate(std::string_view key);
  Options rest();

  // The name and address of the node that these settings are for, both empty where nobody said. A
  // collector whose settings asked is made for each node by itself.
  struct Node {
    std::string name, address;
  };
  const Node& node();
  bool asked_node() const;
  // The same settings, nothing of them read yet, for that node.
  Options on_node(Node node) const;

  // Remembers that `key` (the map itself when empty) is wrong.
  void wrong(std::string_view key, std::string_view expected);
  Result<void> finish() const;

  // The same settings with those of `over` (a node's own) taking precedence, key by key, also
  // within maps. Keys of `over` that stay unread are errors of over.finish() alone.
  Options overridden_by(const Options& over) const;

  struct Source;  // the YAML map and its file; made by load_config
  explicit Options(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  const Source& source() const { return *source_; }

 private:
  std::shared_ptr<Source> source_;
};

}  // namespace mse
