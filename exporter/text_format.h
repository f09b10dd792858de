// Writes the Prometheus text format 0.0.4 in bytes that its parser always accepts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "exporter/histogram.h"

namespace mse {

enum class MetricType { gauge, counter, histogram };

// `name` is ours, a literal; `value` may be any bytes.
struct Label {
  std::string_view name, value;
};

// Appends the shortest text that reads back as exactly `value`; whole numbers below 2^53 without
// exponent.
void append_number(std::string& out, double value);

// Appends `labels` to the inside of a {}, each value repaired to UTF-8, capped and escaped, also
// when that was done at a collector's border before: one bad byte would cost the whole scrape.
void append_labels(std::string& out, std::initializer_list<Label> labels);

// One page, family by family. Names and help are ours: literals without backslash or newline. All
// samples of a family are written before the next family() begins. One thread.
class TextFormat {
 public:
  // What follows are samples of `name`. A family that gets none leaves no trace.
  void family(std::string_view name, MetricType type, std::string_view help);

  // `base` is the inside of a {} made by append_labels, or empty.
  void sample(std::string_view base, std::initializer_list<Label> more, double value);

  // The same with both parts made by append_labels; neither is empty.
  void sample_joined(std::string_view base, std::string_view more, double value);

  // The family's buckets, sum and count.
  void histogram(std::string_view base, const Histogram& value);

  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  std::string take() { return std::move(out_); }

 private:
  void header();
  void line(std::string_view suffix, std::string_view base, std::initializer_list<Label> more,
            double value);

  std::string out_;
  std::string_view name_, help_;
  MetricType type_ = MetricType::gauge;
  bool header_written_ = false;
};

}  // namespace mse
