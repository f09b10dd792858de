// Lines of the text format, read with distrust.
#include "collectors/prometheus_page.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace mse {

namespace {

constexpr std::string_view kBlank = " \t";

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool in_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}

// What stands before the first byte that is not of a name; taken off `text`.
std::string_view take_name(std::string_view& text) {
  if (text.empty() || !begins_name(text.front())) return {};
  const auto end = std::find_if_not(text.begin(), text.end(), in_name);
  const auto name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(name.size());
  return name;
}

void skip_blank(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
}

bool take(std::string_view& text, char expected) {
  skip_blank(text);
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// A quoted value behind its first quote.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return value;
    if (c == '\\') {
      if (text.empty()) return std::nullopt;
      c = text.front() == 'n' ? '\n' : text.front();
      text.remove_prefix(1);
    }
    value += c;
  }
  return std::nullopt;
}

bool take_label(std::string_view& text, std::map<std::string, std::string>& labels) {
  skip_blank(text);
  const auto name = take_name(text);
  if (name.empty() || !take(text, '=') || !take(text, '"')) return false;
  auto value = take_quoted(text);
  return value && labels.emplace(name, *std::move(value)).second;
}

bool take_labels(std::string_view& text, std::map<std::string, std::string>& labels,
                 std::size_t most) {
  while (!take(text, '}')) {
    if (labels.size() >= most || !take_label(text, labels)) return false;
    const bool more = take(text, ',');
    skip_blank(text);
    if (!more && (text.empty() || text.front() != '}')) return false;
  }
  return true;
}

// A number as the format spells it: also NaN, +Inf and -Inf.
std::optional<double> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::quiet_NaN();
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::string_view take_word(std::string_view& text) {
  skip_blank(text);
  const auto word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  skip_blank(text);
  return word;
}

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

bool PrometheusPage::fail_with(Reason reason, std::string text) {
  failure_.push_back({reason, std::move(text)});
  return false;
}

bool PrometheusPage::feed(std::string_view bytes) {
  while (failure_.empty() && !bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > limits_.line)
      return fail_with(Reason::too_large, "a line of the page is over its limit");
    if (end == std::string_view::npos) {
      line_ += piece;
      return true;
    }
    bytes.remove_prefix(end + 1);
    if (line_.empty()) {
      take_line(without_return(piece));
      continue;
    }
    line_ += piece;
    take_line(without_return(line_));
    line_.clear();
  }
  return failure_.empty();
}

bool PrometheusPage::take_line(std::string_view line) {
  skip_blank(line);
  // A quoted name (UTF-8, from Prometheus 3 on) is none that can be wanted.
  if (line.empty() || line.front() == '#' || line.starts_with("{\"")) return true;
  const auto name = take_name(line);
  const bool separated =
      !line.empty() && (line.front() == '{' || line.front() == ' ' || line.front() == '\t');
  if (name.empty() || !separated)
    return fail_with(Reason::protocol, "a line of the page is no metric");
  return !wanted_(name) || keep(name, line);
}

bool PrometheusPage::keep(std::string_view name, std::string_view rest) {
  if (samples_.size() >= limits_.samples)
    return fail_with(Reason::too_large, "too many series of " + std::string(name));
  PrometheusSample sample{std::string(name), {}, 0};
  if (take(rest, '{') && !take_labels(rest, sample.labels, limits_.labels))
    return fail_with(Reason::protocol, "broken labels of " + sample.name);
  const auto value = number(take_word(rest));
  if (!value) return fail_with(Reason::protocol, "no value of " + sample.name);
  const auto timestamp = rest.starts_with('#') ? std::string_view("0") : take_word(rest);
  if (!timestamp.empty() && (!number(timestamp) || (!rest.empty() && rest.front() != '#')))
    return fail_with(Reason::protocol, "more than a value of " + sample.name);
  sample.value = *value;
  samples_.push_back(std::move(sample));
  return true;
}

Polled<std::vector<PrometheusSample>> PrometheusPage::finish() {
  if (failure_.empty() && !line_.empty()) take_line(without_return(line_));
  line_.clear();
  if (!failure_.empty()) return tl::unexpected(failure_.front());
  auto key = [](const PrometheusSample& sample) { return std::tie(sample.name, sample.labels); };
  auto sorted = samples_;
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto& one, const auto& other) { return key(one) < key(other); });
  const auto twice = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [&](const auto& one, const auto& other) { return key(one) == key(other); });
  if (twice != sorted.end())
    return tl::unexpected(Failure{Reason::protocol, twice->name + " comes twice"});
  return sorted;
}

}  // namespace mse
