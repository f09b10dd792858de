// Declared states and changes, read from their files and told to the evaluator.
#include "exporter/declared_sources.h"

#include "exporter/declarations.h"
#include "exporter/log.h"

namespace mse {
namespace {

void warn(const std::string& service, const std::string& dimension, const Error& error, Now now) {
  log_limited("declared/" + service + "/" + dimension, now.mono, LogLevel::warn,
              "cannot read what is declared",
              {{"service", service}, {"dimension", dimension}, {"error", error.message}});
}

DeclaredValue value_of(const std::string& service, const std::string& dimension,
                       const DeclaredSource& source, Now now) {
  const auto state = declared_state(source);
  if (state) return *state;
  warn(service, dimension, state.error(), now);
  return SourceUnreachable{};
}

void declare(const std::string& service, const std::string& dimension, const std::string& origin,
             const std::string& text, Evaluator& evaluator, Now now) {
  if (text.empty()) return;
  const auto declaration = parse_declaration(text);
  if (!declaration)
    return warn(service, dimension, {origin + ": " + declaration.error().message}, now);
  evaluator.declare(dimension, *declaration, now, origin);
}

void tell_change(const std::string& service, const std::string& dimension, const FileSource& source,
                 Evaluator& evaluator, Now now) {
  const auto text = declaration_text(source);
  if (!text) return warn(service, dimension, text.error(), now);
  declare(service, dimension, source.path, *text, evaluator, now);
}

bool is_named(const ServiceSettings& settings, const DeclaredUrls::Place& place) {
  if (place.change) {
    const auto found = settings.changes.find(place.dimension);
    return found != settings.changes.end() && found->second == ChangeSource(place.source);
  }
  const auto found = settings.canonical.find(place.dimension);
  if (found == settings.canonical.end() || found->second.kind != PolicyKind::declared) return false;
  const auto* source = std::get_if<UrlSource>(&found->second.source);
  return source && *source == place.source;
}

}  // namespace

void tell_declared(const ServiceSettings& settings, Evaluator& evaluator, Now now) {
  for (const auto& [dimension, policy] : settings.canonical) {
    if (policy.kind == PolicyKind::declared && !std::holds_alternative<UrlSource>(policy.source))
      evaluator.declared(dimension, value_of(settings.name, dimension, policy.source, now), now);
  }
  for (const auto& [dimension, source] : settings.changes)
    if (const auto* file = std::get_if<FileSource>(&source))
      tell_change(settings.name, dimension, *file, evaluator, now);
}

void tell_fetched(const ServiceSettings& settings, const DeclaredUrls::Place& place,
                  const Polled<std::string>& text, Evaluator& evaluator, Now now) {
  if (!is_named(settings, place)) return;
  // A query may hold a secret.
  const auto url = place.source.url.substr(0, place.source.url.find('?'));
  if (place.change) {
    // What is not there declares nothing.
    if (!text && text.error().reason == Reason::unsupported) return;
    if (!text) return warn(settings.name, place.dimension, {url + ": " + text.error().text}, now);
    return declare(settings.name, place.dimension, url, *text, evaluator, now);
  }
  const auto state = text ? declared_state(*text, place.source.json) : fail(text.error().text);
  if (state) return evaluator.declared(place.dimension, *state, now);
  warn(settings.name, place.dimension, {url + ": " + state.error().message}, now);
  evaluator.declared(place.dimension, SourceUnreachable{}, now);
}

}  // namespace mse
