// What may be announced over HTTP, and the sentence for what may not.
#include "exporter/announcement.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "exporter/time_text.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using testing::ElementsAre;

const Wall kNow = *parse_timestamp("2026-03-01T12:00:00Z");

Word word_of(AnnouncementKind kind, const std::string& json) {
  const auto word = parse_word(kind, json, kNow);
  EXPECT_TRUE(word) << word.error().message;
  return word.value_or(Ending{});
}
Announcement said(AnnouncementKind kind, const std::string& json) {
  return std::get<Announcement>(word_of(kind, json));
}
Announcement change(const std::string& more = "", const std::string& whom = R"("service": "a")") {
  return said(AnnouncementKind::change, "{" + whom +
                                            R"(, "dimension": "config", "deploy_id": "d",
    "state": 42, "deadline": "30m")" + more +
                                            "}");
}

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

// The first line of each names its kind and what is wrong with the rest.
TEST(Announcement, EachInvalidFileIsRefusedWithItsOwnSentence) {
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(tests_dir() / "changes/invalid")) {
    const auto text = text_of(file);
    const auto end = text.find('\n');
    const auto colon = text.find(": ");
    const auto word_kind = text.substr(2, colon - 2);
    const auto expected = text.substr(colon + 2, end - colon - 2);
    const auto found = std::find_if(kAnnouncementKinds.begin(), kAnnouncementKinds.end(),
                                    [&](auto known) { return name(known) == word_kind; });
    ASSERT_NE(found, kAnnouncementKinds.end()) << file;
    const auto word = parse_word(*found, text.substr(end), kNow);
    EXPECT_EQ(word ? "accepted" : word.error().message, expected) << file;
    ++files;
  }
  EXPECT_GE(files, 40);
}

TEST(Announcement, AChangeHoldsWhatThePipelineWrote) {
  const auto whole = change(R"(, "from": "41", "started": "2026-03-01T11:00:00Z",
    "nodes": ["pg-1"], "dimensions": ["schema"], "link": "https://ci/7")");
  EXPECT_EQ(whole.scope.service, "a");
  const auto& [dimension, told, link] = std::get<AnnouncedChange>(whole.what);
  EXPECT_EQ(dimension, "config");
  EXPECT_EQ(told.state, "42");
  EXPECT_EQ(told.from, "41");
  EXPECT_EQ(told.deploy_id, "d");
  EXPECT_EQ(format_timestamp(told.deadline), "2026-03-01T11:30:00Z");
  EXPECT_THAT(told.nodes, ElementsAre("pg-1"));
  EXPECT_THAT(told.dimensions, ElementsAre("schema"));
  EXPECT_EQ(link, "https://ci/7");
}

TEST(Announcement, AChangeStartsWhenItIsToldUnlessItSaysOtherwise) {
  const auto started = [](const Announcement& whole) {
    return std::get<AnnouncedChange>(whole.what).declaration.started;
  };
  EXPECT_EQ(started(change()), kNow);
  EXPECT_EQ(started(change(R"(, "started": "2026-03-01T12:04:00Z")")), kNow)
      << "a clock that is a little ahead opens it at once";
}

TEST(Announcement, IsTheSameHoweverItIsWritten) {
  const auto one = said(AnnouncementKind::hold,
                        R"({"service": "a", "owner": "o", "reason": "r", "until": "2h"})");
  const auto other =
      said(AnnouncementKind::hold, R"({"until":"2h","reason":"r","owner":"o","service":"a"})");
  EXPECT_EQ(one.id, other.id);
  EXPECT_EQ(one.content, other.content);
  EXPECT_EQ(one.id.size(), 16U);
}

TEST(Announcement, AChangeIsKnownByServiceDimensionAndDeployAlone) {
  EXPECT_EQ(change().id, change(R"(, "from": "40")").id);
  EXPECT_NE(change().content, change(R"(, "from": "40")").content);
  EXPECT_NE(change().id, change("", R"("service": "b")").id);
  EXPECT_NE(change().id, change("", R"("selector": {"owner": "a"})").id);
  const auto end = std::get<Ending>(word_of(
      AnnouncementKind::change,
      R"({"service": "a", "dimension": "config", "deploy_id": "d", "closed": "abandoned"})"));
  EXPECT_EQ(end.id, change().id);
  EXPECT_TRUE(end.abandoned);
}

TEST(Announcement, HostileTextIsRepairedAndCut) {
  const auto hold = said(AnnouncementKind::hold,
                         R"({"service": "a", "owner": "o\u0000\u001b[31m\u2028", "reason": ")" +
                             std::string(5000, 'x') + R"(", "until": "2h"})");
  const auto& what = std::get<ManualHold>(hold.what);
  EXPECT_EQ(what.owner, "o  [31m ");
  EXPECT_LE(what.reason.size(), 268U);
}

TEST(Announcement, DeepAndLongTextIsRefusedWithoutHarm) {
  for (const char* opening : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string deep;
    while (deep.size() < 60000) deep += opening;
    EXPECT_FALSE(parse_change(deep, kNow));
  }
  std::string closed(20000, '[');
  closed.append(20000, ']');
  EXPECT_EQ(parse_change(closed, kNow).error().message, "nested deeper than 8");
}

TEST(Announcement, AcknowledgesNodesKeysAndStates) {
  const auto whole = said(AnnouncementKind::acknowledgement,
                          R"({"selector": {"owner": "payments", "tier": "critical"},
    "dimension": "config", "owner": "dba", "reason": "reporting", "until": "2026-03-02",
    "nodes": ["pg-2"], "keys": ["work_mem"], "states": ["41"]})");
  EXPECT_EQ(whole.scope.text(), "owner=payments,tier=critical");
  const auto& what = std::get<Acknowledgement>(whole.what);
  EXPECT_EQ(what.who, "dba");
  EXPECT_EQ(what.why, "reporting");
  EXPECT_EQ(format_timestamp(what.until), "2026-03-02T00:00:00Z");
  EXPECT_THAT(what.nodes, ElementsAre("pg-2"));
  EXPECT_THAT(what.keys, ElementsAre("work_mem"));
  EXPECT_THAT(what.states, ElementsAre("41"));
}

}  // namespace
}  // namespace mse
