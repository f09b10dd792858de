// What Flagger's events declare.
#include "exporter/flagger_event.h"

#include <gtest/gtest.h>

#include "exporter/time_text.h"

namespace mse {
namespace {

const Wall kNow = *parse_timestamp("2026-03-01T12:00:00Z");

// As Flagger posts it, with its own metadata beside that of the canary's author.
std::string event(const std::string& phase, const std::string& target = R"("target": "2.1")",
                  const std::string& message = "Advance checkout.shop canary weight 10") {
  return R"({"name": "checkout", "namespace": "shop", "phase": ")" + phase +
         R"(", "checksum": "85d557f47b", "metadata": {"dimension": "software_version", )" + target +
         R"(, "eventMessage": ")" + message + R"(", "eventType": "Normal",
              "timestamp": "1772366400000"}})";
}

Word word_of(const std::string& json) {
  auto word = parse_flagger_event(json, kNow);
  EXPECT_TRUE(word && *word) << (word ? "nothing" : word.error().message);
  return word && *word ? **word : Word();
}
std::string error_of(const std::string& json) {
  const auto word = parse_flagger_event(json, kNow);
  return word ? "" : word.error().message;
}

std::string with_message(const std::string& phase, const std::string& message) {
  return event(phase, R"("target": "2.1")", message);
}
void expect_nothing(const std::string& json) {
  const auto word = parse_flagger_event(json, kNow);
  ASSERT_TRUE(word) << word.error().message;
  EXPECT_FALSE(*word) << json;
}

TEST(FlaggerEvent, DeclaresTheSameChangeWhileTheCanaryIsUnderWay) {
  const auto first = std::get<Announcement>(word_of(event("Progressing")));
  EXPECT_EQ(first.scope.service, "checkout");
  const auto& what = std::get<AnnouncedChange>(first.what);
  EXPECT_EQ(what.dimension, "software_version");
  EXPECT_EQ(what.declaration.state, "2.1");
  EXPECT_EQ(what.declaration.deploy_id, "85d557f47b");
  EXPECT_EQ(what.declaration.deadline, kNow + std::chrono::hours(1));
  for (const char* phase : {"WaitingPromotion", "Promoting", "Finalising"}) {
    const auto again = std::get<Announcement>(word_of(event(phase)));
    EXPECT_EQ(again.id, first.id) << phase;
    EXPECT_EQ(again.content, first.content) << phase;
  }
}

TEST(FlaggerEvent, ClosesIt) {
  const auto id = std::get<Announcement>(word_of(event("Progressing"))).id;
  const auto succeeded = std::get<Ending>(word_of(event("Succeeded")));
  EXPECT_EQ(succeeded.id, id);
  EXPECT_FALSE(succeeded.abandoned);
  const auto failed = std::get<Ending>(word_of(event("Failed")));
  EXPECT_EQ(failed.id, id);
  EXPECT_TRUE(failed.abandoned);
}

TEST(FlaggerEvent, NamesAnotherServiceAndDeadline) {
  const auto said = std::get<Announcement>(word_of(event(
      "Progressing",
      R"("target": "2.1", "service": "checkout-eu", "deadline": "20m", "deploy_id": "d-7")")));
  EXPECT_EQ(said.scope.service, "checkout-eu");
  EXPECT_EQ(std::get<AnnouncedChange>(said.what).declaration.deadline,
            kNow + std::chrono::minutes(20));
  EXPECT_EQ(std::get<AnnouncedChange>(said.what).declaration.deploy_id, "d-7");
}

TEST(FlaggerEvent, OfAFirstDeploymentOrAnEndStandsForNothing) {
  for (const char* phase : {"Initializing", "Initialized", "Terminating", "Terminated"})
    expect_nothing(event(phase));
}

// It comes after the one that says that the canary failed, still with the phase of before.
TEST(FlaggerEvent, OfACheckAfterTheRolloutStandsForNothing) {
  for (const char* phase : {"Progressing", "Finalising"}) {
    expect_nothing(with_message(phase, "Post-rollout check notify passed"));
    expect_nothing(with_message(phase, "Post-rollout hook notify failed timeout"));
  }
}

TEST(FlaggerEvent, OfACanaryThatWaitsForApprovalDeclaresNothingYet) {
  expect_nothing(event("Waiting"));
  expect_nothing(with_message("Waiting", "Confirm-rollout check gate passed"));
  expect_nothing(
      with_message("Progressing", "Halt checkout.shop advancement waiting for approval gate"));
  word_of(with_message("Progressing",
                       "Halt checkout.shop advancement waiting for promotion approval gate"));
  word_of(with_message("Progressing", "Halt checkout.shop advancement error rate 2% > 1%"));
}

TEST(FlaggerEvent, NeedsTheChecksumOnlyWhereItNamesTheDeploy) {
  const auto without = [](const std::string& phase, const std::string& more) {
    return R"({"name": "checkout", "phase": ")" + phase +
           R"(", "metadata": {"dimension": "software_version", "target": "2.1")" + more + "}}";
  };
  const auto said =
      std::get<Announcement>(word_of(without("Progressing", R"(, "deploy_id": "d")")));
  EXPECT_EQ(std::get<AnnouncedChange>(said.what).declaration.deploy_id, "d");
  EXPECT_EQ(std::get<Ending>(word_of(without("Failed", R"(, "deploy_id": "d")"))).id, said.id);
  EXPECT_EQ(error_of(without("Progressing", "")), "checksum: is missing");
  expect_nothing(without("Initialized", ""));
}

TEST(FlaggerEvent, WithNullForMetadataHasNone) {
  expect_nothing(R"({"name": "a", "phase": "Initialized", "checksum": "c", "metadata": null})");
  EXPECT_EQ(error_of(R"({"name": "a", "phase": "Progressing", "checksum": "c", "metadata": null})"),
            "metadata: target: is missing");
}

TEST(FlaggerEvent, ThatIsNotOneSaysWhatIsWrong) {
  EXPECT_EQ(error_of("[]"), "expected a JSON object");
  EXPECT_EQ(error_of("{}"), "name: is missing");
  EXPECT_EQ(error_of(event("Exploded")), "phase: expected a phase of Flagger's");
  EXPECT_EQ(error_of(event("Progressing", R"("x": "y")")), "metadata: target: is missing");
  EXPECT_EQ(error_of(R"({"name": "a", "phase": "Progressing", "checksum": "c"})"),
            "metadata: target: is missing");
  EXPECT_EQ(error_of(event("Progressing", R"("target": "1", "deadline": "soon")")),
            "deadline: expected a time such as 2026-03-01T12:00:00Z or a duration such as 30m");
}

}  // namespace
}  // namespace mse
