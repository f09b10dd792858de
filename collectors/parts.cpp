// Digests of a state's parts and the state they make.
#include "collectors/parts.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "exporter/fingerprint.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kPartName = 200;
constexpr std::size_t kDigest = 32;

std::string short_text(std::uint64_t fingerprint) {
  std::ostringstream out;
  out << std::hex << std::setfill('0') << std::setw(12) << fingerprint;
  return out.str().substr(0, 8);
}

}  // namespace

std::string framed(const std::vector<Cell>& fields) {
  std::string out;
  for (const auto& field : fields) {
    out += field ? std::to_string(field->size()) + ":" + *field : "-";
    out += ';';
  }
  return out;
}

void Parts::add(std::string_view part, const std::vector<Cell>& fields) {
  rows_[repaired(part, kPartName)].push_back(framed(fields));
}

std::map<std::string, std::string> Parts::digests() const {
  std::map<std::string, std::string> out;
  for (auto [part, rows] : rows_) {
    std::sort(rows.begin(), rows.end());
    std::string all;
    for (const auto& row : rows) all += std::to_string(row.size()) + ":" + row;
    out[part] = sha256_hex(all).substr(0, kDigest);
  }
  return out;
}

State state_of(std::string_view algorithm, std::map<std::string, std::string> digests) {
  State state;
  state.key.fingerprint = fingerprint(algorithm, digests);
  state.text = short_text(state.key.fingerprint);
  state.parts = std::move(digests);
  return state;
}

Polled<State> state_of_rows(std::string_view algorithm, Rows rows) {
  std::vector<std::string> names{"part"};
  for (const auto& column : rows.columns) {
    if (column != "part") names.push_back(column);
  }
  const std::vector<std::string_view> columns(names.begin(), names.end());
  const auto cells = cells_of(std::move(rows), columns, 1);
  if (!cells) return tl::unexpected(cells.error());
  Parts parts;
  for (const auto& row : *cells) parts.add(*row[0], {row.begin() + 1, row.end()});
  return state_of(algorithm, parts.digests());
}

Polled<Report> report_of(const std::string& dimension, Polled<State> state) {
  if (!state) return tl::unexpected(state.error());
  Report report;
  report.dimensions[dimension].outcome = std::move(*state);
  return report;
}

}  // namespace mse
