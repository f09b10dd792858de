// Queries as browsers, curl and attackers write them.
#include "exporter/query_string.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(QueryString, IsReadAsBrowsersWriteIt) {
  const auto read = parse_query("service=orders+db&node=pg%2D1%26&&flag&empty=&eq=a=b");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (Parameters{{"service", "orders db"},
                               {"node", "pg-1&"},
                               {"flag", ""},
                               {"empty", ""},
                               {"eq", "a=b"}}));
  EXPECT_EQ(value_of(*read, "node"), "pg-1&");
  EXPECT_EQ(value_of(*read, "absent"), "");
  EXPECT_TRUE(parse_query("")->empty());
}

TEST(QueryString, BrokenOnesAreRefused) {
  for (const char* query : {"a=%", "a=%4", "a=%zz", "a=% 1", "%=a", "a=%+1"}) {
    EXPECT_FALSE(parse_query(query)) << query;
  }
  EXPECT_EQ(parse_query("a=1&a=2").error().message, "A parameter is given twice.");
  std::string many;
  for (int i = 0; i < 33; ++i) many += std::to_string(i) + "=&";
  EXPECT_FALSE(parse_query(many));
}

TEST(QueryString, EscapedTextComesBackAsItWas) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  const std::string escaped = query_escaped(every);
  EXPECT_EQ(escaped.find_first_of(" &=+#<>\"'"), std::string::npos);
  EXPECT_EQ(value_of(*parse_query("v=" + escaped), "v"), every);
  EXPECT_EQ(query_escaped("pg-1.a_b~"), "pg-1.a_b~");
}

}  // namespace
}  // namespace mse
