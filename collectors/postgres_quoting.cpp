// Doubles the quotes inside.
#include "collectors/postgres_quoting.h"

namespace mse {
namespace {

std::string between(char quote, std::string_view text) {
  std::string out(1, quote);
  for (const char c : text) out += c == quote ? std::string(2, quote) : std::string(1, c);
  return out + quote;
}

}  // namespace

std::string identifier(std::string_view name) {
  return between('"', name);
}

std::string literal(std::string_view text) {
  return between('\'', text);
}

std::string dollar_quote(const std::string& body) {
  std::string tag = "$grants$";
  while (body.find(tag) != std::string::npos) tag.insert(tag.size() - 1, "_");
  return tag;
}

}  // namespace mse
