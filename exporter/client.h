// The commands that ask a running exporter: `gate`, `status`, `diff`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "exporter/model.h"
#include "exporter/result.h"

namespace mse {

// Exit codes. Of `gate` as its verdict says; `status` knows go (it could be asked), unknown and
// usage; `diff` go (nothing differs), hold (something does), unknown (a node is, or nobody
// answers), usage.
inline constexpr int kExitGo = 0;
inline constexpr int kExitHold = 1;
inline constexpr int kExitUnknown = 2;  // or nobody answers
inline constexpr int kExitUsage = 3;    // or there is no such service
inline constexpr int kExitRollback = 4;

struct ClientOptions {
  std::vector<std::string> urls{"http://localhost:9889"};
  std::string user, password_file, ca_file;
  std::string service, dimension, deploy_id, target;
  Duration wait{};  // for `go` or `rollback`; 0: asks once
};

struct ClientAnswer {
  int status = 0;
  std::string body;
};

// What the commands use of the world.
struct Outside {
  // GET of a URL with its query; fails when there is no answer.
  std::function<Result<ClientAnswer>(const std::string& url)> ask;
  std::function<Mono()> now;
  std::function<void(Duration)> sleep;
  std::function<void(const std::string& text)> print, complain;
  bool terminal = false;  // who reads sees a line replace the one before
};

// Of several URLs the worst answer counts; who does not answer, or does not know the service,
// counts only where nobody does. While it waits it prints each change, on a terminal over the last.
int run_gate(const ClientOptions& options, const Outside& outside);

// A line a service, then one a node and dimension that is not canonical. Of several URLs the first
// that answers is told of each service.
int run_status(const ClientOptions& options, const Outside& outside);

// In which parts nodes of `service` differ from the canonical state of `dimension`.
int run_diff(const ClientOptions& options, const Outside& outside);

}  // namespace mse
