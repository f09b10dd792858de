// Splits lines, trims them, and tells keys from values.
#include "collectors/file_lines.h"

#include <vector>

#include "collectors/file_formats.h"

namespace mse {
namespace {

constexpr std::size_t kSectionBytes = 1024;  // it is repeated in each of its keys
constexpr std::string_view kBlank = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Lines without the blanks around them; empty ones are left out. A byte order mark is a blank.
std::vector<std::string_view> lines_of(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (const auto line = trimmed(bytes.substr(0, end)); !line.empty()) lines.push_back(line);
    bytes = end == std::string_view::npos ? "" : bytes.substr(end + 1);
  }
  return lines;
}

tl::unexpected<Error> too_many(const std::string& name) {
  return fail(name + ": expected at most " + std::to_string(kFileKeys) + " keys");
}

// "key=value" or, without a =, "key: value"; a key alone has no value, which is not an empty one.
std::pair<std::string_view, std::string> split_pair(std::string_view line) {
  auto at = line.find('=');
  if (at == std::string_view::npos) at = line.find(':');
  if (at == std::string_view::npos) return {line, "null"};
  return {trimmed(line.substr(0, at)), "=" + std::string(trimmed(line.substr(at + 1)))};
}

// `key`, or the first of `key (2)`, `key (3)`… that is free.
std::string unused(const FileValues& values, std::map<std::string, int>& said,
                   const std::string& key) {
  auto name = key;
  do {
    const int times = ++said[key];
    if (times > 1) name = key + " (" + std::to_string(times) + ")";
  } while (values.contains(name));
  return name;
}

// The code unit in four hex digits, as UTF-8; surrogates stay apart, which keeps them different.
void append_unit(std::string& out, unsigned unit) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  if (unit < 0x80) return byte(unit);
  if (unit < 0x800) {
    byte(0xC0U | (unit >> 6U));
  } else {
    byte(0xE0U | (unit >> 12U));
    byte(0x80U | ((unit >> 6U) & 0x3FU));
  }
  byte(0x80U | (unit & 0x3FU));
}

constexpr std::string_view kHex = "0123456789abcdefABCDEF";

char unescaped_char(char byte) {
  switch (byte) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    default:
      return byte;
  }
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const auto digits = text.substr(i + 2 < text.size() ? i + 2 : text.size(), 4);
    const bool is_unit = text[i + 1] == 'u' && digits.size() == 4 &&
                         digits.find_first_not_of(kHex) == std::string_view::npos;
    if (is_unit)
      append_unit(out, static_cast<unsigned>(std::stoul(std::string(digits), nullptr, 16)));
    else
      out += unescaped_char(text[i + 1]);
    i += is_unit ? 5 : 1;
  }
  return out;
}

bool is_continued(std::string_view line) {
  const auto last = line.find_last_not_of('\\');
  const auto slashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
  return slashes % 2 == 1;
}

// Where the key ends: at the first =, : or blank without a \ before it.
std::size_t end_of_key(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == '=' || line[i] == ':' || kBlank.find(line[i]) != std::string_view::npos)
      return i;
  }
  return line.size();
}

void add_property(FileValues& values, std::string_view line) {
  const auto end = end_of_key(line);
  auto rest = line.substr(end);
  const auto skip = [&](std::string_view what, std::size_t most) {
    for (std::size_t i = 0; i < most && !rest.empty() && what.find(rest[0]) != rest.npos; ++i)
      rest.remove_prefix(1);
  };
  skip(kBlank, rest.size());
  skip("=:", 1);
  skip(kBlank, rest.size());
  values[unescaped(line.substr(0, end))] = "=" + unescaped(rest);
}

std::string_view unquoted(std::string_view text) {
  const bool quoted =
      text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::string trimmed_lines(std::string_view bytes) {
  std::string out;
  for (const auto line : lines_of(bytes)) out.append(line) += '\n';
  return out;
}

Result<FileValues> parse_ini(std::string_view bytes, const std::string& name) {
  FileValues values;
  FilePath section;
  std::map<std::string, int> said;
  for (const auto line : lines_of(bytes)) {
    if (line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[' && line.back() == ']') {
      if (line.size() > kSectionBytes) return fail(name + ": expected shorter section names");
      section = FilePath().key(trimmed(line.substr(1, line.size() - 2)));
      continue;
    }
    const auto [key, value] = split_pair(line);
    values.emplace(unused(values, said, section.key(key).text()), value);
    if (values.size() > kFileKeys) return too_many(name);
  }
  return values;
}

Result<FileValues> parse_properties(std::string_view bytes, const std::string& name) {
  FileValues values;
  std::string whole;  // a line with those that continue it
  for (const auto line : lines_of(bytes)) {
    if (whole.empty() && (line[0] == '#' || line[0] == '!')) continue;
    whole += line;
    if (is_continued(whole)) {
      whole.pop_back();
      continue;
    }
    add_property(values, whole);
    whole.clear();
    if (values.size() > kFileKeys) return too_many(name);
  }
  if (!whole.empty()) add_property(values, whole);
  return values;
}

Result<FileValues> parse_env(std::string_view bytes, const std::string& name) {
  FileValues values;
  for (auto line : lines_of(bytes)) {
    if (line[0] == '#') continue;
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const auto at = line.find('=');
    const bool alone = at == std::string_view::npos;
    values[std::string(trimmed(line.substr(0, at)))] =
        alone ? "null" : "=" + std::string(unquoted(trimmed(line.substr(at + 1))));
    if (values.size() > kFileKeys) return too_many(name);
  }
  return values;
}

}  // namespace mse
