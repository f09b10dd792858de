// Addresses as people write them.
#include "collectors/client/address.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(Address, HasItsPortOrTheDefaultOne) {
  const std::pair<const char*, Address> table[] = {
      {"pg-1.internal", {"pg-1.internal", 5432, false}},
      {"pg-1.internal:6432", {"pg-1.internal", 6432, false}},
      {"10.0.0.1:1", {"10.0.0.1", 1, false}},
      {"[::1]:6432", {"::1", 6432, false}},
      {"[::1]", {"::1", 5432, false}},
      {"::1", {"::1", 5432, false}},
      {"/run/postgresql", {"/run/postgresql", 5432, true}},
      {"/run/with:colon", {"/run/with:colon", 5432, true}},
  };
  for (const auto& [text, address] : table) EXPECT_EQ(parse_address(text, 5432), address) << text;
}

TEST(Address, WhatIsNoneIsAnErrorThatSaysWhy) {
  const std::pair<std::string, const char*> table[] = {
      {"", "the address is empty"},
      {":5432", "the address has no host"},
      {"[]:5432", "the address has no host"},
      {"host:", "the port must be a number from 1 to 65535, not \"\""},
      {"host:0", "the port must be a number from 1 to 65535, not \"0\""},
      {"host:65536", "the port must be a number from 1 to 65535, not \"65536\""},
      {"host:5432x", "the port must be a number from 1 to 65535, not \"5432x\""},
      {"[::1", "the address lacks its closing ]"},
      {"[::1]5432", "after the host only :port may follow"},
      {std::string("ho\0st", 5), "the address holds a NUL byte"},
  };
  for (const auto& [text, message] : table) {
    const auto address = parse_address(text, 5432);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().message, message);
  }
}

}  // namespace
}  // namespace mse
