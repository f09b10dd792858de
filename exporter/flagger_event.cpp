// Phases of a canary, and the declaration that each stands for.
#include "exporter/flagger_event.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/json_fields.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kUnderWay{"Progressing", "WaitingPromotion", "Promoting",
                                                    "Finalising"};
constexpr std::array<std::string_view, 6> kNothing{"Initializing", "Initialized", "Waiting",
                                                   "Terminating",  "Terminated",  ""};

template <typename List>
bool is_among(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What tells of these has the phase of before them: of a canary that is over, or was not begun.
bool is_beside(const json& metadata) {
  const auto found = metadata.find("eventMessage");
  if (found == metadata.end() || !found->is_string()) return false;
  const std::string_view message = found->get_ref<const std::string&>();
  return message.starts_with("Post-rollout ") ||
         (message.starts_with("Halt ") &&
          message.find(" waiting for approval") != std::string_view::npos);
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
  const auto phase = event.text("phase");
  static const json none = json::object();
  const auto found = document->find("metadata");
  const bool absent = found == document->end() || found->is_null();
  const json* given = absent ? &none : event.object("metadata");
  JsonFields metadata(given == nullptr ? none : *given);
  if (given != nullptr && event.error().empty() && is_beside(*given)) return std::optional<Word>();
  json word = of_phase(phase, event, metadata);
  if (!word.is_null()) {
    word["service"] = metadata.has("service") ? metadata.text("service") : name;
    word["dimension"] = metadata.text("dimension");
    word["deploy_id"] =
        metadata.has("deploy_id") ? metadata.text("deploy_id") : event.text("checksum");
  }
  if (!event.error().empty()) return fail(event.error());
  if (!metadata.error().empty()) return fail("metadata: " + metadata.error());
  if (word.is_null()) return std::optional<Word>();
  auto said = parse_change(word.dump(), now);
  if (!said) return tl::unexpected(said.error());
  return std::optional<Word>(std::move(*said));
}

}  // namespace mse
