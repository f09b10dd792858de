// Making a page: render, add our own; compress what is asked for.
#include "exporter/page.h"

#include <libdeflate.h>

#include <new>
#include <utility>

namespace mse {

std::shared_ptr<const Page> make_page(std::shared_ptr<const Snapshot> snapshot,
                                      const ExpositionSettings& settings, SelfMetrics& self,
                                      const ProcessStats& process,
                                      std::shared_ptr<const std::vector<Announced>> announced) {
  auto page = std::make_shared<Page>();
  Exposition services = render_services(*snapshot, settings);
  self.dropped(services.dropped);
  page->self_metrics = self.text(process, snapshot->wall);
  page->metrics = std::move(services.text);
  page->metrics += page->self_metrics;
  page->at = snapshot->at;
  page->stale_after = snapshot->stale_after;
  page->incomplete = snapshot->incomplete;
  page->snapshot = std::move(snapshot);
  page->announced = std::move(announced);
  return page;
}

const std::string& Page::metrics_gzip() const {
  std::call_once(compressed_, [this] { metrics_gzip_ = gzip(metrics); });
  return metrics_gzip_;
}

std::string gzip(const std::string& bytes) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(1), &libdeflate_free_compressor);
  if (!compressor) throw std::bad_alloc();
  std::string result(libdeflate_gzip_compress_bound(compressor.get(), bytes.size()), '\0');
  // Within its bound it cannot fail.
  result.resize(libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(),
                                         result.data(), result.size()));
  result.shrink_to_fit();
  return result;
}

}  // namespace mse
