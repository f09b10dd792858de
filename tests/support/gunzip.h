// Decompression, for looking into what was compressed.
#pragma once

#include <string>

namespace mse {

// The content of one gzip member and nothing after it; throws when it is anything else.
std::string gunzip(const std::string& bytes);

}  // namespace mse
