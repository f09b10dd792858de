// The file collector over real files: states, links that are swapped, and what is no file.
#include "collectors/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <thread>

#include "collectors/file_thread.h"
#include "exporter/load_config.h"
#include "tests/support/client_loop.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

std::set<std::string> differing(const State& one, const State& other) {
  std::set<std::string> keys;
  for (const auto& [part, digest] : one.parts)
    if (!other.parts.contains(part) || other.parts.at(part) != digest) keys.insert(part);
  for (const auto& [part, digest] : other.parts)
    if (!one.parts.contains(part)) keys.insert(part);
  return keys;
}

class Files : public testing::Test {
 protected:
  Files() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  std::unique_ptr<Collector> collector(const std::string& yaml) {
    auto options = parse_options(yaml, (folder_ / "config.yml").string());
    EXPECT_TRUE(options) << options.error().message;
    auto made = make_file(*options);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::string refused(const std::string& yaml, const Options::Node& node = {}) {
    auto options = parse_options(yaml, "f.yml");
    auto made = make_file(options->on_node(node));
    return made ? "" : made.error().message;
  }
  Polled<Report> poll(const std::string& yaml) {
    const auto made = collector(yaml);
    const auto session = made->open("", process_.environment);
    return process_.run(session->poll(Depth::narrow, in(std::chrono::seconds(10))));
  }
  State state(const std::string& yaml) {
    const auto report = poll(yaml);
    EXPECT_TRUE(report) << report.error().text;
    const auto* found =
        report ? std::get_if<State>(&report->dimensions.at("config").outcome) : nullptr;
    EXPECT_NE(found, nullptr);
    return found != nullptr ? *found : State{};
  }
  Failure failure(const std::string& yaml) {
    const auto report = poll(yaml);
    EXPECT_FALSE(report);
    return report ? Failure{} : report.error();
  }

  fs::path folder_ = fs::temp_directory_path() / ("file_test." + std::to_string(::getpid()));
  ClientLoop process_;
};

TEST_F(Files, TheSameSettingsInTwoFormsAreEqualAndOneDifferenceIsNamed) {
  write("a.yml", "pool: {size: 10}\nlevel: info\n");
  write("b.yml", "# b\nlevel: info\npool:\n  size: 10\n");
  write("c.yml", "level: info\npool: {size: 11}\n");
  EXPECT_EQ(state("path: a.yml").key, state("path: b.yml").key);
  EXPECT_THAT(differing(state("path: a.yml"), state("path: c.yml")), ElementsAre("pool.size"));
}

TEST_F(Files, AMissingFileIsAbsentAndAnEmptyOneIsNot) {
  write("empty.yml", "");
  const auto missing = poll("path: missing.yml");
  ASSERT_TRUE(missing);
  EXPECT_TRUE(std::holds_alternative<Absent>(missing->dimensions.at("config").outcome));
  const auto none = poll("path: 'none/*.yml'");
  ASSERT_TRUE(none);
  EXPECT_TRUE(std::holds_alternative<Absent>(none->dimensions.at("config").outcome));
  EXPECT_THAT(state("path: empty.yml").parts, IsEmpty());
}

TEST_F(Files, OfAGlobEachFileIsNamedAndAMissingOneShows) {
  write("one/app.yml", "a: 1");
  write("one/empty.yml", "");
  write("one/.hidden.yml", "a: 2");
  write("one/folder.yml/x", "");
  write("two/app.yml", "a: 2");
  EXPECT_THAT(differing(state("path: 'one/*.yml'"), state("path: 'two/*.yml'")),
              ElementsAre("app.yml: a", "empty.yml"));
}

TEST_F(Files, FilesOfOneNameInTwoFoldersAreNotMistakenForEachOther) {
  write("1/x/app.yml", "a: 1");
  write("1/y/app.yml", "a: 2");
  write("2/x/app.yml", "a: 2");
  write("2/y/app.yml", "a: 1");
  EXPECT_THAT(differing(state("path: '1/*/app.yml'"), state("path: '2/*/app.yml'")),
              ElementsAre("x/app.yml: a", "y/app.yml: a"));
  EXPECT_NE(state("paths: [1/x/app.yml, 1/y/app.yml]").key,
            state("paths: [2/x/app.yml, 2/y/app.yml]").key);
}

TEST_F(Files, IgnoredKeysAreLeftOutWithWhatIsBelowThem) {
  write("a.yml", "node: {id: 1, zone: a}\nnodes: 1\nlevel: x");
  write("b.yml", "node: {id: 2, zone: b}\nnodes: 2\nlevel: x");
  const auto one = state("{path: a.yml, ignore: [node]}");
  EXPECT_THAT(differing(one, state("{path: b.yml, ignore: [node]}")), ElementsAre("nodes"));
}

TEST_F(Files, SecretsAreComparedOutsideTheFingerprint) {
  write("a.yml", "db: {password: canary-1, url: x}\nmine: canary-1");
  write("b.yml", "db: {password: canary-2, url: x}\nmine: canary-2");
  const auto one = state("{path: a.yml, secret: [mine]}");
  const auto other = state("{path: b.yml, secret: [mine]}");
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key.secret_digest, other.key.secret_digest);
  EXPECT_THAT(differing(one, other), ElementsAre("db.password", "mine"));
}

