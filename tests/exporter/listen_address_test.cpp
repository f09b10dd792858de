// Listen addresses, right and wrong.
#include "exporter/listen_address.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  const auto plain = parse_listen_address("127.0.0.1:9889");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, 9889);
  EXPECT_FALSE(plain->ipv6);
  const auto v6 = parse_listen_address("[2001:db8::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 0);
  EXPECT_TRUE(v6->ipv6);
}

TEST(ListenAddress, WithoutAHostIsEveryAddress) {
  const auto any = parse_listen_address(":9889");
  ASSERT_TRUE(any);
  EXPECT_EQ(any->host, "");
  EXPECT_FALSE(any->loopback);
}

TEST(ListenAddress, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    ASSERT_TRUE(parse_listen_address(text)) << text;
    EXPECT_TRUE(parse_listen_address(text)->loopback) << text;
  }
  for (const char* text : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[fe80::1]:1"}) {
    ASSERT_TRUE(parse_listen_address(text)) << text;
    EXPECT_FALSE(parse_listen_address(text)->loopback) << text;
  }
}

TEST(ListenAddress, AnythingElseIsAnErrorThatShowsHowItIsWritten) {
  for (const char* text :
       {"", ":", "9889", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:98s", "127.0.0.1:9889,0.0.0.0:80", "127.1:80", "::1:80", "[::1:80", "[]:80",
        "[127.0.0.1]:80", "host.example:80", "[localhost]:80", "127.0.0.1:+80", "x:80"}) {
    const auto result = parse_listen_address(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().message, "listen address \"" + std::string(text) +
                                          "\": expected an IP address and port such as "
                                          "127.0.0.1:9889, [::1]:9889 or :9889");
  }
}

}  // namespace
}  // namespace mse
