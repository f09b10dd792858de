// A bounded pool of blocking lookups, and what they said lately.
#include "exporter/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "exporter/within.h"

namespace mse {
namespace {

constexpr std::size_t kMostAddresses = 16;
constexpr std::size_t kMostNames = 10'000;  // remembered
constexpr std::size_t kLongestName = 253;

struct Answer {
  Polled<Addresses> addresses;
  Duration took{};
};

struct Job {
  std::string host;
  bool slow = false;
};

Answer ask(const Lookup& lookup, const std::string& host) {
  const auto began = std::chrono::steady_clock::now();
  Polled<Addresses> addresses;
  try {
    addresses = lookup(host);
    if (addresses && addresses->empty())
      addresses = tl::unexpected(Failure{Reason::dns, host + ": has no address"});
  } catch (...) {
    addresses = tl::unexpected(failure_of(std::current_exception()));
  }
  return {std::move(addresses), std::chrono::steady_clock::now() - began};
}

// What the loop and the threads share. Threads hold it by shared_ptr, and call `answered` only
// until it is stopped.
class Pool {
 public:
  using Answered = std::function<void(const std::string& host, Answer answer)>;

  Pool(ResolverLimits limits, Lookup lookup, Answered answered)
      : limits_(limits), lookup_(std::move(lookup)), answered_(std::move(answered)) {}

  // False when too many wait already.
  static bool add(const std::shared_ptr<Pool>& pool, Job job) {
    const std::scoped_lock lock(pool->mutex_);
    if (pool->jobs_.size() >= pool->limits_.waiting) return false;
    if (pool->jobs_.size() >= pool->idle_ && pool->threads_ < pool->limits_.threads) {
      std::thread([pool] { pool->serve(); }).detach();
      ++pool->threads_;
    }
    pool->jobs_.push_back(std::move(job));
    pool->some_.notify_one();
    return true;
  }

  void stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    jobs_.clear();
    some_.notify_all();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      if (const auto job = take()) {
        look_up(*job, lock);
      } else {
        ++idle_;
        some_.wait(lock);
        --idle_;
      }
    }
  }

  std::optional<Job> take() {
    const bool slow_too = busy_slow_ < std::max(1, limits_.threads / 2);
    const auto next = std::find_if(jobs_.begin(), jobs_.end(),
                                   [&](const Job& job) { return slow_too || !job.slow; });
    if (next == jobs_.end()) return std::nullopt;
    Job job = std::move(*next);
    jobs_.erase(next);
    return job;
  }

  void look_up(const Job& job, std::unique_lock<std::mutex>& lock) {
    if (job.slow) ++busy_slow_;
    lock.unlock();
    Answer answer = ask(lookup_, job.host);
    lock.lock();
    if (job.slow) --busy_slow_;
    // Held meanwhile, so that nothing is told to a loop that is going.
    if (!stopped_) answered_(job.host, std::move(answer));
    if (job.slow) some_.notify_one();
  }

  const ResolverLimits limits_;
  const Lookup lookup_;
  const Answered answered_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<Job> jobs_;
  int threads_ = 0;
  int busy_slow_ = 0;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

asio::ip::address address_of(const sockaddr& socket) {
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(socket.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  std::copy_n(reinterpret_cast<const char*>(&socket), endpoint.size(),
              reinterpret_cast<char*>(endpoint.data()));
  return endpoint.address();
}

}  // namespace

Polled<Addresses> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return tl::unexpected(Failure{Reason::dns, host + ": " + gai_strerror(error)});
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Addresses addresses;
  for (; found != nullptr && addresses.size() < kMostAddresses; found = found->ai_next)
    if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
      addresses.push_back(address_of(*found->ai_addr));
  return addresses;
}

// The loop's own part: only its thread touches it.
struct Resolver::Memory : std::enable_shared_from_this<Memory> {
  Memory(asio::any_io_executor on, ResolverLimits given) : executor(std::move(on)), limits(given) {}

