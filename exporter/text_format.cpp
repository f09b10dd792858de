// The text format: headers, labels, numbers.
#include "exporter/text_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "exporter/text.h"

namespace mse {
namespace {

// What text repaired at a collector's border may measure: repairing it again must not cut it again.
constexpr std::size_t kLabelBytes = 256 + 12;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

void append_value(std::string& out, std::string_view value) {
  if (value.size() <= kLabelBytes && std::all_of(value.begin(), value.end(), is_plain)) {
    out += value;
  } else {
    out += escaped_label(repaired(value, kLabelBytes));
  }
}

template <typename Number>
void append_chars(std::string& out, Number value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

std::string_view spelling(MetricType type) {
  if (type == MetricType::counter) return "counter";
  return type == MetricType::gauge ? "gauge" : "histogram";
}

}  // namespace

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kExactIntegers && value == std::trunc(value)) {
    append_chars(out, static_cast<std::int64_t>(value));
  } else {
    append_chars(out, value);
  }
}

void append_labels(std::string& out, std::initializer_list<Label> labels) {
  for (const auto& [name, value] : labels) {
    if (!out.empty() && out.back() == '"') out += ',';
    out += name;
    out += "=\"";
    append_value(out, value);
    out += '"';
  }
}

void TextFormat::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  help_ = help;
  type_ = type;
  header_written_ = false;
}

void TextFormat::sample(std::string_view base, std::initializer_list<Label> more, double value) {
  header();
  line("", base, more, value);
}

void TextFormat::sample_joined(std::string_view base, std::string_view more, double value) {
  header();
  out_.append(name_).append("{").append(base).append(",").append(more).append("} ");
  append_number(out_, value);
  out_ += '\n';
}

void TextFormat::histogram(std::string_view base, const Histogram& value) {
  header();
  std::string bound;
  for (std::size_t i = 0; i < value.bounds().size(); ++i) {
    bound.clear();
    append_number(bound, value.bounds()[i]);
    line("_bucket", base, {{"le", bound}}, static_cast<double>(value.up_to()[i]));
  }
  line("_bucket", base, {{"le", "+Inf"}}, static_cast<double>(value.count()));
  line("_sum", base, {}, value.sum());
  line("_count", base, {}, static_cast<double>(value.count()));
}

void TextFormat::header() {
  if (header_written_) return;
  header_written_ = true;
  out_.append("# HELP ").append(name_).append(" ").append(help_).append("\n");
  out_.append("# TYPE ").append(name_).append(" ").append(spelling(type_)).append("\n");
}

void TextFormat::line(std::string_view suffix, std::string_view base,
                      std::initializer_list<Label> more, double value) {
  out_.append(name_).append(suffix);
  if (!base.empty() || more.size() != 0) {
    out_.append("{").append(base);
    append_labels(out_, more);
    out_ += '}';
  }
  out_ += ' ';
  append_number(out_, value);
  out_ += '\n';
}

}  // namespace mse
