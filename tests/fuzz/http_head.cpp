// Any bytes as the head of a request: what is let in is one request, and bounded.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporter/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = mse::parse_request_head(bytes);
  const auto* head = std::get_if<mse::RequestHead>(&parsed);
  if (head == nullptr) return 0;
  const bool bounded = head->size <= mse::kHeadBytes && head->size <= size &&
                       head->body <= mse::kBodyBytes && head->fields.size() <= mse::kHeadFields;
  const bool framed = !head->has("Transfer-Encoding") && head->target.starts_with('/');
  const bool ended = bytes.substr(0, head->size).ends_with("\r\n\r\n") &&
                     bytes.substr(0, head->size).find('\0') == std::string_view::npos;
  if (!bounded || !framed || !ended) std::abort();
  return 0;
}
