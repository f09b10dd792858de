// An awaitable byte stream to a node: TCP or a unix socket, with TLS where it is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/collector.h"

namespace mse {

enum class StreamTls { off, verify_ca, verify_full };

struct StreamSettings {
  std::uint16_t port = 0;        // where the address names none
  std::optional<StreamTls> tls;  // not said: off on loopback and unix sockets, else verify_full
  std::string ca_file, cert_file, key_file;  // no ca_file: the system's
};

// One connection at a time, one operation at a time, on the loop thread. Operations know no
// deadline but open(): they are to be run inside within(), whose cancellation ends them. After any
// failure the stream has to be closed. It must outlive its operations, but may be closed during
// one, which then fails.
class Stream {
 public:
  Stream(StreamSettings settings, std::string address, Environment& environment);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Resolves, waits for its place in the connect rate, connects to one address after the other,
  // each with its share of the time to `deadline`, and shakes hands: TLS 1.2 or later, with the
  // host's name or IP checked in verify_full. An absolute path is the socket itself. Files of
  // certificates are read anew each time. Failure refused, unreachable, dns, tls (its text names
  // the key to set), deadline, reset, internal.
  asio::awaitable<Polled<void>> open(Mono deadline);
  // All of `bytes`. Failure reset, tls, deadline (when cancelled), internal.
  asio::awaitable<Polled<void>> write(std::string bytes);
  // What is there, at least a byte and at most 16 KiB. The end of the stream is Failure reset.
  asio::awaitable<Polled<std::string>> read();
  void close();

  bool is_open() const;
  // Of a stream on which nothing is due: the other side has neither hung up nor said more.
  bool is_quiet() const;

 private:
  struct Wire;
  struct Connecting;
  using WirePtr = std::shared_ptr<Wire>;

  static asio::awaitable<Polled<WirePtr>> connect(Connecting to);
  asio::awaitable<Polled<std::vector<Connecting>>> places(Mono deadline);

  StreamSettings settings_;
  std::string address_;
  Environment& environment_;
  WirePtr wire_;
};

}  // namespace mse
