// One coroutine a URL and read.
#include "exporter/declared_urls.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <utility>

#include "exporter/within.h"

namespace mse {

struct DeclaredUrls::Memory {
  std::shared_ptr<Environment> environment;
  Fetch fetch = nullptr;
  Told told;  // empty once nobody listens
  std::set<std::string> under_way;
};

namespace {

std::string key_of(const DeclaredUrls::Place& place) {
  return place.service + '\0' + place.dimension + (place.change ? "+" : "-") + place.source.url;
}

}  // namespace

DeclaredUrls::DeclaredUrls(std::shared_ptr<Environment> environment, Fetch fetched_by, Told told)
    : memory_(std::make_shared<Memory>()) {
  memory_->environment = std::move(environment);
  memory_->fetch = fetched_by;
  memory_->told = std::move(told);
}

DeclaredUrls::~DeclaredUrls() {
  memory_->told = nullptr;
}

asio::awaitable<void> DeclaredUrls::fetch(std::shared_ptr<Memory> memory, Place place,
                                          Mono deadline) {
  auto work = memory->fetch(memory->environment, place.source, deadline);
  auto text = co_await within(deadline, std::move(work));
  memory->under_way.erase(key_of(place));
  if (memory->told) memory->told(place, std::move(text));
}

void DeclaredUrls::start(Place place, Mono deadline) {
  if (memory_->fetch == nullptr) {
    memory_->told(place, tl::unexpected(Failure{Reason::unsupported, "URLs are not read here"}));
    return;
  }
  if (!memory_->under_way.insert(key_of(place)).second) return;
  asio::co_spawn(memory_->environment->executor, fetch(memory_, std::move(place), deadline),
                 asio::detached);
}

void DeclaredUrls::read(const ServiceSettings& settings, Mono deadline) {
  for (const auto& [dimension, policy] : settings.canonical) {
    const auto* source = std::get_if<UrlSource>(&policy.source);
    if (policy.kind == PolicyKind::declared && source)
      start({settings.name, dimension, false, *source}, deadline);
  }
  for (const auto& [dimension, change] : settings.changes)
    if (const auto* source = std::get_if<UrlSource>(&change))
      start({settings.name, dimension, true, *source}, deadline);
}

}  // namespace mse
