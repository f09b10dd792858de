// The environment of client tests, and what /proc says of this process.
#include "tests/support/client_loop.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace mse {

namespace {

asio::awaitable<Polled<std::vector<asio::ip::address>>> resolve(std::string host, Mono) {
  if (host == "localhost" || host.ends_with(".test")) {
    co_return std::vector<asio::ip::address>(1, asio::ip::address_v4::loopback());
  }
  co_return tl::unexpected(Failure{Reason::dns, "no such name"});
}

asio::awaitable<Polled<void>> connect_at_once(Mono) {
  co_return Polled<void>();
}

std::size_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == key && status >> kilobytes) return kilobytes << 10U;
  }
  return 0;
}

}  // namespace

ClientLoop::ClientLoop() {
  environment.executor = loop.get_executor();
  environment.resolve = resolve;
  environment.may_connect = connect_at_once;
  environment.hmac_key = "key of this test";
}

Mono in(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

std::size_t open_sockets() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::count_if(begin(all), end(all), [](const auto& entry) {
    std::error_code gone;
    return std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:");
  }));
}

std::size_t resident_bytes() {
  return status_bytes("VmRSS:");
}

std::size_t peak_resident_bytes() {
  return status_bytes("VmHWM:");
}

void forget_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace mse
