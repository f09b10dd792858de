// One line at a time, remembering the family it belongs to.
#include "tests/support/exposition_reader.h"

#include <charconv>
#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "exporter/text.h"

namespace mse {
namespace {

class Reader {
 public:
  ReadPage read(const std::string& text) {
    if (repaired(strip_newlines(text), text.size()) != strip_newlines(text)) {
      page_.error = "invalid UTF-8 or a control character";
    }
    if (!text.empty() && text.back() != '\n') page_.error = "no newline at the end";
    std::istringstream lines(text);
    for (std::string line; page_.error.empty() && std::getline(lines, line);) {
      if (!accepts(line)) page_.error = line;
    }
    return page_;
  }

 private:
  static std::string strip_newlines(std::string text) {
    std::erase(text, '\n');
    return text;
  }

  bool accepts(const std::string& line) {
    if (line.starts_with("# HELP ")) return help(line);
    if (line.starts_with("# TYPE ")) return type(line);
    return sample(line);
  }

  bool help(const std::string& line) {
    static const std::regex form("# HELP ([a-z0-9_]+) .+");
    std::smatch match;
    if (!std::regex_match(line, match, form)) return false;
    family_ = match[1];
    return helped_.insert(family_).second;
  }

  bool type(const std::string& line) {
    static const std::regex form("# TYPE ([a-z0-9_]+) (counter|gauge|histogram)");
    std::smatch match;
    if (!std::regex_match(line, match, form) || match[1] != family_) return false;
    return page_.types.emplace(family_, match[2]).second;
  }

  bool of_family(const std::string& name) const {
    const auto type = page_.types.find(family_);
    if (type == page_.types.end()) return false;
    if (type->second != "histogram") return name == family_;
    return name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count";
  }

  // Where the {} that begins at `at` ends, or npos when it is not well formed.
  static std::size_t labels_end(const std::string& line, std::size_t at) {
    ++at;
    while (at < line.size() && line[at] != '}') {
      while (at < line.size() && (std::islower(line[at]) != 0 || line[at] == '_')) ++at;
      if (line.compare(at, 2, "=\"") != 0) return std::string::npos;
      at = value_end(line, at + 2);
      if (at < line.size() && line[at] == ',') ++at;
    }
    return at < line.size() ? at + 1 : std::string::npos;
  }
  static std::size_t value_end(const std::string& line, std::size_t at) {
    for (; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] != '\\') continue;
      ++at;
      if (at >= line.size() || std::string("\\\"n").find(line[at]) == std::string::npos) {
        return line.size();
      }
    }
    return at + 1;
  }

  bool sample(const std::string& line) {
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string::npos || !of_family(line.substr(0, name_end))) return false;
    const std::size_t end = line[name_end] == '{' ? labels_end(line, name_end) : name_end;
    if (end == std::string::npos || end >= line.size() || line[end] != ' ') return false;
    double value = 0;
    const char* last = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data() + end + 1, last, value);
    if (stop != last || error != std::errc() || !std::isfinite(value)) return false;
    return page_.series.emplace(line.substr(0, end), value).second;
  }

  ReadPage page_;
  std::string family_;
  std::set<std::string> helped_;
};

}  // namespace

ReadPage read_exposition(const std::string& page) {
  return Reader().read(page);
}

}  // namespace mse