TEST_F(Files, ATextFileOfASecretIsASecret) {
  write("one/pg.pass", "canary-1");
  write("two/pg.pass", "canary-2");
  EXPECT_EQ(state("path: one/pg.pass").key.fingerprint, state("path: two/pg.pass").key.fingerprint);
  EXPECT_NE(state("path: one/pg.pass").key, state("path: two/pg.pass").key);
}

TEST_F(Files, WhatIsNoFileHasAReasonAndIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  fs::create_directory(folder_ / "folder");
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_EQ(failure("path: fifo").reason, Reason::protocol);
  EXPECT_THAT(failure("path: folder").text, HasSubstr("is not a regular file"));
  EXPECT_EQ(failure("path: /dev/zero").reason, Reason::protocol);
  EXPECT_EQ(failure("path: loop").reason, Reason::internal);
  write("broken.json", "{\"a\": canary");
  EXPECT_EQ(failure("path: broken.json").reason, Reason::protocol);
  EXPECT_THAT(failure("path: broken.json").text, Not(HasSubstr("canary")));
}

TEST_F(Files, BudgetsOfBytesAndFilesHold) {
  write("long.txt", std::string(101, 'x'));
  EXPECT_EQ(failure("{path: long.txt, max_bytes: 100}").reason, Reason::too_large);
  for (int i = 0; i <= 100; ++i) write("many/" + std::to_string(i), "");
  EXPECT_EQ(failure("path: 'many/*'").reason, Reason::too_large);
}

TEST_F(Files, WhatMayNotBeReadIsNotTakenForMissing) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  write("closed.yml", "a: 1");
  write("shut/a.yml", "a: 1");
  ::chmod((folder_ / "closed.yml").c_str(), 0);
  ::chmod((folder_ / "shut").c_str(), 0);
  EXPECT_EQ(failure("path: closed.yml").reason, Reason::permission);
  EXPECT_EQ(failure("path: shut/a.yml").reason, Reason::permission);
  EXPECT_EQ(failure("path: 'shut/*.yml'").reason, Reason::permission);
  ::chmod((folder_ / "shut").c_str(), 0700);
}

// As the kubelet does it: the folder's files are links through ..data, which is renamed over.
TEST_F(Files, ALinkSwappedWhileReadingGivesTheOldOrTheNewNeverAMix) {
  const auto mounted = folder_ / "mounted";
  // Each version has a folder of its own, which goes when the next is there.
  const auto swap_to = [&](int version) {
    const auto name = "..v" + std::to_string(version);
    write("mounted/" + name + "/a.yml", "v: " + std::to_string(version));
    write("mounted/" + name + "/b.yml", "v: " + std::to_string(version));
    fs::create_directory_symlink(name, mounted / "..data_tmp");
    fs::rename(mounted / "..data_tmp", mounted / "..data");
    fs::remove_all(mounted / ("..v" + std::to_string(version - 1)));
  };
  swap_to(0);
  for (const auto* name : {"a.yml", "b.yml"})
    fs::create_symlink(fs::path("..data") / name, mounted / name);
  const auto before = state("path: 'mounted/*.yml'");
  constexpr int kSwaps = 500;
  std::atomic<bool> ended = false;
  std::thread swapper([&] {
    for (int i = 1; i <= kSwaps; ++i) swap_to(i);
    ended = true;
  });
  int reads = 0;
  for (bool last = false; !last; ++reads) {
    last = ended;
    const auto files = read_files({(mounted / "*.yml").string()}, {});
    if (!files) {
      EXPECT_FALSE(last) << files.error().text;
      EXPECT_EQ(files.error().reason, Reason::partial) << files.error().text;
      continue;
    }
    EXPECT_EQ(files->size(), 2U);
    EXPECT_EQ(files->front().bytes, files->back().bytes);
    if (last) {
      EXPECT_EQ(files->front().bytes, "v: " + std::to_string(kSwaps));
    }
  }
  swapper.join();
  EXPECT_GT(reads, 1);
  EXPECT_THAT(before.parts, testing::SizeIs(4));
}

