// Bytes as a reply of rows.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/client/postgres.h"

namespace mse {

inline std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find(by, from), text.size());
    parts.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

// Cells between tabs, a row a line; \N is NULL.
inline std::vector<std::vector<std::optional<std::string>>> cells_in(std::string_view text) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& line : split(text, '\n')) {
    auto& row = rows.emplace_back();
    for (auto& cell : split(line, '\t'))
      row.push_back(cell == "\\N" ? std::nullopt : std::optional(std::move(cell)));
  }
  return rows;
}

// The columns are the first line.
inline Rows rows_of(std::string_view text) {
  const auto end = std::min(text.find('\n'), text.size());
  Rows rows{split(text.substr(0, end), '\t'), {}};
  if (end < text.size()) rows.rows = cells_in(text.substr(end + 1));
  return rows;
}

}  // namespace mse
