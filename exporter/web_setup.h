// What the front door needs of the web configuration, read from its file and those it names.
#pragma once

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "exporter/web_config.h"

namespace mse {

struct WebSetup {
  WebConfig config;
  std::shared_ptr<asio::ssl::context> tls;  // null: plain HTTP
  std::vector<std::string> files;           // that it was read from
  std::string stamp;                        // of them, from before they were read
};

// An error names the file, and line and key where there are any. An empty path gives the setup of
// an empty file.
Result<std::shared_ptr<const WebSetup>> load_web_setup(const std::string& path);

// Changes when one of `files` is written, replaced, removed or comes back.
std::string stamp_of(const std::vector<std::string>& files);

// Whether a request at `now` is within the limit. One thread.
class RequestRate {
 public:
  bool allows(const std::optional<WebRateLimit>& limit, Mono now);

 private:
  Mono full_at_{};  // when as many as `burst` may come at once again
};

}  // namespace mse
