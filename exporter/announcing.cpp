// Who may announce, what is logged of it, and the JSON of answers.
#include "exporter/announcing.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "exporter/change_json.h"
#include "exporter/flagger_event.h"
#include "exporter/log.h"
#include "exporter/request_head.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::string_view kJsonType = "application/json; charset=utf-8";

Wall wall_now() {
  return std::chrono::system_clock::now();
}

void put(json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}
template <typename List>
void put_list(json& out, const char* key, const List& list) {
  if (!list.empty()) out[key] = list;
}

void put_what(json& out, const AnnouncedChange& change) {
  const auto& [state, from, deploy_id, started, deadline, nodes, dimensions] = change.declaration;
  out["dimension"] = change.dimension;
  out["deploy_id"] = deploy_id;
  out["state"] = state;
  put(out, "from", from);
  out["started"] = format_timestamp(started);
  out["deadline"] = format_timestamp(deadline);
  put_list(out, "nodes", nodes);
  put_list(out, "dimensions", dimensions);
  put(out, "link", change.link);
}

void put_what(json& out, const Acknowledgement& allowed) {
  out["dimension"] = allowed.dimension;
  out["owner"] = allowed.who;
  out["reason"] = allowed.why;
  out["until"] = format_timestamp(allowed.until);
  put_list(out, "nodes", allowed.nodes);
  put_list(out, "keys", allowed.keys);
  put_list(out, "states", allowed.states);
}

void put_what(json& out, const ManualHold& hold) {
  out["owner"] = hold.owner;
  out["reason"] = hold.reason;
  out["until"] = format_timestamp(hold.until);
}

json json_of(const Announced& entry) {
  json out{{"id", entry.said.id},
           {"by", entry.by},
           {"at", format_timestamp(entry.at)},
           {"services", json::array()}};
  for (const auto& [service, standing] : entry.services) out["services"].push_back(service);
  std::visit([&out](const auto& what) { put_what(out, what); }, entry.said.what);
  if (entry.closed) out["closed"] = format_timestamp(*entry.closed);
  return out;
}

Answer json_answer(const json& body, const Request& request) {
  return document(kJsonType, json_text(body), request);
}

// What the changes API knows of a change, beside what the rules do.
void put_announced(json& out, const Announced& entry) {
  out["id"] = entry.said.id;
  out["by"] = entry.by;
  put(out, "link", std::get<AnnouncedChange>(entry.said.what).link);
}

// One that the rules have not looked at yet, or remember no more.
json json_of(const std::string& service, const Announced& entry, const Standing& standing) {
  const auto& [dimension, told, link] = std::get<AnnouncedChange>(entry.said.what);
  json out{{"service", service},
           {"dimension", dimension},
           {"declared", true},
           {"deploy_id", told.deploy_id},
           {"from", told.from},
           {"to", told.state},
           {"started", format_timestamp(told.started)},
           {"deadline", format_timestamp(told.deadline)},
           {"open", !standing.ended.has_value()},
           {"outcome", standing.outcome ? json(std::string(name(*standing.outcome))) : json()}};
  put_announced(out, entry);
  return out;
}

// The changes of the snapshot, each with what was announced of it, and what was only announced.
class ChangeList {
 public:
  explicit ChangeList(const Page& page) {
    if (page.announced) announced_ = *page.announced;
    for (const auto& service : page.snapshot->services) see(service);
    for (const auto& entry : announced_)
      if (entry.said.kind() == AnnouncementKind::change) add(entry);
  }

  // Open ones first, then the newest.
  json sorted() {
    std::stable_sort(list_.begin(), list_.end(), [](const json& one, const json& other) {
      if (one["open"] != other["open"]) return one["open"].get<bool>();
      return one["started"] > other["started"];
    });
    return list_;
  }

 private:
  void see(const ServiceView& service) {
    for (const auto& [name, dimension] : service.dimensions) {
      if (dimension.open_change) seen(service.name, name, *dimension.open_change);
      if (dimension.last_change) seen(service.name, name, *dimension.last_change);
    }
  }

  void add(const Announced& entry) {
    for (const auto& [service, standing] : entry.services)
      list_.push_back(json_of(service, entry, standing));
  }

  void seen(const std::string& service, const std::string& dimension, const ChangeView& change) {
    json out = change_json(service, dimension, change);
    for (auto& entry : announced_) {
      const auto* what = std::get_if<AnnouncedChange>(&entry.said.what);
      const bool is = what != nullptr && change.declared && what->dimension == dimension &&
                      what->declaration.deploy_id == change.deploy_id &&
                      entry.services.contains(service);
      if (!is) continue;
      put_announced(out, entry);
      entry.services.erase(service);
    }
    list_.push_back(std::move(out));
  }

  std::vector<Announced> announced_;
  std::vector<json> list_;
};

