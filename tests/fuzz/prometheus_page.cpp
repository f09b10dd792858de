// Feeds the parser of Prometheus pages any bytes, cut in two ways, which must read alike.
#include "collectors/prometheus_page.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

auto parse(std::string_view bytes, std::size_t cut) {
  mse::PrometheusPage page([](std::string_view name) { return name.size() % 2 == 1; });
  for (; !bytes.empty(); bytes.remove_prefix(std::min(cut, bytes.size())))
    if (!page.feed(bytes.substr(0, cut))) break;
  return page.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse(bytes, bytes.size() + 1);
  const auto cut = parse(bytes, 3);
  if (whole.has_value() != cut.has_value()) std::abort();
  if (whole && whole->size() != cut->size()) std::abort();
  return 0;
}
