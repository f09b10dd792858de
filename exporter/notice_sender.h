// Sends notices to a webhook, one after the other, beside all else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "exporter/backoff.h"
#include "exporter/config.h"
#include "exporter/fetch.h"

namespace mse {

// Loop thread only. Each notice is tried five times, waiting longer after each failure, and then
// given up; of those that wait at most 100 are kept, and the oldest is given up for a newer one.
// Nothing is kept over a restart. Destroying it drops what is under way.
class NoticeSender {
 public:
  // Told of each notice whether it was taken.
  using Done = std::function<void(bool sent)>;

  NoticeSender(std::shared_ptr<Environment> environment, Send send, Done done,
               BackoffLimits limits = {});
  ~NoticeSender();
  NoticeSender(const NoticeSender&) = delete;
  NoticeSender& operator=(const NoticeSender&) = delete;

  // Where to, from the next try on; nothing: what waits is dropped.
  void configure(const std::optional<ChangeWebhook>& webhook);
  void tell(std::string body);

 private:
  struct Memory;
  static asio::awaitable<void> work(std::shared_ptr<Memory> memory);
  static asio::awaitable<bool> deliver(std::shared_ptr<Memory> memory, std::string body);

  std::shared_ptr<Memory> memory_;
};

}  // namespace mse
