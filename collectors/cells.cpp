// Checked access to the rows of a reply.
#include "collectors/cells.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mse {
namespace {

std::optional<std::size_t> index_of(const Rows& rows, std::string_view column) {
  const auto found = std::find(rows.columns.begin(), rows.columns.end(), column);
  if (found == rows.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rows.columns.begin());
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

tl::unexpected<Failure> protocol(std::string text) {
  return tl::unexpected(Failure{Reason::protocol, std::move(text)});
}

Polled<std::vector<std::vector<Cell>>> cells_of(Rows rows,
                                                const std::vector<std::string_view>& columns,
                                                std::size_t required) {
  std::vector<std::size_t> places;
  for (const auto column : columns) {
    const auto place = index_of(rows, column);
    if (!place) return protocol("the reply lacks the column " + std::string(column));
    places.push_back(*place);
  }
  std::vector<std::vector<Cell>> out;
  out.reserve(rows.rows.size());
  for (auto& row : rows.rows) {
    if (row.size() != rows.columns.size()) return protocol("a row of the reply is not whole");
    auto& cells = out.emplace_back();
    for (const auto place : places) cells.push_back(std::move(row[place]));
    for (std::size_t i = 0; i < required; ++i) {
      if (!cells[i]) return protocol("the column " + std::string(columns[i]) + " holds NULL");
    }
  }
  return out;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  return number_in<std::uint64_t>(text);
}

std::optional<double> real_number(std::string_view text) {
  const auto out = number_in<double>(text);
  return out && std::isfinite(*out) ? out : std::nullopt;
}

bool is_true(const Cell& cell) {
  return cell == "t";
}

}  // namespace mse
