// Reads the settings of dimensions.
#include "exporter/load_policies.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "exporter/load_values.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Shape = Options::Shape;

constexpr std::array<std::pair<std::string_view, Enforce>, 3> kEnforcements{
    {{"page", Enforce::page}, {"ticket", Enforce::ticket}, {"observe", Enforce::observe}}};
constexpr std::array<std::pair<std::string_view, PolicyKind>, 2> kPolicies{
    {{"primary", PolicyKind::primary}, {"majority", PolicyKind::majority}}};

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1))
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  return true;
}

FileSource read_file_source(Options& options) {
  FileSource source;
  source.path = options.path("file").value_or("");
  source.json = options.text("json").value_or("");
  if (!is_json_pointer(source.json)) options.wrong("json", "a JSON pointer such as /version");
  return source;
}

// http(s)://host[:port]/path without user, fragment or blanks.
bool is_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || text.size() > 2048) return false;
  if (text.substr(0, scheme) != "http" && text.substr(0, scheme) != "https") return false;
  const auto rest = text.substr(scheme + 3);
  const auto host = rest.substr(0, rest.find_first_of("/?"));
  return !host.empty() && host.find('@') == std::string_view::npos &&
         std::none_of(rest.begin(), rest.end(),
                      [](char c) { return c <= ' ' || c == '\x7f' || c == '#' || c == '\\'; });
}

DeclaredSource read_declared(Options& options) {
  constexpr std::string_view kInstead = "literal, file or url";
  bool unsupported = false;
  for (const auto* key : {"kv", "kubernetes", "api"})
    unsupported = refuse_unsupported(options, key, kInstead) || unsupported;
  const bool file = options.shape("file") != Shape::missing;
  const bool url = options.shape("url") != Shape::missing;
  const bool literal = options.shape("literal") != Shape::missing;
  if (file + url + literal != 1 && !unsupported) options.wrong("", "one of literal, file and url");
  if (literal && options.shape("json") != Shape::missing)
    options.wrong("json", "no json beside literal");
  auto source = read_file_source(options);
  auto there = read_url_source(options);
  there.json = source.json;
  Literal state{options.text("literal").value_or("")};
  if (literal) state.state = required(options, "literal", "a state's text");
  if (url) return there;
  return file ? DeclaredSource(std::move(source)) : DeclaredSource(std::move(state));
}

CanonicalPolicy read_policy(Options& options, const std::string& key) {
  CanonicalPolicy policy;
  if (options.shape(key) == Shape::map) {
    auto map = options.map(key);
    auto declared = map->map("declared");
    if (declared) policy = {PolicyKind::declared, read_declared(*declared)};
    if (map->shape("declared") == Shape::missing)
      map->wrong("declared", "{literal: …} or {file: …}");
    return policy;
  }
  if (options.shape(key) == Shape::text && *options.text(key) == "declared")
    options.wrong(key, "{declared: {literal: …}} or {declared: {file: …}} of a dimension");
  else
    policy.kind = choice(options, key, kPolicies, ", or declared by dimension")
                      .value_or(PolicyKind::majority);
  return policy;
}

void read_canonical(Options& service, ServiceSettings& settings) {
  if (service.shape("canonical") != Shape::map) {
    const auto policy = read_policy(service, "canonical");
    if (service.shape("canonical") != Shape::missing) settings.canonical[""] = policy;
    return;
  }
  auto dimensions = service.map("canonical");
  for (const auto& dimension : dimensions->keys())
    settings.canonical[dimension] = read_policy(*dimensions, dimension);
}

void read_dimension(Options& dimensions, const std::string& name, ServiceSettings& settings) {
  if (dimensions.shape(name) == Shape::map) {
    auto dimension = dimensions.map(name);
    const auto enforce = choice(*dimension, "enforce", kEnforcements);
    if (enforce) settings.enforce[name] = *enforce;
    return;
  }
  if (dimensions.shape(name) == Shape::text && *dimensions.text(name) == "off")
    settings.off.insert(name);
  else
    dimensions.wrong(name, "{enforce: …} or off");
}

void read_enforcement(Options& service, ServiceSettings& settings) {
  if (const auto enforce = choice(service, "enforce", kEnforcements))
    settings.enforce[""] = *enforce;
  auto dimensions = service.map("dimensions");
  if (!dimensions) return;
  for (const auto& name : dimensions->keys()) read_dimension(*dimensions, name, settings);
}

