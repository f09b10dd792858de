// Names and texts inside SQL that we compose.
#pragma once

#include <string>
#include <string_view>

namespace mse {

std::string identifier(std::string_view name);      // "name"
std::string literal(std::string_view text);         // 'text', for standard_conforming_strings
std::string dollar_quote(const std::string& body);  // a $grants$ that `body` cannot end

}  // namespace mse
