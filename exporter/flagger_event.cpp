// Phases of a canary, and the declaration that each stands for.
#include "exporter/flagger_event.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/json_fields.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kUnderWay{"Waiting", "Progressing", "WaitingPromotion",
                                                    "Promoting", "Finalising"};
constexpr std::array<std::string_view, 5> kNothing{"Initializing", "Initialized", "Terminating",
                                                   "Terminated", ""};

template <typename List>
bool is_among(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What the phase declares, but for whose it is; null when that is nothing.
json of_phase(const std::string& phase, JsonFields& event, JsonFields& metadata) {
  if (phase == "Succeeded") return {{"closed", "finished"}};
  if (phase == "Failed") return {{"closed", "abandoned"}};
  if (is_among(kUnderWay, phase))
    return {{"state", metadata.text("target")},
            {"deadline", metadata.has("deadline") ? metadata.text("deadline") : "1h"}};
  if (!is_among(kNothing, phase)) event.wrong("phase", "expected a phase of Flagger's");
  return nullptr;
}

}  // namespace

Result<std::optional<Word>> parse_flagger_event(std::string_view text, Wall now) {
  const auto document = parse_json_object(text);
  if (!document) return fail(document.error().message);
  JsonFields event(*document);
  const auto name = event.text("name");
  const auto checksum = event.text("checksum");
  const auto phase = event.text("phase");
  static const json none = json::object();
  const json* given = event.object("metadata");
  JsonFields metadata(given == nullptr ? none : *given);
  json word = of_phase(phase, event, metadata);
  if (!word.is_null()) {
    word["service"] = metadata.has("service") ? metadata.text("service") : name;
    word["dimension"] = metadata.text("dimension");
    word["deploy_id"] = metadata.has("deploy_id") ? metadata.text("deploy_id") : checksum;
  }
  if (!event.error().empty()) return fail(event.error());
  if (!metadata.error().empty()) return fail("metadata: " + metadata.error());
  if (word.is_null()) return std::optional<Word>();
  auto said = parse_change(word.dump(), now);
  if (!said) return tl::unexpected(said.error());
  return std::optional<Word>(std::move(*said));
}

}  // namespace mse
