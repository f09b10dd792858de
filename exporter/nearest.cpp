// Edit distance over a handful of words.
#include "exporter/nearest.h"

#include <algorithm>
#include <vector>

namespace mse {
namespace {

constexpr std::size_t kLongest = 64;

// Optimal string alignment distance: row by row, with the two rows before at hand.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view wrong, const Words& words) {
  if (wrong.size() > kLongest) return std::nullopt;
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const auto& word : words) {
    if (word.size() > kLongest) continue;
    const auto edits = distance(wrong, word);
    if (edits < least) best = word;
    least = std::min(least, edits);
  }
  return best;
}

std::string hint(std::string_view wrong, const Words& words) {
  if (const auto best = nearest(wrong, words)) return "did you mean `" + *best + "`?";
  if (words.empty()) return "none is known";
  std::string list = words.size() == 1 ? "known is " : "known are ";
  const char* separator = "";
  for (const auto& word : words) {
    list += separator + word;
    separator = ", ";
  }
  return list;
}

}  // namespace mse
