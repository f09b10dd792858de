// Whatever bytes nodes give, the page stays one that every parser accepts.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "exporter/exposition.h"
#include "tests/support/exposition_reader.h"
#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

// Random bytes, and bytes chosen to hurt: each is preceded by a number, so that no two are equal.
class Bytes {
 public:
  explicit Bytes(unsigned seed) : random_(seed) {}

  std::string operator()() {
    static const std::array<std::string, 12> nasty{
        "\"} 1\n",      "\\",           "\n# TYPE x counter\n",
        "\xC0\xAF",     "\xED\xA0\x80", "\xF5",
        "\xE2\x80",     "\r\n",         "{a=\"",
        "\xEF\xBB\xBF", "\x7F\x1B[31m", "\xC2\x85"};
    std::string result = std::to_string(++made_) + ":";
    for (std::size_t pieces = random_() % 8; pieces > 0; --pieces) {
      if (random_() % 2 == 0) result += nasty.at(random_() % nasty.size());
      for (std::size_t i = random_() % 12; i > 0; --i) result += static_cast<char>(random_());
    }
    if (random_() % 50 == 0) result += std::string(5000, static_cast<char>(random_()));
    return result;
  }

 private:
  std::mt19937 random_;
  int made_ = 0;
};

using Renames = std::map<std::string, std::string>;

void spoil(NodeView& node, const Renames& renames, Bytes& bytes) {
  node.name = bytes();
  node.region = bytes();
  NodeDimensions dimensions;
  for (auto& [name, dimension] : node.dimensions) {
    dimensions[renames.at(name)] = dimension;
  }
  node.dimensions = dimensions;
  for (auto& replica : node.downstreams.replicas) replica.name = bytes();
  for (auto& slot : node.downstreams.slots) slot.name = bytes();
}

void spoil(std::optional<ChangeView>& change, Bytes& bytes) {
  if (!change) return;
  for (std::string* text : {&change->deploy_id, &change->cause, &change->from, &change->to}) {
    *text = bytes();
  }
}

void spoil(DimensionView& dimension, Bytes& bytes) {
  std::map<std::string, CanonicalView> canonical;
  for (auto& [group, view] : dimension.canonical) canonical[bytes()] = view;
  dimension.canonical = canonical;
  for (auto& state : dimension.states) state.text = bytes();
  spoil(dimension.open_change, bytes);
  spoil(dimension.last_change, bytes);
}

void spoil(ServiceView& service, Bytes& bytes) {
  service.name = bytes();
  service.owner = bytes();
  service.tier = bytes();
  Renames renames;
  std::map<std::string, DimensionView> dimensions;
  for (auto& [name, dimension] : service.dimensions) {
    spoil(dimension, bytes);
    renames[name] = bytes();
    dimensions[renames[name]] = dimension;
  }
  service.dimensions = dimensions;
  for (auto& node : service.nodes) spoil(node, renames, bytes);
  spoil(service.deploy, bytes);
  service.online_changes = {{bytes(), 1}, {bytes() + "/" + bytes(), 1}, {"/", 1}};
  service.measures.reconciliations = {{bytes(), service.measures.reconciliations["backfill"]}};
  service.measures.streams = {{bytes(), service.measures.streams["payments"]}};
  for (auto& collector : service.collectors) {
    collector.kind = bytes();
    for (auto& node : collector.nodes) node.name = bytes();
  }
}

std::string spoiled_page(unsigned seed) {
  Bytes bytes(seed);
  Snapshot snapshot;
  for (int i = 0; i < 20; ++i) {
    for (ServiceView& service : rich_snapshot().services) {
      spoil(service, bytes);
      snapshot.services.push_back(service);
    }
  }
  ExpositionSettings settings;
  settings.shard = bytes();
  settings.per_node = PerNode::all;
  return render_services(snapshot, settings).text;
}

TEST(AnyBytes, MakeAPageThatIsWellFormed) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const ReadPage page = read_exposition(spoiled_page(seed));
    EXPECT_EQ(page.error, "") << "seed " << seed;
    EXPECT_GT(page.series.size(), 1000U);
  }
}

TEST(AnyBytes, MakeAPageThatPrometheusAccepts) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("mse_any_bytes_" + std::to_string(std::random_device()()));
  for (unsigned seed = 101; seed <= 104; ++seed) {
    std::ofstream(path, std::ios::binary) << spoiled_page(seed);
    const std::string check = "promtool check metrics < " + path.string();
    EXPECT_EQ(std::system(check.c_str()), 0) << "seed " << seed;
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace mse