bool in_force(const Announced& entry, Wall now) {
  if (entry.closed) return false;
  if (const auto* hold = std::get_if<ManualHold>(&entry.said.what)) return hold->until > now;
  const auto* allowed = std::get_if<Acknowledgement>(&entry.said.what);
  return allowed != nullptr && allowed->until > now;
}

Answer listed(AnnouncementKind kind, const Request& request,
              const std::shared_ptr<const Page>& page) {
  if (!page) return refusal(503, "Nothing has been evaluated yet.");
  if (kind == AnnouncementKind::change)
    return json_answer({{"changes", ChangeList(*page).sorted()}}, request);
  json list = json::array();
  static const std::vector<Announced> none;
  for (const auto& entry : page->announced ? *page->announced : none)
    if (entry.said.kind() == kind && in_force(entry, wall_now())) list.push_back(json_of(entry));
  return json_answer({{std::string(name(kind)) + "s", std::move(list)}}, request);
}

bool is_json(std::string_view content_type) {
  const auto type = content_type.substr(0, content_type.find(';'));
  const auto end = type.find_last_not_of(" \t");
  return same_name(type.substr(0, end + 1), "application/json");
}

std::optional<Refused> refused(const Request& request, const ServerSettings& settings) {
  if (!settings.announce)
    return Refused{403, "The changes API is off; start with --web.enable-changes."};
  if (request.identity.empty())
    return Refused{403, "The changes API needs a user or client certificate of --web.config.file."};
  if (request.method == "POST" && !is_json(request.content_type))
    return Refused{415, "Expected JSON, with Content-Type: application/json."};
  return std::nullopt;
}

// One line each; of strangers, who may be many, one a minute.
void audit(AnnouncementKind kind, const Request& request, int status, std::string_view id,
           std::string_view outcome) {
  const auto code = std::to_string(status);
  const auto line = [&](const auto& write) {
    write(status == 200 ? LogLevel::info : LogLevel::warn, "announcement",
          {{"kind", name(kind)},
           {"method", request.method},
           {"identity", request.identity},
           {"address", request.address},
           {"status", code},
           {"id", id},
           {"outcome", outcome}});
  };
  using Fields = std::initializer_list<LogField>;
  if (!request.identity.empty())
    return line(
        [](LogLevel level, std::string_view event, Fields fields) { log(level, event, fields); });
  const auto key = "announcement/" + std::string(request.address);
  line([&key](LogLevel level, std::string_view event, Fields fields) {
    log_limited(key, std::chrono::steady_clock::now(), level, event, fields);
  });
}

Answer told(AnnouncementKind kind, const Request& request, const ServerSettings& settings,
            const Result<Word>& word) {
  if (!word) {
    audit(kind, request, 400, "", word.error().message);
    return refusal(400, word.error().message);
  }
  const auto accepted = settings.announce(*word, std::string(request.identity));
  if (!accepted) {
    const auto& [status, sentence] = accepted.error();
    audit(kind, request, status, "", sentence);
    return refusal(status, sentence);
  }
  json body = json_of(accepted->announced);
  body["durable"] = accepted->durable;
  audit(kind, request, 200, accepted->announced.said.id, body.dump());
  return json_answer(body, request);
}

// The answer to who may not announce, or not so.
std::optional<Answer> turned_away(AnnouncementKind kind, std::string_view id,
                                  const Request& request, const ServerSettings& settings) {
  const auto why = refused(request, settings);
  if (!why) return std::nullopt;
  audit(kind, request, why->status, id, why->sentence);
  return refusal(why->status, why->sentence);
}

}  // namespace

Answer announcements(AnnouncementKind kind, const Request& request,
                     const std::shared_ptr<const Page>& page, const ServerSettings& settings) {
  if (request.method != "POST") return listed(kind, request, page);
  if (auto away = turned_away(kind, "", request, settings)) return *away;
  return told(kind, request, settings, parse_word(kind, request.body, wall_now()));
}

Answer flagger_event(const Request& request, const std::shared_ptr<const Page>& page,
                     const ServerSettings& settings) {
  constexpr auto kKind = AnnouncementKind::change;
  if (auto away = turned_away(kKind, "", request, settings)) return *away;
  const Wall now = wall_now();
  auto word = parse_flagger_event(request.body, now);
  const auto* said = word && *word ? std::get_if<Announcement>(&**word) : nullptr;
  const bool echo =
      said != nullptr && page && page->announced && is_echo(*said, *page->announced, now);
  if (echo || (word && !*word))
    return document("text/plain; charset=utf-8", "Nothing to declare.\n", request);
  return told(kKind, request, settings,
              word ? Result<Word>(std::move(**word)) : tl::unexpected(word.error()));
}

Answer announcement(AnnouncementKind kind, std::string_view id, const Request& request,
                    const ServerSettings& settings) {
  if (auto away = turned_away(kind, id, request, settings)) return *away;
  return told(kind, request, settings, Word(Release{kind, std::string(id)}));
}

}  // namespace mse
