// Reads a page of ours as strictly as no browser does: every element ends, nothing runs.
#pragma once

#include <string>
#include <string_view>

namespace mse {

// What is wrong with `html`: an element that does not end where it should, an attribute without
// quotes, a script, a style or handler in an attribute, an address that is not on this server.
// Empty when nothing is.
std::string html_fault(std::string_view html);

// Its text, without tags and style, white space folded, entities resolved.
std::string html_text(std::string_view html);

}  // namespace mse
