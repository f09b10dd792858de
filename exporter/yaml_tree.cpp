// Drives yaml-cpp's event parser, which has no budgets, into a tree that has.
#include "exporter/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "exporter/text.h"

namespace mse {
namespace {

// Thrown through yaml-cpp, caught in parse_yaml.
struct Refusal {
  Place place;
  std::string why;
};

Place place_of(const YAML::Mark& mark) {
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

// What yaml-cpp would take long over, or pass on as if it were text.
void refuse_costly(std::string_view bytes) {
  constexpr std::string_view kIndicators = "[]{},:?&*!|>'\"%@`";
  Place place;
  std::size_t indicators = 0;
  for (const char byte : bytes) {
    if (byte == '\0') throw Refusal{place, "expected text, not a NUL byte"};
    if (kIndicators.find(byte) != std::string_view::npos && ++indicators > kYamlIndicators)
      throw Refusal{place, "expected at most " + std::to_string(kYamlIndicators) +
                               " brackets, quotes, commas and colons"};
    ++place.column;
    if (byte == '\n') place = {place.line + 1, 1};
    if (static_cast<std::size_t>(place.line) > kYamlLines)
      throw Refusal{place, "expected at most " + std::to_string(kYamlLines) + " lines"};
  }
}

bool is_number(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

// Whether `text` is something else than a text where it is not quoted.
bool is_typed(std::string text) {
  if (text.size() > 64) return false;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 9> kWords{"",   "~",   "null", "true", "false",
                                                   "on", "off", "yes",  "no"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end() || is_number(text);
}

enum class Dialect { own, own_with_lines, foreign };

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Dialect dialect)
      : foreign_(dialect == Dialect::foreign), lines_(dialect == Dialect::own_with_lines) {}

  YamlTree root() const { return root_ ? root_ : std::make_shared<Yaml>(); }
  YamlTree documents() const {
    auto all = begin(Yaml::Kind::list, {});
    all->items = documents_;
    return all;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    anchors_.clear();
    if (root_ && !foreign_) throw Refusal{place_of(mark), "expected one document, not a second"};
  }
  void OnDocumentEnd() override { documents_.push_back(root()); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(place_of(mark), 1);
    add(begin(Yaml::Kind::null, place_of(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Refusal{place_of(mark), "expected no alias within its own anchor"};
    count(place_of(mark), found->second->nodes);
    refuse_depth(place_of(mark), found->second->height);
    add(found->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!foreign_) refuse_tag(mark, tag);
    count(place_of(mark), 1);
    const auto text = begin(Yaml::Kind::text, place_of(mark));
    text->text = value;
    if (foreign_) tell_apart(text->text, tag);
    if (!foreign_ && value.ends_with('\n')) text->text.pop_back();
    if (!foreign_ && !readable(text->text))
      throw Refusal{text->place, "expected UTF-8 text without control characters"};
    add(text, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Yaml::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Yaml::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map whose end has not come yet.
  struct Open {
    std::shared_ptr<Yaml> value;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    std::optional<std::string> key;  // of a map, while its value has not come
    Place key_place;
  };

  static std::shared_ptr<Yaml> begin(Yaml::Kind kind, Place place) {
    auto value = std::make_shared<Yaml>();
    value->kind = kind;
    value->place = place;
    return value;
  }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{place_of(mark), "expected no tag (!…)"};
  }

  void refuse_depth(Place place, std::size_t height) const {
    if (open_.size() + height > kYamlDepth)
      throw Refusal{place, "expected at most " + std::to_string(kYamlDepth) + " levels of nesting"};
  }

  void count(Place place, std::size_t more) {
    nodes_ += more;
    if (nodes_ > kYamlNodes)
      throw Refusal{place, "expected at most " + std::to_string(kYamlNodes) +
                               " keys and values, aliases counted where they are used"};
  }

  void open(Yaml::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    refuse_depth(place_of(mark), 1);
    open_.push_back({begin(kind, place_of(mark)), anchor, nodes_, std::nullopt, {}});
    count(place_of(mark), 1);
  }

  void close() {
    Open ended = std::move(open_.back());
    open_.pop_back();
    ended.value->nodes = nodes_ - ended.nodes_before;
    add(ended.value, ended.anchor);
  }

  void add(const YamlTree& value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = value;
      return;
    }
    auto& parent = open_.back();
    parent.value->height = std::max(parent.value->height, value->height + 1);
    if (parent.value->kind == Yaml::Kind::list)
      parent.value->items.push_back(value);
    else if (!parent.key)
      take_key(parent, *value);
    else
      take_value(parent, value);
  }

  // `tag` is "?" of a plain text, which begins with neither a quote nor a tag, "!" of another.
  static void tell_apart(std::string& text, const std::string& tag) {
    const bool plain = !is_typed(text) && !text.starts_with('"') && !text.starts_with('!');
    if (tag == "!" && !plain) text = '"' + text + '"';
    if (!tag.empty() && tag != "?" && tag != "!")
      text = (tag.starts_with('!') ? "" : "!") + tag + " " + text;
  }

  void take_key(Open& parent, const Yaml& key) const {
    if (key.kind != Yaml::Kind::text) throw Refusal{key.place, "expected a key that is a text"};
    if (key.text == "<<" && !foreign_) throw Refusal{key.place, "expected no merge key <<"};
    if (lines_ && key.text.find('\n') != std::string::npos)
      throw Refusal{key.place, "expected a key of one line"};
    const auto found = parent.value->entries.find(key.text);
    if (found != parent.value->entries.end())
      throw Refusal{key.place, "duplicate key `" + repaired(key.text, 64) + "`, first on line " +
                                   std::to_string(found->second.place.line)};
    parent.key = key.text;
    parent.key_place = key.place;
  }

  static void take_value(Open& parent, const YamlTree& value) {
    auto placed = value;
    // yaml-cpp notices a value that is left out where the next token is.
    if (value->kind == Yaml::Kind::null) placed = begin(Yaml::Kind::null, parent.key_place);
    parent.value->entries.emplace(std::move(*parent.key), Yaml::Entry{parent.key_place, placed});
    parent.key.reset();
  }

  bool readable(std::string text) const {
    if (lines_) std::replace(text.begin(), text.end(), '\n', ' ');
    return repaired(text, text.size()) == text;
  }

  bool foreign_, lines_;
  YamlTree root_;
  std::vector<YamlTree> documents_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlTree> anchors_;
  std::size_t nodes_ = 0;
};

YamlTree build(const std::string& bytes, Dialect dialect) {
  refuse_costly(bytes);
  std::istringstream stream(bytes);
  YAML::Parser parser(stream);
  TreeBuilder builder(dialect);
  while (parser.HandleNextDocument(builder)) {
  }
  return dialect == Dialect::foreign ? builder.documents() : builder.root();
}

tl::unexpected<Error> error_at(const std::string& file, Place place, const std::string& why) {
  return fail(file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
              why);
}

Result<YamlTree> parse(const std::string& bytes, const std::string& file, Dialect dialect) {
  try {
    if (bytes.size() > kYamlBytes)
      throw Refusal{{}, "expected at most " + std::to_string(kYamlBytes) + " bytes"};
    return build(bytes, dialect);
  } catch (const Refusal& refusal) {
    return error_at(file, refusal.place, refusal.why);
  } catch (const YAML::Exception& error) {
    // After the colon yaml-cpp quotes the file, which may be an unquoted password.
    return error_at(file, place_of(error.mark),
                    "expected YAML: " + error.msg.substr(0, error.msg.find(':')));
  }
}

}  // namespace

Result<YamlTree> parse_yaml(const std::string& bytes, const std::string& file) {
  return parse(bytes, file, Dialect::own);
}

Result<YamlTree> parse_yaml_with_lines(const std::string& bytes, const std::string& file) {
  return parse(bytes, file, Dialect::own_with_lines);
}

Result<YamlTree> parse_foreign_yaml(const std::string& bytes, const std::string& file) {
  return parse(bytes, file, Dialect::foreign);
}

}  // namespace mse
