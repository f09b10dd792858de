// The loop, the engine, the server and the signals, wired.
#include "exporter/serve.h"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <future>

#include "exporter/change_notices.h"
#include "exporter/engine.h"
#include "exporter/front_door.h"
#include "exporter/history.h"
#include "exporter/listen_address.h"
#include "exporter/log.h"
#include "exporter/notice_sender.h"
#include "exporter/page.h"
#include "exporter/server.h"

namespace mse {
namespace {

// How long a POST waits for the loop, which answers between two polls; in slices, for the end of
// the program waits for it.
constexpr auto kLoopWait = std::chrono::seconds(6);
constexpr auto kSlice = std::chrono::milliseconds(100);

// Counting open files costs more than an evaluation, and nobody scrapes each.
constexpr auto kStatsInterval = std::chrono::seconds(5);

// How long an announcement waits for the writer, which answers after each commit. With the loop's,
// less than the front door waits for an answer.
constexpr auto kCommitWait = std::chrono::seconds(6);

// What lives as long as the program serves. Everything but on_http_reload() and on_announcement()
// runs on the loop.
class Process {
 public:
  Process(const CommandLine& line, const std::vector<CollectorKind>& kinds)
      : line_(line), kinds_(kinds), self_(MSE_VERSION, {line.per_node}), signals_(loop_) {}

  int run(const Config& config, Fetch fetch, Send send) {
    const auto started = start_server();
    if (!started) {
      log(LogLevel::error, "cannot serve", {{"error", started.error().message}});
      return 1;
    }
    if (const auto opened = open_history(); !opened) {
      log(LogLevel::error, "cannot keep a history", {{"error", opened.error().message}});
      return 1;
    }
    self_.reloaded(true, std::chrono::system_clock::now());
    Engine engine(
        loop_.get_executor(), config, [this](const auto& snapshot) { publish(snapshot); }, fetch,
        past());
    engine_ = &engine;
    NoticeSender notices(engine.environment(), send, [this](bool sent) { self_.noticed(sent); });
    notices.configure(config.change_webhook);
    notices_ = &notices;
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) signals_.add(signal);
    wait_for_signal();
    log(LogLevel::info, "serving",
        {{"address", line_.listen_address}, {"path", line_.telemetry_path}});
    loop_.run();
    notices_ = nullptr;
    log(LogLevel::info, "stopped");
    door_.reset();
    server_.reset();
    return 0;
  }

 private:
  Result<void> start_server() {
    ServerSettings settings;
    settings.callers = callers_;
    settings.telemetry_path = line_.telemetry_path;
    settings.answered = [this](int status) { self_.answered(status); };
    if (line_.enable_lifecycle) settings.reload = [this] { return on_http_reload(); };
    if (line_.enable_changes)
      settings.announce = [this](const auto& word, const auto& by) {
        return on_announcement(word, by);
      };
    auto server = start_behind(settings);
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    return open_door();
  }

  // The system may give the server behind the very port that the door is asked to listen on: while
  // that one holds it, another gets another.
  Result<std::unique_ptr<Server>> start_behind(const ServerSettings& settings) const {
    auto server = Server::start(settings);
    const auto door = parse_listen_address(line_.listen_address);
    if (!server || !door || door->port != (*server)->port()) return server;
    return Server::start(settings);
  }

  Result<void> open_door() {
    FrontDoorSettings settings;
    settings.listen_address = line_.listen_address;
    settings.telemetry_path = line_.telemetry_path;
    settings.web_config_file = line_.web_config_file;
    settings.inner_port = server_->port();
    settings.callers = callers_;
    settings.answered = [this](int status) { self_.answered(status); };
    auto door = FrontDoor::start(std::move(settings));
    if (!door) return tl::unexpected(door.error());
    door_ = std::move(*door);
    return {};
  }

  Result<void> open_history() {
    if (line_.storage_path.empty()) {
      log(LogLevel::info, "no --storage.path: open changes and old drift end with this process");
      return {};
    }
    HistorySettings settings;
    settings.path = line_.storage_path;
    settings.retention = line_.storage_retention;
    settings.failed = [this](StorageError error) { self_.storage_failed(error); };
    auto history = History::open(std::move(settings));
    if (!history) return tl::unexpected(history.error());
    history_ = std::move(*history);
    log(LogLevel::info, "history",
        {{"file", line_.storage_path}, {"services", std::to_string(history_->found().size())}});
    return {};
  }

