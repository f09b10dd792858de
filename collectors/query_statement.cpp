// Reads SQL just far enough to see its first word and where it ends.
#include <algorithm>
#include <array>
#include <cctype>

#include "collectors/query.h"

namespace mse {
namespace {

constexpr const char* kExpected = "one SELECT, WITH, VALUES or TABLE statement";

// What begins at `at` up to its end: a comment, a quoted text or name, a dollar-quoted text; else
// one byte.
std::size_t after_dollars(std::string_view sql, std::size_t at) {
  const auto tag_end = sql.find('$', at + 1);
  if (tag_end == std::string_view::npos) return at + 1;
  const auto tag = sql.substr(at, tag_end - at + 1);
  const bool is_tag = std::all_of(tag.begin() + 1, tag.end() - 1, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c >= 0x80;
  });
  if (!is_tag) return at + 1;
  const auto end = sql.find(tag, tag_end + 1);
  return end == std::string_view::npos ? sql.size() : end + tag.size();
}

std::size_t after(std::string_view sql, std::size_t at, std::string_view end) {
  const auto found = sql.find(end, at);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

std::size_t after_piece(std::string_view sql, std::size_t at) {
  const auto rest = sql.substr(at);
  if (rest.starts_with("--")) return after(sql, at, "\n");
  if (rest.starts_with("/*")) return after(sql, at + 2, "*/");
  if (rest[0] == '\'' || rest[0] == '"') return after(sql, at + 1, rest.substr(0, 1));
  return rest[0] == '$' ? after_dollars(sql, at) : at + 1;
}

bool is_comment(std::string_view rest) {
  return rest.starts_with("--") || rest.starts_with("/*");
}

std::string first_word(std::string_view sql) {
  std::size_t at = 0;
  const auto blank = [&] { return std::isspace(static_cast<unsigned char>(sql[at])) != 0; };
  while (at < sql.size() && (blank() || is_comment(sql.substr(at)) || sql[at] == '('))
    at = after_piece(sql, at);
  std::string word;
  for (; at < sql.size() && std::isalpha(static_cast<unsigned char>(sql[at])) != 0; ++at)
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(sql[at])));
  return word;
}

}  // namespace

std::string wrong_statement(std::string_view sql) {
  constexpr std::array<std::string_view, 4> kWords{"select", "with", "values", "table"};
  const auto word = first_word(sql);
  if (word == "show") return "SELECT current_setting('…') in place of SHOW";
  if (std::find(kWords.begin(), kWords.end(), word) == kWords.end()) return kExpected;
  for (std::size_t at = 0; at < sql.size(); at = after_piece(sql, at))
    if (sql[at] == ';') return std::string(kExpected) + ", not two";
  return "";
}

}  // namespace mse
