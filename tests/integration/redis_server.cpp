// Starts and ends redis-server by its pid.
#include "tests/integration/redis_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <asio/ip/tcp.hpp>
#include <csignal>

#include "collectors/redis_info.h"
#include "tests/integration/real_client.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace mse::testing_support {
namespace {

std::filesystem::path new_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "mixed_state-redis-XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

}  // namespace

std::uint16_t free_port() {
  asio::io_context loop;
  const asio::ip::tcp::acceptor probe(loop,
                                      asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return probe.local_endpoint().port();
}

RedisServer::RedisServer(const std::vector<std::string>& options)
    : port_(free_port()), directory_(new_directory()) {
  restart(options);
}

RedisServer::~RedisServer() {
  stop();
  std::filesystem::remove_all(directory_);
}

void RedisServer::start(const std::vector<std::string>& options) {
  std::vector<std::string> words{
      "redis-server", "--port",   std::to_string(port_),        "--bind", "127.0.0.1", "--save", "",
      "--dir",        directory_, "--repl-diskless-sync-delay", "0"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto log = (directory_ / "log").string();
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT,
                                   S_IRUSR | S_IWUSR);
  ASSERT_EQ(posix_spawnp(&pid_, "redis-server", &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
}

void RedisServer::signal(int number) const {
  ASSERT_EQ(kill(pid_, number), 0);
}

void RedisServer::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::restart(const std::vector<std::string>& options) {
  stop();
  start(options);
  wait_until("redis-server answers", [this] { return ask({"PING"}).has_value(); });
}

Polled<std::vector<RedisReply>> RedisServer::ask(RedisCommand command) {
  ClientLoop process;
  RedisClient client(RedisSettings{}, address(), process.environment);
  std::vector<RedisCommand> commands(1, std::move(command));
  return process.run(client.request(std::move(commands), in(std::chrono::seconds(5))));
}

RedisReply RedisServer::run(RedisCommand command) {
  auto replies = ask(std::move(command));
  EXPECT_TRUE(replies) << replies.error().text;
  return replies ? replies->front() : RedisReply{};
}

std::string RedisServer::info(const std::string& field) {
  RedisInfo all;
  EXPECT_TRUE(all.add(run({"INFO"})));
  return all.text(field).value_or("");
}

void RedisServer::follow(const RedisServer& primary) {
  EXPECT_EQ(run({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())}).text, "OK");
  wait_until("the replica has synchronised", [this] { return info("master_link_status") == "up"; });
}

}  // namespace mse::testing_support
