// c-ares driven by the loop: its sockets watched by asio, its retries by a timer.
#include "exporter/dns_query.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <optional>

namespace mse {
namespace {

using Records = std::vector<DnsRecord>;
using Descriptor = asio::posix::stream_descriptor;

constexpr int kMostAddresses = 4096;  // more do not fit into an answer
constexpr int kTries = 3;
constexpr auto kTick = std::chrono::milliseconds(50);

Mono now() {
  return std::chrono::steady_clock::now();
}

tl::unexpected<Failure> dns_failure(const std::string& name, int status) {
  return tl::unexpected(Failure{Reason::dns, name + ": " + ares_strerror(status)});
}

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, address, text, sizeof text);
  return text;
}

int parse_a(const std::string& bytes, Records& records) {
  std::vector<ares_addrttl> found(kMostAddresses);
  int count = kMostAddresses;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const int status =
      ares_parse_a_reply(data, static_cast<int>(bytes.size()), nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
    records.push_back({text_of(AF_INET, &found[static_cast<std::size_t>(i)].ipaddr), 0});
  return status;
}

int parse_aaaa(const std::string& bytes, Records& records) {
  std::vector<ares_addr6ttl> found(kMostAddresses);
  int count = kMostAddresses;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const int status =
      ares_parse_aaaa_reply(data, static_cast<int>(bytes.size()), nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
    records.push_back({text_of(AF_INET6, &found[static_cast<std::size_t>(i)].ip6addr), 0});
  return status;
}

// A target of the root (".") says that the service is decidedly not there (RFC 2782).
int parse_srv(const std::string& bytes, Records& records) {
  ares_srv_reply* first = nullptr;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const int status = ares_parse_srv_reply(data, static_cast<int>(bytes.size()), &first);
  for (const auto* each = first; each != nullptr; each = each->next)
    if (*each->host != '\0') records.push_back({each->host, each->port});
  if (first != nullptr) ares_free_data(first);
  return status;
}

int parse(DnsType type, const std::string& bytes, Records& records) {
  if (type == DnsType::a) return parse_a(bytes, records);
  return type == DnsType::aaaa ? parse_aaaa(bytes, records) : parse_srv(bytes, records);
}

// The record that begins at `at`: its type and where it ends; nothing when it is cut.
struct RawRecord {
  int type = 0;
  std::size_t end = 0;
};
std::optional<RawRecord> record_at(const std::string& bytes, std::size_t at) {
  constexpr std::size_t kFixed = 10;  // type, class, TTL, length
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto size = static_cast<int>(bytes.size());
  char* name = nullptr;
  long length = 0;
  if (at >= bytes.size() || ares_expand_name(data + at, data, size, &name, &length) != ARES_SUCCESS)
    return std::nullopt;
  ares_free_string(name);
  at += static_cast<std::size_t>(length);
  if (at + kFixed > bytes.size()) return std::nullopt;
  const std::size_t rest = data[at + 8] * 256U + data[at + 9];
  if (at + kFixed + rest > bytes.size()) return std::nullopt;
  return RawRecord{data[at] * 256 + data[at + 1], at + kFixed + rest};
}

// Whether an answer from which no record was taken really has none of that type: c-ares skips those
// whose data has a wrong length. An alias of a name without any is such an answer.
bool is_bare(const std::string& bytes, int type) {
  constexpr std::size_t kHeader = 12, kQuestionRest = 4;
  if (bytes.size() < kHeader) return false;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  char* name = nullptr;
  long length = 0;
  if (ares_expand_name(data + kHeader, data, static_cast<int>(bytes.size()), &name, &length) !=
      ARES_SUCCESS)
    return false;
  ares_free_string(name);
  std::size_t at = kHeader + static_cast<std::size_t>(length) + kQuestionRest;
  for (int left = data[6] * 256 + data[7]; left > 0; --left) {
    const auto record = record_at(bytes, at);
    if (!record || record->type == type) return false;
    at = record->end;
  }
  return true;
}

int number_of(DnsType type) {
  if (type == DnsType::a) return ns_t_a;
  return type == DnsType::aaaa ? ns_t_aaaa : ns_t_srv;
}

// A channel of c-ares for one question. Handlers hold it weakly: it goes with who asked.
class Question : public std::enable_shared_from_this<Question> {
 public:
  explicit Question(const asio::any_io_executor& executor)
      : executor_(executor), tick_(executor), done_(executor) {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  int open(const std::string& servers, Duration left) {
    static const int loaded = ares_library_init(ARES_LIB_INIT_ALL);
    if (loaded != ARES_SUCCESS) return loaded;
    ares_options options{};
    const auto each = std::chrono::duration_cast<std::chrono::milliseconds>(left / 4).count();
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(each, 50, 2000));
    options.tries = kTries;
    options.sock_state_cb = &Question::moved;
    options.sock_state_cb_data = this;
    const int status = ares_init_options(
        &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS || servers.empty()) return status;
    return ares_set_servers_ports_csv(channel_, servers.c_str());
  }

  void ask(const std::string& name, DnsType type, Mono deadline) {
    done_.expires_at(deadline);
    ares_query(channel_, name.c_str(), ns_c_in, number_of(type), &Question::answered, this);
    if (!status_) tick();
  }

  static asio::awaitable<void> wait(std::shared_ptr<Question> self) {
    std::error_code ended;
    if (!self->status_)
      co_await self->done_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    self->tick_.cancel();
  }

  std::optional<int> status() const { return status_; }  // nothing: no answer yet
  const std::string& bytes() const { return bytes_; }

 private:
  struct Socket {
    Socket(const asio::any_io_executor& executor, int fd) : descriptor(executor, fd) {}
    Descriptor descriptor;
    bool reads = false, writes = false;     // wanted
    bool reading = false, writing = false;  // waited for
    bool closed = false;
  };

  static void answered(void* question, int status, int /*timeouts*/, unsigned char* bytes,
                       int length) {
    auto& self = *static_cast<Question*>(question);
    self.status_ = status;
    if (bytes != nullptr && length > 0)
      self.bytes_.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    self.done_.cancel();
  }

  // c-ares wants a socket watched, or (neither) is about to close it.
  static void moved(void* question, ares_socket_t fd, int reads, int writes) {
    auto& self = *static_cast<Question*>(question);
    auto& socket = self.sockets_[fd];
    if (reads == 0 && writes == 0) {
      if (socket) socket->closed = true;
      if (socket) socket->descriptor.release();
      self.sockets_.erase(fd);
      return;
    }
    if (!socket) socket = std::make_shared<Socket>(self.executor_, fd);
    socket->reads = reads != 0;
    socket->writes = writes != 0;
    self.watch(socket);
  }

  void watch(const std::shared_ptr<Socket>& socket) {
    if (socket->reads && !std::exchange(socket->reading, true))
      socket->descriptor.async_wait(
          Descriptor::wait_read, [weak = weak_from_this(), socket](const asio::error_code& error) {
            socket->reading = false;
            if (const auto self = weak.lock(); self && !error) self->ready(socket, true);
          });
    if (socket->writes && !std::exchange(socket->writing, true))
      socket->descriptor.async_wait(
          Descriptor::wait_write, [weak = weak_from_this(), socket](const asio::error_code& error) {
            socket->writing = false;
            if (const auto self = weak.lock(); self && !error) self->ready(socket, false);
          });
  }

  void ready(const std::shared_ptr<Socket>& socket, bool to_read) {
    if (socket->closed) return;
    const int fd = socket->descriptor.native_handle();
    ares_process_fd(channel_, to_read ? fd : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : fd);
    if (!socket->closed) watch(socket);
  }

  // Lets c-ares give up on a server that says nothing, and try again.
  void tick() {
    tick_.expires_after(kTick);
    tick_.async_wait([weak = weak_from_this()](const asio::error_code& cancelled) {
      const auto self = weak.lock();
      if (!self || cancelled || self->status_) return;
      ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      if (!self->status_) self->tick();
    });
  }

  const asio::any_io_executor executor_;
  asio::steady_timer tick_, done_;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  std::optional<int> status_;
  std::string bytes_;
  ares_channel channel_ = nullptr;
};

}  // namespace

asio::awaitable<Polled<Records>> ask_dns(asio::any_io_executor executor, std::string servers,
                                         std::string name, DnsType type, Mono deadline) {
  const auto question = std::make_shared<Question>(executor);
  const int opened = question->open(servers, deadline - now());
  if (opened != ARES_SUCCESS) co_return dns_failure(name, opened);
  question->ask(name, type, deadline);
  co_await Question::wait(question);
  const auto status = question->status();
  if (!status) co_return tl::unexpected(Failure{Reason::deadline, name + ": no answer in time"});
  const auto has_none = [](int code) { return code == ARES_ENOTFOUND || code == ARES_ENODATA; };
  if (has_none(*status)) co_return Records();
  if (*status != ARES_SUCCESS) co_return dns_failure(name, *status);
  Records records;
  const int parsed = parse(type, question->bytes(), records);
  if (parsed != ARES_SUCCESS && !has_none(parsed)) co_return dns_failure(name, parsed);
  if (has_none(parsed) && !is_bare(question->bytes(), number_of(type)))
    co_return dns_failure(name, ARES_EBADRESP);
  co_return records;
}

}  // namespace mse
