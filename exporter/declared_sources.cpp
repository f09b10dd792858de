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

void tell_change(const std::string& service, const std::string& dimension, const FileSource& source,
                 Evaluator& evaluator, Now now) {
  const auto text = declaration_text(source);
  if (!text) return warn(service, dimension, text.error(), now);
  if (text->empty()) return;
  const auto declaration = parse_declaration(*text);
  if (!declaration)
    return warn(service, dimension, {source.path + ": " + declaration.error().message}, now);
  evaluator.declare(dimension, *declaration, now);
}

}  // namespace

void tell_declared(const ServiceSettings& settings, Evaluator& evaluator, Now now) {
  for (const auto& [dimension, policy] : settings.canonical) {
    if (policy.kind == PolicyKind::declared)
      evaluator.declared(dimension, value_of(settings.name, dimension, policy.source, now), now);
  }
  for (const auto& [dimension, source] : settings.changes)
    tell_change(settings.name, dimension, source, evaluator, now);
}

}  // namespace mse
