// Loading the parts, and noticing that they changed.
#include "exporter/web_setup.h"

#include <sys/stat.h>

#include <algorithm>

#include "exporter/web_tls.h"

namespace mse {
namespace {

void append(std::string& stamp, const struct stat& status) {
  for (const auto number :
       {static_cast<long long>(status.st_ino), static_cast<long long>(status.st_size),
        static_cast<long long>(status.st_mtim.tv_sec),
        static_cast<long long>(status.st_mtim.tv_nsec)}) {
    stamp += std::to_string(number) + ' ';
  }
}

}  // namespace

Result<std::shared_ptr<const WebSetup>> load_web_setup(const std::string& path) {
  auto setup = std::make_shared<WebSetup>();
  setup->config.headers = std::make_shared<const HeaderFields>();
  if (path.empty()) return setup;
  setup->stamp = stamp_of({path});
  auto config = load_web_config(path);
  if (!config) return tl::unexpected(config.error());
  setup->config = std::move(*config);
  setup->files.push_back(path);
  const auto& tls = setup->config.tls;
  if (!tls) return setup;
  for (const auto* source : {&tls->certificate, &tls->key, &tls->client_ca}) {
    if (source->file.empty()) continue;
    setup->files.push_back(source->file);
    setup->stamp += stamp_of({source->file});
  }
  auto context = make_tls_context(*tls);
  if (!context) return fail(path + ": tls_server_config: " + context.error().message);
  setup->tls = std::move(*context);
  return setup;
}

std::string stamp_of(const std::vector<std::string>& files) {
  std::string stamp;
  for (const auto& file : files) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0) append(stamp, status);
    stamp += ';';
  }
  return stamp;
}

bool RequestRate::allows(const std::optional<WebRateLimit>& limit, Mono now) {
  if (!limit) return true;
  const Mono after = std::max(full_at_, now) + limit->interval;
  if (after - now > limit->interval * limit->burst) return false;
  full_at_ = after;
  return true;
}

}  // namespace mse
