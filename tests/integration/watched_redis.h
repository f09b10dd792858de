// A session over a private Redis server, and a pair of servers with one each, for tests.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "collectors/redis_session.h"
#include "tests/integration/direct.h"
#include "tests/integration/real_client.h"
#include "tests/integration/redis_server.h"

namespace mse::testing_support {

// A session, and what it says of a node.
class Watched {
 public:
  explicit Watched(const std::string& address, RedisReading reading = {})
      : session_(open_redis(std::move(reading), address, process_.environment)) {}

  Polled<Report> try_poll(Depth depth = Depth::deep) {
    return process_.run(session_->poll(depth, in(std::chrono::seconds(5))));
  }
  Report poll(Depth depth = Depth::deep) {
    auto report = try_poll(depth);
    EXPECT_TRUE(report) << report.error().text;
    return report.value_or(Report{});
  }
  State state(const std::string& dimension) {
    auto report = poll();
    auto* state = std::get_if<State>(&report.dimensions[dimension].outcome);
    EXPECT_NE(state, nullptr) << dimension << " is unknown";
    return state == nullptr ? State{} : *state;
  }
  Reason reason(const std::string& dimension) {
    auto report = poll();
    auto* unknown = std::get_if<Unknown>(&report.dimensions[dimension].outcome);
    EXPECT_NE(unknown, nullptr) << dimension << " is known";
    return unknown == nullptr ? Reason::internal : unknown->reason;
  }
  Polled<PositionReading> try_position(Duration limit = std::chrono::seconds(5)) {
    return process_.run(session_->position(in(limit)));
  }
  PositionReading position() {
    auto reading = try_position();
    EXPECT_TRUE(reading) << reading.error().text;
    return reading.value_or(PositionReading{});
  }

 private:
  ClientLoop process_;
  std::unique_ptr<Session> session_;
};

inline RedisReading as(const std::string& user, const std::string& password) {
  RedisReading reading;
  reading.connection.user = user;
  reading.connection.password = Secret(password);
  return reading;
}

// A primary and its replica.
class RedisPair : public testing::Test {
 protected:
  void SetUp() override { replica_.follow(primary_); }

  std::set<std::string> differing_in(const std::string& dimension) {
    return differing(watched_primary_.state(dimension), watched_replica_.state(dimension));
  }
  bool is_level() {
    const auto replica = watched_replica_.position();
    return replica.position.bytes == watched_primary_.position().position.bytes;
  }

  RedisServer primary_, replica_;
  Watched watched_primary_{primary_.address()}, watched_replica_{replica_.address()};
};

}  // namespace mse::testing_support