  struct Known {
    Polled<Addresses> addresses;
    Mono until{};
    bool slow = false;
  };
  // One lookup, and those who wait for it.
  struct Flight {
    std::optional<Polled<Addresses>> addresses;
    std::vector<std::weak_ptr<asio::steady_timer>> waiting;
  };

  void start(Lookup lookup) {
    // The executor by value, for the thread that answers may not look into the loop's memory.
    auto answered = [memory = weak_from_this(), on = executor](const std::string& host,
                                                               Answer answer) {
      asio::post(on, [memory, host, answer = std::move(answer)]() mutable {
        if (const auto living = memory.lock()) living->landed(host, std::move(answer));
      });
    };
    pool = std::make_shared<Pool>(limits, std::move(lookup), std::move(answered));
  }

  // The lookup of `host` that is under way, or a new one; nothing when too many wait.
  std::shared_ptr<Flight> join(const std::string& host) {
    if (const auto found = flights.find(host); found != flights.end()) return found->second;
    const auto before = known.find(host);
    const bool slow = before != known.end() && before->second.slow;
    if (!Pool::add(pool, Job{host, slow})) return nullptr;
    return flights.emplace(host, std::make_shared<Flight>()).first->second;
  }

  void landed(const std::string& host, Answer answer) {
    const auto now = std::chrono::steady_clock::now();
    remember(host, answer, now);
    const auto flight = flights.extract(host).mapped();
    flight->addresses = std::move(answer.addresses);
    for (const auto& waiting : flight->waiting)
      if (const auto timer = waiting.lock()) timer->cancel();
  }

  void remember(const std::string& host, const Answer& answer, Mono now) {
    if (known.size() >= kMostNames)
      std::erase_if(known, [&](const auto& entry) { return entry.second.until <= now; });
    if (known.size() >= kMostNames) return;
    const Mono until = now + (answer.addresses ? limits.keep : limits.keep_failure);
    known.insert_or_assign(host, Known{answer.addresses, until, answer.took > limits.slow});
  }

  const asio::any_io_executor executor;
  const ResolverLimits limits;
  std::shared_ptr<Pool> pool;
  std::map<std::string, Known> known;
  std::map<std::string, std::shared_ptr<Flight>> flights;
};

Resolver::Resolver(asio::any_io_executor executor, ResolverLimits limits, Lookup lookup)
    : memory_(std::make_shared<Memory>(std::move(executor), limits)) {
  memory_->start(std::move(lookup));
}

Resolver::~Resolver() {
  memory_->pool->stop();
}

asio::awaitable<Polled<Addresses>> Resolver::resolve(std::string host, Mono deadline) {
  return resolve_in(memory_, std::move(host), deadline);
}

asio::awaitable<Polled<Addresses>> Resolver::resolve_in(std::shared_ptr<Memory> memory,
                                                        std::string host, Mono deadline) {
  std::error_code no_literal;
  const auto literal = asio::ip::make_address(host, no_literal);
  if (!no_literal) co_return Addresses(1, literal);
  if (host.empty() || host.size() > kLongestName || host.find('\0') != std::string::npos)
    co_return tl::unexpected(Failure{Reason::dns, "not a host name"});
  const auto found = memory->known.find(host);
  if (found != memory->known.end() && std::chrono::steady_clock::now() < found->second.until)
    co_return found->second.addresses;
  const auto flight = memory->join(host);
  if (!flight)
    co_return tl::unexpected(Failure{Reason::dns, host + ": too many names are being looked up"});
  const auto timer = std::make_shared<asio::steady_timer>(memory->executor, deadline);
  std::erase_if(flight->waiting, [](const auto& waiting) { return waiting.expired(); });
  flight->waiting.push_back(timer);
  std::error_code ended;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
  if (flight->addresses) co_return *flight->addresses;
  co_return tl::unexpected(Failure{Reason::deadline, host + ": no address in time"});
}

}  // namespace mse
