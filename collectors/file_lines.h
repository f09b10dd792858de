// The formats that are made of lines: ini, Java properties, environment files, plain text.
#pragma once

#include <string>
#include <string_view>

#include "collectors/file_keys.h"

namespace mse {

// The contracts are those of parse_file.
Result<FileValues> parse_ini(std::string_view bytes, const std::string& name);
Result<FileValues> parse_properties(std::string_view bytes, const std::string& name);
Result<FileValues> parse_env(std::string_view bytes, const std::string& name);
std::string trimmed_lines(std::string_view bytes);

}  // namespace mse
