// A page with arbitrary names in it is one that Prometheus reads.
#include "exporter/exposition.h"

#include "tests/fuzz/support/target.h"
#include "tests/support/exposition_reader.h"
#include "tests/support/rich_snapshot.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  const std::string text(bytes_of(data, size));
  auto snapshot = rich_snapshot();
  auto& service = snapshot.services.front();
  service.owner = service.tier = text;
  if (!service.nodes.empty()) service.nodes.front().region = text;
  for (auto& [name, dimension] : service.dimensions)
    if (!dimension.states.empty()) dimension.states.front().text = text;
  service.online_changes = {{text, 1}};
  const auto page = read_exposition(render_services(snapshot, {}).text);
  must_hold(page.error.empty(), page.error.c_str());
  return 0;
}
