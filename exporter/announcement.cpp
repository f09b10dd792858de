// The words of the changes API, read strictly.
#include "exporter/announcement.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/declarations.h"
#include "exporter/fingerprint.h"
#include "exporter/json_fields.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kLinkBytes = 256;
constexpr auto kFarthest = std::chrono::hours(24 * 366);
// Clocks of pipelines are not ours.
constexpr auto kAhead = std::chrono::minutes(5);

std::string id_of(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const auto& part : parts) all.append(std::to_string(part.size())).append(":").append(part);
  return sha256_hex(all).substr(0, kIdDigits);
}

Scope read_scope(JsonFields& fields) {
  Scope scope;
  if (fields.has("service") == fields.has("selector"))
    fields.wrong("service", "expected either service or selector");
  scope.service = fields.text("service", false);
  const json* selector = fields.object("selector");
  if (selector == nullptr) return scope;
  JsonFields inner(*selector);
  scope.owner = inner.text("owner", false);
  scope.tier = inner.text("tier", false);
  if (scope.owner.empty() && scope.tier.empty()) inner.wrong("owner", "expected owner or tier");
  inner.only({"owner", "tier"});
  if (!inner.error().empty()) fields.wrong("selector", inner.error());
  return scope;
}

bool is_link(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c <= ' ' || c == '"' || c == '<' || c == '>'; });
}

std::string read_link(JsonFields& fields) {
  const std::string link = fields.text("link", false);
  if (!link.empty() && (!is_link(link) || link.size() > kLinkBytes))
    fields.wrong("link", "expected http:// or https:// and at most 256 bytes");
  return link;
}

void check_times(JsonFields& fields, Declaration& declaration, Wall now) {
  if (declaration.started > now + kAhead)
    fields.wrong("started", "expected a time that is not ahead");
  if (declaration.started < now - kFarthest)
    fields.wrong("started", "expected a time within the last year");
  declaration.started = std::min(declaration.started, now);
  if (declaration.deadline > now + kFarthest)
    fields.wrong("deadline", "expected a time within a year");
}

Wall read_until(JsonFields& fields, Wall now) {
  const auto until = end_after(fields.text("until"), now);
  if (!until)
    fields.wrong("until", "expected a time such as 2026-03-01T12:00:00Z or a duration such as 2h");
  if (until && (*until <= now || *until > now + kFarthest))
    fields.wrong("until", "expected a time ahead, within a year");
  return until.value_or(now);
}

std::set<std::string> read_set(JsonFields& fields, const char* key) {
  const auto list = fields.list(key);
  if (list.empty() && fields.has(key)) fields.wrong(key, "expected a list that is not empty");
  return {list.begin(), list.end()};
}

Result<Word> finished(const JsonFields& fields, Word word) {
  if (!fields.error().empty()) return fail(fields.error());
  return word;
}

std::string change_id(const Scope& scope, const std::string& dimension,
                      const std::string& deploy_id) {
  return id_of({"change", scope.text(), dimension, deploy_id});
}

Result<Word> read_ending(JsonFields& fields) {
  const Scope scope = read_scope(fields);
  const auto dimension = fields.text("dimension");
  const auto deploy_id = fields.text("deploy_id");
  const auto how = fields.text("closed");
  if (how != "finished" && how != "abandoned")
    fields.wrong("closed", "expected finished or abandoned");
  fields.only({"service", "selector", "dimension", "deploy_id", "closed"});
  return finished(fields, Ending{change_id(scope, dimension, deploy_id), how == "abandoned"});
}

Announcement announcement(const json& document, Wall now) {
  Announcement out;
  out.said_at = now;
  out.content = document.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

}  // namespace

std::string_view name(AnnouncementKind kind) {
  constexpr std::array<std::string_view, 3> kNames{"change", "acknowledgement", "hold"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string Scope::text() const {
  if (!service.empty()) return service;
  std::string out = owner.empty() ? "" : "owner=" + owner;
  if (!tier.empty()) out.append(out.empty() ? "" : ",").append("tier=").append(tier);
  return out;
}

Result<Word> parse_change(std::string_view text, Wall now) {
  const auto document = parse_json_object(text);
  if (!document) return fail(document.error().message);
  JsonFields fields(*document);
  if (fields.has("closed")) return read_ending(fields);
  Announcement out = announcement(*document, now);
  out.scope = read_scope(fields);
  AnnouncedChange change;
  change.dimension = fields.text("dimension");
  change.declaration.started = now;
  read_declaration(fields, change.declaration);
  check_times(fields, change.declaration, now);
  change.link = read_link(fields);
  fields.only({"service", "selector", "dimension", "deploy_id", "state", "deadline", "from",
               "started", "nodes", "dimensions", "link", "closed"});
  out.id = change_id(out.scope, change.dimension, change.declaration.deploy_id);
  out.what = std::move(change);
  return finished(fields, std::move(out));
}

Result<Word> parse_acknowledgement(std::string_view text, Wall now) {
  const auto document = parse_json_object(text);
  if (!document) return fail(document.error().message);
  JsonFields fields(*document);
  Announcement out = announcement(*document, now);
  out.scope = read_scope(fields);
  Acknowledgement what;
  what.dimension = fields.text("dimension");
  what.who = fields.text("owner");
  what.why = fields.text("reason");
  what.until = read_until(fields, now);
  what.nodes = read_set(fields, "nodes");
  what.keys = read_set(fields, "keys");
  what.states = read_set(fields, "states");
  fields.only(
      {"service", "selector", "dimension", "owner", "reason", "until", "nodes", "keys", "states"});
  out.id = id_of({"acknowledgement", out.content});
  out.what = std::move(what);
  return finished(fields, std::move(out));
}

Result<Word> parse_hold(std::string_view text, Wall now) {
  const auto document = parse_json_object(text);
  if (!document) return fail(document.error().message);
  JsonFields fields(*document);
  Announcement out = announcement(*document, now);
  out.scope = read_scope(fields);
  ManualHold what;
  what.owner = fields.text("owner");
  what.reason = fields.text("reason");
  what.until = read_until(fields, now);
  fields.only({"service", "selector", "owner", "reason", "until"});
  out.id = id_of({"hold", out.content});
  out.what = std::move(what);
  return finished(fields, std::move(out));
}

Result<Word> parse_word(AnnouncementKind kind, std::string_view text, Wall now) {
  if (kind == AnnouncementKind::change) return parse_change(text, now);
  if (kind == AnnouncementKind::acknowledgement) return parse_acknowledgement(text, now);
  return parse_hold(text, now);
}

}  // namespace mse
