// What may be written as a node's address, name and labels, in the configuration and in what is
// discovered.
#pragma once

#include <string_view>

namespace mse {

// A host, host:port, [v6], [v6]:port, a bare v6 address or an absolute path (the directory of a
// unix socket); no URL, no user.
bool is_address(std::string_view text);

// Letters, digits and _, not beginning with a digit.
bool is_label_name(std::string_view text);

// 1 to 256 bytes of UTF-8 without control characters: what reaches labels of metrics unchanged, so
// that two names that differ stay different there.
bool is_name(std::string_view text);

}  // namespace mse
