// The cells of a reply, read with distrust.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/client/postgres.h"

namespace mse {

using Cell = std::optional<std::string>;  // nothing where NULL

// A reply that is not what was asked for.
tl::unexpected<Failure> protocol(std::string text);

// The cells of the named columns in that order, row by row; other columns are dropped. Failure
// protocol: one of the columns is missing, a row has not as many cells as there are columns, or one
// of the first `required` cells is NULL.
Polled<std::vector<std::vector<Cell>>> cells_of(Rows rows,
                                                const std::vector<std::string_view>& columns,
                                                std::size_t required);

// Decimal digits only; nothing when `text` is anything else or above 2^64 − 1.
std::optional<std::uint64_t> whole_number(std::string_view text);

// A finite decimal number; nothing when `text` is anything else.
std::optional<double> real_number(std::string_view text);

// Whether PostgreSQL's text of a boolean is true.
bool is_true(const Cell& cell);

}  // namespace mse