  Engine::Past past() {
    Engine::Past past;
    past.announced = [this](auto announced) { announced_ = std::move(announced); };
    if (!history_) return past;
    past.before = history_->found();
    past.keep = [this](Histories remembered) { history_->keep(std::move(remembered)); };
    return past;
  }

  void publish(const std::shared_ptr<const Snapshot>& snapshot) {
    if (shown_ && notices_ != nullptr)
      for (auto& notice : change_notices(*shown_, *snapshot)) notices_->tell(std::move(notice));
    shown_ = snapshot;
    if (!stats_read_ || snapshot->at - *stats_read_ >= kStatsInterval) {
      stats_ = read_process_stats();
      stats_read_ = snapshot->at;
    }
    server_->publish(make_page(snapshot, {line_.per_node}, self_, stats_, announced_));
  }

  Result<void> reload() {
    const auto config = load_config(line_.config_file, kinds_);
    self_.reloaded(config.has_value(), std::chrono::system_clock::now());
    if (!config) {
      log(LogLevel::error, "the new configuration is wrong, the old one stays",
          {{"error", config.error().message}});
      return tl::unexpected(config.error());
    }
    engine_->reload(*config);
    notices_->configure(config->change_webhook);
    log(LogLevel::info, "configuration reloaded", {{"file", line_.config_file}});
    return {};
  }

  // On one of the server's threads.
  template <typename T>
  bool answered_in_time(const std::future<T>& result) const {
    const auto until = std::chrono::steady_clock::now() + kLoopWait;
    while (!loop_.stopped() && std::chrono::steady_clock::now() < until)
      if (result.wait_for(kSlice) == std::future_status::ready) return true;
    return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  // On one of the server's threads.
  Result<void> on_http_reload() {
    const auto done = std::make_shared<std::promise<Result<void>>>();
    auto result = done->get_future();
    asio::post(loop_, [this, done] { done->set_value(reload()); });
    if (answered_in_time(result)) return result.get();
    return fail("the reload is still under way; see the log");
  }

  // On one of the server's threads.
  Accepted<Told> on_announcement(const Word& word, const std::string& by) {
    const auto done = std::make_shared<std::promise<Accepted<Announced>>>();
    auto result = done->get_future();
    asio::post(loop_, [this, done, word, by] { done->set_value(engine_->announce(word, by)); });
    if (!answered_in_time(result))
      return tl::unexpected(Refused{503, "It is not in force yet; send it again."});
    auto accepted = result.get();
    if (!accepted) return tl::unexpected(accepted.error());
    if (history_ && !history_->committed(kCommitWait))
      return tl::unexpected(Refused{503, "It is in force but could not be stored; send it again."});
    return Told{std::move(*accepted), history_ != nullptr};
  }

  void wait_for_signal() {
    signals_.async_wait([this](const asio::error_code& cancelled, int signal) {
      if (cancelled) return;
      if (signal != SIGHUP) return loop_.stop();
      static_cast<void>(reload());
      wait_for_signal();
    });
  }

  const CommandLine& line_;
  const std::vector<CollectorKind>& kinds_;
  asio::io_context loop_{1};
  SelfMetrics self_;
  std::shared_ptr<Callers> callers_ = std::make_shared<Callers>();
  std::unique_ptr<Server> server_;
  std::unique_ptr<FrontDoor> door_;
  std::unique_ptr<History> history_;
  asio::signal_set signals_;
  Engine* engine_ = nullptr;
  ProcessStats stats_;
  std::optional<Mono> stats_read_;
  NoticeSender* notices_ = nullptr;
  std::shared_ptr<const Snapshot> shown_;  // the last
  std::shared_ptr<const std::vector<Announced>> announced_;
};

}  // namespace

int serve(const CommandLine& line, const Config& config, const std::vector<CollectorKind>& kinds,
          Fetch fetch, Send send) {
  return Process(line, kinds).run(config, fetch, send);
}

}  // namespace mse
