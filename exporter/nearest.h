// What someone probably meant: the nearest of the words that are right.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mse {

using Words = std::set<std::string, std::less<>>;

// The word with the fewest edits (insert, delete, replace, swap of neighbours) from `wrong`: at
// most a third of its length, at least one. Nothing when none is near or `wrong` is longer than 64
// bytes.
std::optional<std::string> nearest(std::string_view wrong, const Words& words);

// "did you mean `address`?", else "known are address, labels, name", else, without any words, "none
// is known".
std::string hint(std::string_view wrong, const Words& words);

}  // namespace mse
