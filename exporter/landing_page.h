// The page at /: what this is, and where to look.
#pragma once

#include <string>
#include <string_view>

namespace mse {

// HTML without scripts and styles.
std::string landing_page(std::string_view telemetry_path);

// `text` as the content of an element or a quoted attribute.
std::string escaped_html(std::string_view text);

}  // namespace mse
