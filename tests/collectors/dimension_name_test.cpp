// Which names a user may give a dimension.
#include "collectors/dimension_name.h"

#include <gtest/gtest.h>

#include "exporter/load_config.h"

namespace mse {
namespace {

bool is_taken(const std::string& name) {
  auto options = parse_options("{dimension: '" + name + "'}", "settings.yml");
  static_cast<void>(read_dimension(*options));
  return options->finish().has_value();
}

TEST(DimensionName, IsLowerCaseAndBeginsWithALetter) {
  for (const char* right : {"v", "feature_flags", "v2", "a_"})
    EXPECT_TRUE(is_taken(right)) << right;
  for (const char* wrong : {"", "V", "2v", "_v", "a-b", "a b", "ä"})
    EXPECT_FALSE(is_taken(wrong)) << wrong;
}

TEST(DimensionName, IsOfSixtyFourCharactersAtMost) {
  EXPECT_TRUE(is_taken(std::string(64, 'a')));
  EXPECT_FALSE(is_taken(std::string(65, 'a')));
}

}  // namespace
}  // namespace mse
