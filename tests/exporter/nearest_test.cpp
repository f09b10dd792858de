// Suggestions for misspelt words.
#include "exporter/nearest.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

const Words kWords{"address", "labels", "name", "serving"};

TEST(Nearest, OneEditIsNear) {
  for (const auto* wrong : {"adress", "addresss", "addrass", "adderss"})
    EXPECT_EQ(nearest(wrong, kWords), "address") << wrong;
}

TEST(Nearest, AThirdOfTheWordMayBeWrongAndNoMore) {
  EXPECT_EQ(nearest("sevring", kWords), "serving");
  EXPECT_EQ(nearest("laabl", kWords), std::nullopt);
  EXPECT_EQ(nearest("naem", kWords), "name");
  EXPECT_EQ(nearest("nmea", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
}

TEST(Nearest, TheFewestEditsWin) {
  EXPECT_EQ(nearest("names", {"game", "name", "namely"}), "name");
  EXPECT_EQ(nearest("name", {"name", "names"}), "name");
}

TEST(Nearest, LongWordsAreNotCompared) {
  const std::string word(65, 'a');
  EXPECT_EQ(nearest(word, {word}), std::nullopt);
  EXPECT_EQ(nearest(std::string(64, 'a'), {std::string(64, 'a'), word}), std::string(64, 'a'));
}

TEST(Nearest, HintsNameTheNearestElseAllThatIsKnown) {
  EXPECT_EQ(hint("adress", kWords), "did you mean `address`?");
  EXPECT_EQ(hint("zzz", kWords), "known are address, labels, name, serving");
  EXPECT_EQ(hint("zzz", {"name"}), "known is name");
  EXPECT_EQ(hint("zzz", {}), "none is known");
}

}  // namespace
}  // namespace mse