void read_groups(Options& service, ServiceSettings& settings) {
  auto dimensions = service.map("compare_within");
  if (!dimensions) return;
  for (const auto& name : dimensions->keys()) {
    auto labels = dimensions->list(name);
    if (labels.empty()) dimensions->wrong(name, "a list of role, region or other labels");
    settings.compare_within[name] = std::move(labels);
  }
}

void read_compatible(Options& service, ServiceSettings& settings) {
  auto dimensions = service.map("compatible");
  if (!dimensions) return;
  for (const auto& name : dimensions->keys()) {
    auto sets = dimensions->lists(name);
    bool pairs = !sets.empty();
    for (const auto& states : sets) pairs = pairs && states.size() > 1;
    if (!pairs) dimensions->wrong(name, "lists of two or more states, such as [[41, 42]]");
    settings.compatible[name] = std::move(sets);
  }
}

void read_changes(Options& service, ServiceSettings& settings) {
  auto dimensions = service.map("changes");
  if (!dimensions) return;
  for (const auto& name : dimensions->keys()) {
    auto source = dimensions->map(name);
    if (!source) continue;
    bool unsupported = false;
    for (const auto* key : {"kv", "kubernetes", "api", "literal"})
      unsupported = refuse_unsupported(*source, key, "file or url") || unsupported;
    const bool file = source->shape("file") != Shape::missing;
    const bool url = source->shape("url") != Shape::missing;
    if (file == url && !unsupported) source->wrong("", "either file or url");
    auto there = read_url_source(*source);
    FileSource local{source->path("file").value_or(""), ""};
    settings.changes[name] = url ? ChangeSource(std::move(there)) : ChangeSource(std::move(local));
  }
}

// A count, or a share below one.
std::optional<double> read_tolerance(Options& service) {
  constexpr std::string_view kKey = "tolerate_unknown";
  const auto text = service.text(kKey);
  if (!text) return std::nullopt;
  std::int64_t count = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, count);
  const bool whole = error == std::errc{} && rest == end;
  if (whole && count >= 0 && count <= 100'000) return static_cast<double>(count);
  const auto share = whole ? std::nullopt : service.ratio(kKey);
  if (share && *share < 1) return share;
  service.wrong(kKey, "a number of nodes up to 100000, or a share below 100%");
  return std::nullopt;
}

void read_budgets(Options& options, Objectives& said) {
  const std::array<std::pair<std::string_view, double*>, 8> budgets{{
      {"exposure", &said.exposure},
      {"convergence_budget", &said.convergence_budget},
      {"reconciliation", &said.reconciliation},
      {"duplicates", &said.duplicates},
      {"schema", &said.schema},
      {"replica_lag_budget", &said.replica_lag_budget},
      {"config_drift", &said.config_drift},
      {"authorization", &said.authorization},
  }};
  for (const auto& [key, budget] : budgets) *budget = options.ratio(key).value_or(*budget);
}

Objectives read_objectives(Options& service) {
  Objectives said;
  auto options = service.map("objectives");
  if (!options) return said;
  read_budgets(*options, said);
  said.convergence = bounded(*options, "convergence", seconds(1), hours(24 * 28), said.convergence);
  said.reconciliation_lag =
      bounded(*options, "reconciliation_lag", seconds(1), hours(24 * 28), said.reconciliation_lag);
  said.replica_lag =
      bounded(*options, "replica_lag", milliseconds(100), hours(24), said.replica_lag);
  said.min_bad_events =
      static_cast<std::uint64_t>(options->integer("min_bad_events", 0, 1'000'000'000)
                                     .value_or(static_cast<std::int64_t>(said.min_bad_events)));
  return said;
}

}  // namespace

UrlSource read_url_source(Options& options) {
  UrlSource source;
  source.url = options.text("url").value_or("");
  if (options.shape("url") != Shape::missing && !is_url(source.url))
    options.wrong("url", "http:// or https:// with host and path");
  source.ca_file = options.path("ca_file").value_or("");
  source.bearer_token = options.secret("bearer_token");
  return source;
}

void read_policies(Options& service, ServiceSettings& settings) {
  read_canonical(service, settings);
  read_groups(service, settings);
  read_enforcement(service, settings);
  read_compatible(service, settings);
  read_changes(service, settings);
  settings.tolerate_unknown = read_tolerance(service);
  settings.objectives = read_objectives(service);
}

}  // namespace mse
