// A state made of named parts, from rows that come in any order.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/cells.h"
#include "exporter/model.h"
#include "exporter/report.h"

namespace mse {

// Collects what is said of each part, in any order, and digests it. Every field is framed, and NULL
// differs from the empty text, so that no two lists of fields read alike.
class Parts {
 public:
  // `part` is repaired and capped; `fields` are hashed as they are, invalid UTF-8 and all.
  void add(std::string_view part, const std::vector<Cell>& fields);

  // Part → 32 hex digits of SHA-256 over its sorted rows.
  std::map<std::string, std::string> digests() const;

  std::size_t size() const { return rows_.size(); }

 private:
  std::map<std::string, std::vector<std::string>> rows_;
};

// `fields`, each with its length in front.
std::string framed(const std::vector<Cell>& fields);

// The state whose parts are `digests`; its text is the first 8 hex digits of the fingerprint.
// `algorithm` names what is compared and its version: states of two algorithms are never equal.
State state_of(std::string_view algorithm, std::map<std::string, std::string> digests);

// The state of rows (part, further columns…), whatever those are. Failure protocol: no column
// `part`, or it is NULL in a row.
Polled<State> state_of_rows(std::string_view algorithm, Rows rows);

// A report of one dimension, or what it cost to read it.
Polled<Report> report_of(const std::string& dimension, Polled<State> state);

}  // namespace mse
