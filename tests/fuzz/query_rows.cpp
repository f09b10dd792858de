// Replies to a user's query: the columns on the first line, a row a line, cells between tabs, \N a
// NULL; and the same bytes as the query itself.
#include "collectors/query.h"
#include "tests/fuzz/support/rows.h"
#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  const auto bytes = bytes_of(data, size);
  wrong_statement(bytes);
  const auto rows = rows_of(bytes);
  const auto measures = query_measures(rows);
  if (measures) must_hold(measures->reconciliations.size() <= 64, "the cap of kinds");
  const auto state = query_state(rows, "key");
  must_hold(state || !state.error().text.empty(), "a refusal says why");
  return 0;
}