TEST_F(Files, AReadThatHangsCostsItsDeadlineAndOneThread) {
  struct Gate {
    std::mutex lock;
    std::condition_variable opened;
    bool open = false;
    std::atomic<int> reads = 0;
  };
  const auto gate = std::make_shared<Gate>();
  const auto session = open_thread_session([gate]() -> Polled<Report> {
    ++gate->reads;
    std::unique_lock held(gate->lock);
    gate->opened.wait(held, [&] { return gate->open; });
    return Report{};
  });
  const auto poll = [&](Duration limit) {
    return process_.run(session->poll(Depth::narrow, in(limit)));
  };
  for (int i = 0; i < 3; ++i) {
    const auto report = poll(std::chrono::milliseconds(20));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, Reason::deadline);
  }
  EXPECT_EQ(gate->reads, 1);
  {
    const std::lock_guard held(gate->lock);
    gate->open = true;
  }
  gate->opened.notify_all();
  const auto limit = in(std::chrono::seconds(10));
  while (!poll(std::chrono::seconds(1))) ASSERT_LT(std::chrono::steady_clock::now(), limit);
}

TEST_F(Files, ASessionMayGoWhileItsReadHangs) {
  const auto open = std::make_shared<std::atomic<bool>>(false);
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  {
    ClientLoop other;
    auto session = open_thread_session([open, ended]() -> Polled<Report> {
      while (!*open) std::this_thread::yield();
      *ended = true;
      return Report{};
    });
    asio::co_spawn(other.loop, session->poll(Depth::narrow, in(std::chrono::hours(1))),
                   [](const std::exception_ptr&, const Polled<Report>&) {});
    other.loop.poll();
    session.reset();
  }
  *open = true;
  while (!*ended) std::this_thread::yield();
}

TEST_F(Files, ThePathNamesTheNode) {
  write("nodes/web-1.yml", "a: 1");
  const auto options = parse_options("path: 'nodes/{node}.yml'", (folder_ / "c.yml").string());
  const auto made = make_file(options->on_node({"web-1", "10.0.0.1"}));
  ASSERT_TRUE(made);
  const auto session = (*made)->open("", process_.environment);
  const auto report = process_.run(session->poll(Depth::narrow, in(std::chrono::seconds(10))));
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(std::holds_alternative<State>(report->dimensions.at("config").outcome));
}

TEST_F(Files, SettingsThatAreWrongAreRefused) {
  EXPECT_THAT(refused("{}"), HasSubstr("path: missing, expected the path of a file, or a glob"));
  EXPECT_THAT(refused("{path: a, paths: [b]}"), HasSubstr("either it or `paths`, not both"));
  EXPECT_THAT(refused("paths: []"), HasSubstr("paths: expected a list of paths or globs"));
  EXPECT_THAT(refused("{path: a, format: toml}"),
              HasSubstr("format: expected auto, yaml, json, ini, properties, env or text"));
  EXPECT_THAT(refused("{path: a, dimension: 'A b'}"), HasSubstr("lower-case letters"));
  EXPECT_THAT(refused("{path: a, max_bytes: 0}"), HasSubstr("from 1 to 16777216"));
  EXPECT_THAT(refused("path: '{node}.yml'", {"../etc/passwd", ""}), HasSubstr("for {node}"));
  EXPECT_THAT(refused("path: '{address}.yml'", {"a", "/run/x"}), HasSubstr("for {address}"));
}

}  // namespace
}  // namespace mse
