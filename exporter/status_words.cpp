// Words, glyphs and small pieces that every section of the status page uses.
#include <array>
#include <cstdio>

#include "exporter/status_parts.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::size_t kCellBytes = 48;
constexpr std::size_t kNames = 8;

}  // namespace

Sign sign_of(Status status) {
  constexpr std::array<Sign, 4> kSigns{{{"✓", "canonical", "good"},
                                        {"→", "transition", "moving"},
                                        {"?", "unknown", "blind"},
                                        {"≠", "divergent", "bad"}}};
  return kSigns.at(static_cast<std::size_t>(status));
}

Sign sign_of(Verdict verdict) {
  constexpr std::array<Sign, 4> kSigns{{{"✓", "GO", "good"},
                                        {"?", "UNKNOWN", "blind"},
                                        {"≠", "HOLD", "bad"},
                                        {"←", "ROLLBACK", "bad"}}};
  return kSigns.at(static_cast<std::size_t>(verdict));
}

void write_sign(Html& html, const Sign& sign) {
  html.element("span", sign.glyph, {{"class", "glyph"}, {"aria-hidden", "true"}});
  html.element("strong", sign.word);
}

std::string percent(double ratio) {
  const double value = ratio * 100;
  if (value > 0 && value < 0.1) return "under 0.1 %";
  if (value > 99.9 && value < 100) return "over 99.9 %";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 10 && value > 0 ? "%.1f %%" : "%.0f %%", value);
  return text.data();
}

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

std::string age(Wall since, Wall now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - since);
  return format_duration(std::max(seconds, std::chrono::seconds(0)));
}

std::string shortened(std::string_view text) {
  return repaired(text, kCellBytes);
}

std::string state_name(const StateKey& key, const std::string& text) {
  if (!text.empty()) return shortened(text);
  return key.fingerprint == 0 ? "absent" : "state " + std::to_string(key.fingerprint);
}

void write_time(Html& html, Wall at, Wall now) {
  const std::string stamp = format_timestamp(at);
  std::string text = stamp;
  text[text.find('T')] = ' ';
  text.replace(text.size() - 1, 1, " UTC");
  html.element("time", text, {{"datetime", stamp}});
  html.text(at <= now ? ", " + age(at, now) + " ago" : ", in " + age(now, at));
}

void write_fact(Html& html, std::string_view name, std::string_view value) {
  const auto pair = html.in("div");
  html.element("dt", name);
  html.element("dd", value);
}

Html::Open scrolling(Html& html, std::string_view label) {
  return html.in(
      "div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", label}});
}

void write_head(Html& html, std::initializer_list<std::string_view> columns) {
  const auto head = html.in("thead");
  const auto row = html.in("tr");
  for (const auto column : columns) html.element("th", column, {{"scope", "col"}});
}

void write_pages(Html& html, const StatusQuestion& question, const Window& shown,
                 std::size_t a_page) {
  if (shown.first == 0 && shown.end == shown.all) return;
  const auto line = html.in("p");
  html.text(shown.first == shown.end
                ? "No rows here."
                : "Rows " + std::to_string(shown.first + 1) + " to " + std::to_string(shown.end) +
                      " of " + std::to_string(shown.all) + ".");
  StatusQuestion there = question;
  const auto offer = [&](std::size_t from, std::string_view text) {
    there.from = from;
    html.text(" ");
    html.link(status_address(there), text);
  };
  if (shown.first > 0) offer(shown.first - std::min(shown.first, a_page), "Rows before");
  if (shown.end < shown.all) offer(shown.end, "Rows after");
}

void write_names(Html& html, const StatusQuestion& question,
                 const std::vector<const NodeView*>& nodes) {
  for (std::size_t i = 0; i < std::min(nodes.size(), kNames); ++i) {
    if (i > 0) html.text(", ");
    StatusQuestion one{question.service, question.dimension, nodes[i]->name, 0, question.refresh};
    html.link(status_address(one), nodes[i]->name);
  }
  if (nodes.size() > kNames) html.text(" and " + std::to_string(nodes.size() - kNames) + " more");
}

}  // namespace mse
