// Passwords, and what is remembered of them.
#include "exporter/web_users.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

const Secret kHash("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");  // U*U

Credentials of(const std::string& user, const std::string& password) {
  return {user, Secret(password)};
}

TEST(WebUsers, APasswordIsRightOrNot) {
  EXPECT_TRUE(verify_password(kHash, Secret("U*U")));
  EXPECT_TRUE(verify_password(Secret("$2a$05$" + kHash.reveal().substr(7)), Secret("U*U")));
  EXPECT_FALSE(verify_password(kHash, Secret("U*U ")));
  EXPECT_FALSE(verify_password(kHash, Secret("")));
  EXPECT_FALSE(verify_password(Secret("*0"), Secret("U*U")));
  EXPECT_FALSE(verify_password(Secret(""), Secret("")));
}

TEST(WebUsers, AnUnknownUserCostsTheSameAndIsNeverRight) {
  const std::map<std::string, Secret> users{{"alice", kHash}};
  EXPECT_EQ(hash_to_check(users, "alice"), kHash);
  const auto other = hash_to_check(users, "mallory");
  EXPECT_EQ(other.reveal().substr(0, 7), "$2y$05$");
  EXPECT_EQ(other.reveal().size(), kHash.reveal().size());
  EXPECT_FALSE(verify_password(other, Secret("U*U")));
}

TEST(WebUsers, BasicCredentialsAreUserColonPassword) {
  const auto credentials = basic_credentials("Basic YWxpY2U6VSpV");
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->user, "alice");
  EXPECT_EQ(credentials->password, Secret("U*U"));
  EXPECT_EQ(basic_credentials("bAsIc  YTpiOmM=")->password, Secret("b:c"));
  EXPECT_EQ(basic_credentials("Basic Og==")->user, "");
}

TEST(WebUsers, WhatIsNotBasicIsNone) {
  for (const char* text : {"", "Basic", "Basic ", "Bearer YWxpY2U6VSpV", "Basic YWxpY2U",
                           "Basic ????", "Basic YWxpY2U=", "Basic YQBiOmM=", "BasicYWxpY2U6VSpV"}) {
    EXPECT_FALSE(basic_credentials(text)) << text;
  }
}

TEST(VerifiedCredentials, AreKnownWithTheirResult) {
  VerifiedCredentials verified;
  EXPECT_FALSE(verified.known(of("alice", "U*U"), kHash));
  verified.remember(of("alice", "U*U"), kHash, true);
  verified.remember(of("alice", "x"), kHash, false);
  EXPECT_EQ(verified.known(of("alice", "U*U"), kHash), true);
  EXPECT_EQ(verified.known(of("alice", "x"), kHash), false);
  EXPECT_FALSE(verified.known(of("bob", "U*U"), kHash));
}

TEST(VerifiedCredentials, AChangedHashIsNotRemembered) {
  VerifiedCredentials verified;
  verified.remember(of("alice", "U*U"), kHash, true);
  EXPECT_FALSE(verified.known(of("alice", "U*U"), Secret("$2y$05$other")));
}

TEST(VerifiedCredentials, PartsThatJoinAlikeAreNotAlike) {
  VerifiedCredentials verified;
  verified.remember(of("a", "bc"), Secret("h"), false);
  EXPECT_FALSE(verified.known(of("ab", "c"), Secret("h")));
  EXPECT_FALSE(verified.known(of("a", "c"), Secret("hb")));
}

TEST(VerifiedCredentials, AFloodOfWrongPasswordsIsBoundedAndDrivesNoRightOneOut) {
  VerifiedCredentials verified;
  verified.remember(of("alice", "U*U"), kHash, true);
  for (int i = 0; i < 1000; ++i) {
    verified.remember(of("alice", std::to_string(i)), kHash, false);
  }
  EXPECT_EQ(verified.known(of("alice", "U*U"), kHash), true);
  EXPECT_EQ(verified.known(of("alice", "999"), kHash), false);
  EXPECT_FALSE(verified.known(of("alice", "0"), kHash));
  EXPECT_LE(verified.size(), 200U);
}

}  // namespace
}  // namespace mse
