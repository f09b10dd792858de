// What HTTP nodes are asked, and how.
#include "collectors/http.h"

#include <array>
#include <utility>

#include "collectors/client/http_errors.h"
#include "collectors/dimension_name.h"
#include "collectors/http_json.h"
#include "collectors/http_settings.h"
#include "collectors/node_session.h"
#include "exporter/fingerprint.h"

namespace mse {

namespace {

using What = HttpSelection::What;
using Method = HttpRequest::Method;
using Shape = Options::Shape;

constexpr int kRedirects = 3;
constexpr std::size_t kLongestPost = 64U << 10U;
constexpr const char* kAccessPolicy = "access_policy";

void read_method(Options& options, HttpReading& reading) {
  auto& request = reading.request;
  const auto method = options.text("method").value_or("GET");
  if (method == "HEAD") request.method = Method::head;
  if (method != "GET" && method != "HEAD")
    options.wrong("method", "GET or HEAD; `post` makes it a POST");
  const auto post = options.text("post");
  if (!post) return;
  if (options.shape("method") != Shape::missing) options.wrong("method", "no method beside post");
  if (post->size() > kLongestPost || !parse_json(*post))
    options.wrong("post", "JSON of at most 64 KiB, such as '{\"context\": {}}'");
  request.method = Method::post;
  request.body = *post;
}

void check_head(Options& options, const HttpReading& reading) {
  if (reading.request.method != Method::head) return;
  if (reading.selection.needs_body() || !reading.measures.empty())
    options.wrong("method", "GET; the answer to HEAD has no body");
}

void check_dimension(Options& options, HttpReading& reading) {
  const bool selects = reading.selection.what != What::nothing || reading.selection.probe;
  if (reading.dimension.empty() && reading.selection.probe) reading.dimension = kAccessPolicy;
  if (reading.dimension.empty() && (selects || reading.measures.empty()))
    options.wrong("dimension", "the dimension that the answer is a state of");
  if (!reading.dimension.empty() && !selects)
    options.wrong("", "one of status, header, json, regex and body, or probe");
}

struct Node {
  std::shared_ptr<const HttpReading> reading;
  std::unique_ptr<HttpClient> client;
  std::string hmac_key;

  void close() { client.reset(); }
};

asio::awaitable<Polled<Report>> read(std::shared_ptr<Node> node, Depth /*depth*/, Mono deadline) {
  if (!node->client) co_return closed_meanwhile();
  auto answer = co_await node->client->ask(node->reading->request, deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  co_return http_report(*node->reading, *answer, node->hmac_key);
}

class HttpCollector : public Collector {
 public:
  explicit HttpCollector(HttpReading reading)
      : reading_(std::make_shared<const HttpReading>(std::move(reading))) {}

  std::vector<std::string> dimensions() const override {
    if (reading_->dimension.empty()) return {};
    return {reading_->dimension};
  }
  std::vector<std::string> deep_dimensions() const override { return {}; }
  bool has_positions() const override { return false; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    auto node = std::make_shared<Node>();
    node->client =
        std::make_unique<HttpClient>(reading_->connection, std::move(address), environment);
    node->hmac_key = environment.hmac_key;
    node->reading = reading_;
    return std::make_unique<NodeSession<Node>>(std::move(node), &read);
  }
  std::string grants() const override {
    return "-- HTTP: let the exporter request " + reading_->request.path + "\n";
  }
  std::string connection_key() const override;

 private:
  std::shared_ptr<const HttpReading> reading_;
};

void add_pointers(std::map<std::string, std::string>& fields, const std::string& of,
                  const HttpMeasures::Pointers& pointers) {
  for (const auto& [name, pointer] : pointers)
    fields[std::string("measure ").append(of).append(" ").append(name)] = pointer;
}

// All settings as a digest: what is read of an answer belongs to the session.
std::string HttpCollector::connection_key() const {
  const auto& reading = *reading_;
  auto fields = key_fields(reading.connection);
  fields["path"] = reading.request.path;
  fields["method"] = std::to_string(static_cast<int>(reading.request.method));
  fields["post"] = reading.request.body;
  fields["dimension"] = reading.dimension;
  fields["what"] = std::to_string(static_cast<int>(reading.selection.what));
  fields["name"] = reading.selection.name;
  fields["regex"] = reading.selection.regex ? reading.selection.regex->pattern() : "";
  fields["probe"] = reading.selection.probe ? "yes" : "no";
  for (const auto& name : reading.selection.ignore)
    fields[std::string("ignore ").append(name)] = "yes";
  for (const auto& [kind, pointers] : reading.measures.reconciliation)
    add_pointers(fields, std::string("reconciliation ").append(kind), pointers);
  for (const auto& [stream, pointers] : reading.measures.duplicates)
    add_pointers(fields, std::string("duplicates ").append(stream), pointers);
  add_pointers(fields, "schema", reading.measures.schema);
  add_pointers(fields, "authorization", reading.measures.authorization);
  return reading.request.path + "/" + std::to_string(fingerprint("http_connection/1", fields));
}

}  // namespace

HttpReading http_reading(Options& options) {
  HttpReading reading;
  reading.connection = read_http_settings(options);
  reading.dimension = read_dimension(options).value_or("");
  reading.request.path = read_http_path(options, "path", "/");
  read_method(options, reading);
  reading.selection = read_http_selection(options);
  reading.selection.probe = options.flag("probe").value_or(false);
  reading.measures = read_http_measures(options);
  check_head(options, reading);
  check_dimension(options, reading);
  const bool follows = !reading.selection.probe && reading.request.method != Method::post &&
                       (reading.selection.needs_body() || !reading.measures.empty());
  reading.request.redirects = follows ? kRedirects : 0;
  return reading;
}

Polled<Report> http_report(const HttpReading& reading, const HttpAnswer& answer,
                           const std::string& hmac_key) {
  Report report;
  if (!reading.dimension.empty()) {
    auto said = read_selection(reading.selection, answer, hmac_key);
    if (!said) return tl::unexpected(std::move(said.error()));
    report.dimensions[reading.dimension] = *std::move(said);
  }
  if (reading.measures.empty()) return report;
  if (answer.status < 200 || answer.status >= 300) {
    if (reading.dimension.empty()) return tl::unexpected(status_failure(answer.status));
    return report;
  }
  auto measures = measures_of(reading.measures, answer.body);
  if (measures) {
    report.measures = *std::move(measures);
  } else if (reading.dimension.empty()) {
    return tl::unexpected(std::move(measures.error()));
  }
  return report;
}

Result<std::unique_ptr<Collector>> make_http(Options options) {
  auto reading = http_reading(options);
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<HttpCollector>(std::move(reading));
}

}  // namespace mse
