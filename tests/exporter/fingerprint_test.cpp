// Fingerprints against published vectors and against look-alike inputs.
#include "exporter/fingerprint.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(Fingerprint, Sha256MatchesFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Fingerprint, HmacMatchesRfc4231) {
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Fingerprint, IsStableAndFitsADoubleExactly) {
  const auto print = fingerprint("config/1", {{"a", "1"}});
  EXPECT_EQ(print, fingerprint("config/1", {{"a", "1"}}));
  EXPECT_LT(print, std::uint64_t{1} << 48U);
  EXPECT_EQ(static_cast<std::uint64_t>(static_cast<double>(print)), print);
}

TEST(Fingerprint, TheAlgorithmsVersionIsPartOfIt) {
  EXPECT_NE(fingerprint("config/1", {{"a", "1"}}), fingerprint("config/2", {{"a", "1"}}));
}

TEST(Fingerprint, PartsThatConcatenateAlikeDiffer) {
  EXPECT_NE(fingerprint("x", {{"ab", "c"}}), fingerprint("x", {{"a", "bc"}}));
  EXPECT_NE(fingerprint("x", {{"a", "b"}, {"c", "d"}}), fingerprint("x", {{"a", "b1:c1:d"}}));
  EXPECT_NE(fingerprint("x", {}), fingerprint("x", {{"", ""}}));
}

}  // namespace
}  // namespace mse
