// Required, bounded and unsupported settings.
#include "exporter/load_values.h"

#include "exporter/time_text.h"

namespace mse {

std::string required(Options& options, std::string_view key, std::string_view expected) {
  constexpr std::size_t kLongest = 256;
  auto text = options.text(key);
  const bool missing = options.shape(key) == Options::Shape::missing;
  const bool unusable = text && (text->empty() || text->size() > kLongest);
  if (missing || unusable)
    options.wrong(key, std::string(expected) + (unusable ? ", of 1 to 256 bytes" : ""));
  return unusable ? "" : text.value_or("");
}

Duration bounded(Options& options, std::string_view key, Duration least, Duration most,
                 Duration otherwise) {
  const auto length = options.duration(key);
  if (!length) return otherwise;
  if (least <= *length && *length <= most) return *length;
  options.wrong(key, "a duration from " + format_duration(least) + " to " + format_duration(most));
  return otherwise;
}

bool refuse_unsupported(Options& options, std::string_view key, std::string_view instead) {
  if (options.shape(key) == Options::Shape::missing) return false;
  options.wrong(
      key, std::string(instead) + "; `" + std::string(key) + "` is not supported by this version");
  return true;
}

}  // namespace mse
