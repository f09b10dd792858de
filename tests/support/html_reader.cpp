// A scanner of tags with a stack of what is open.
#include "tests/support/html_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <utility>
#include <vector>

namespace mse {
namespace {

const std::set<std::string, std::less<>> kWithoutEnd{"meta", "link", "br"};

std::string attribute_fault(std::string_view tag, std::string_view rest) {
  static const std::regex kAttribute(R"re( ([a-zA-Z0-9-]+)="([^"<>]*)")re");
  std::string left(rest);
  std::smatch match;
  while (std::regex_search(left, match, kAttribute, std::regex_constants::match_continuous)) {
    const std::string name = match[1], value = match[2];
    if (name == "style" || name.starts_with("on")) return "attribute " + name;
    const bool elsewhere = value.empty() || value.front() != '/' || value.starts_with("//");
    if ((name == "href" || name == "src") && elsewhere) return "address " + value;
    left = match.suffix();
  }
  return left.empty() ? "" : "attributes of " + std::string(tag) + ": " + left;
}

// One tag, from after "<" to before ">".
std::string tag_fault(std::string_view tag, std::vector<std::string>& open) {
  if (tag == "!DOCTYPE html") return "";
  if (tag.starts_with('/')) {
    if (open.empty() || open.back() != tag.substr(1)) return "end of " + std::string(tag);
    open.pop_back();
    return "";
  }
  const std::string_view name = tag.substr(0, tag.find(' '));
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string_view::npos)
    return "tag " + std::string(name);
  if (name == "script") return "a script";
  if (!kWithoutEnd.contains(name)) open.emplace_back(name);
  return attribute_fault(name, tag.substr(name.size()));
}

}  // namespace

std::string html_fault(std::string_view html) {
  std::vector<std::string> open;
  while (true) {
    const auto begin = html.find('<');
    if (html.substr(0, begin).find('>') != std::string_view::npos &&
        (open.empty() || open.back() != "style"))
      return "a > outside of a tag: " + std::string(html.substr(0, 80));
    if (begin == std::string_view::npos) break;
    const auto end = html.find('>', begin);
    if (end == std::string_view::npos) return "a tag without an end";
    const auto fault = tag_fault(html.substr(begin + 1, end - begin - 1), open);
    if (!fault.empty()) return fault;
    html.remove_prefix(end + 1);
  }
  return open.empty() ? "" : "no end of " + open.back();
}

std::string html_text(std::string_view html) {
  std::string text;
  const auto add = [&text](std::string_view piece) {
    for (const char c : piece) {
      const bool space = c == ' ' || c == '\n';
      if (!space) text += c;
      if (space && !text.empty() && text.back() != ' ') text += ' ';
    }
  };
  while (!html.empty()) {
    const auto begin = std::min(html.find('<'), html.size());
    const bool style = html.substr(begin).starts_with("<style>");
    add(html.substr(0, begin));
    add(" ");
    const auto end = style ? html.find("</style>", begin) + 7 : html.find('>', begin);
    html.remove_prefix(std::min(end, html.size() - 1) + 1);
  }
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&amp;", '&'}}};
  for (const auto& [entity, character] : kEntities) {
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
      text.replace(at, entity.size(), 1, character);
  }
  return text;
}

}  // namespace mse
