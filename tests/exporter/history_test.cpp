// The history file: what comes back, what damage and full disks do to it, and who may open it.
#include "exporter/history.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "exporter/log.h"
#include "tests/exporter/any_histories.h"

namespace mse {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSoon = seconds(20);

// A service whose change has counted `counted` nodes.
Histories counted(std::uint32_t count, Wall at = kThen) {
  Histories out;
  Remembered& service = out["shop"];
  service.at = at;
  RememberedDimension& dimension = service.dimensions["config"];
  dimension.words.begun = true;
  dimension.groups[""].open = RememberedChange{};
  dimension.groups[""].open->started = kThen;
  for (std::uint32_t i = 0; i < 20; ++i) dimension.nodes["node-" + std::to_string(i)].counted = i;
  dimension.nodes["node-0"].counted = count;
  return out;
}

// More than twelve pages hold.
Histories too_much() {
  Histories out = counted(2);
  for (int i = 0; i < 2000; ++i) out["shop"].joined["pod-" + std::to_string(i)] = kThen;
  return out;
}

std::uint32_t count_in(const Histories& histories) {
  const auto service = histories.find("shop");
  if (service == histories.end()) return 0;
  return service->second.dimensions.at("config").nodes.at("node-0").counted;
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    start_log(LogLevel::error, LogFormat::logfmt);
    std::string pattern = fs::temp_directory_path() / "mse-history-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    settings.path = folder_ / "history.db";
    settings.failed = [this](StorageError error) {
      const std::lock_guard lock(mutex_);
      ++failures_[error];
    };
  }
  ~HistoryTest() override {
    start_log(LogLevel::info, LogFormat::logfmt);
    fs::remove_all(folder_);
  }

  std::unique_ptr<History> open() {
    auto opened = History::open(settings);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  bool store(const Histories& histories) {
    const auto history = open();
    history->keep(histories);
    return history->committed(kSoon);
  }
  int failures(StorageError error) {
    const std::lock_guard lock(mutex_);
    return failures_[error];
  }
  std::string bytes() const {
    std::ifstream in(settings.path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void write(const std::string& content) const {
    std::ofstream(settings.path, std::ios::binary) << content;
  }
  int set_aside() const {
    int count = 0;
    for (const auto& file : fs::directory_iterator(folder_))
      count += file.path().string().find(".corrupt-") != std::string::npos ? 1 : 0;
    return count;
  }

  HistorySettings settings;

 private:
  fs::path folder_;
  std::mutex mutex_;
  std::map<StorageError, int> failures_;
};

TEST_F(HistoryTest, EveryFieldComesBack) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Histories written = AnyHistories(seed).histories();
    ASSERT_TRUE(store(written));
    EXPECT_EQ(open()->found(), written) << "seed " << seed;
  }
}

TEST_F(HistoryTest, TheFileIsForItsOwnerAlone) {
  store(counted(1));
  struct stat status{};
  ASSERT_EQ(::stat(settings.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(HistoryTest, OnlyRowsThatDifferAreWritten) {
  EXPECT_TRUE(row_changes(counted(1), counted(1, kThen + seconds(5)), seconds(60)).empty());
  const RowChanges changes = row_changes(counted(1), counted(2, kThen + seconds(5)), seconds(60));
  EXPECT_EQ(changes.rows.size(), 2U);  // the node, and when
  EXPECT_EQ(row_changes(counted(1), counted(1, kThen + seconds(60)), seconds(60)).rows.size(), 1U);
}

TEST_F(HistoryTest, AServiceThatIsGoneLeavesNoRow) {
  store(AnyHistories(1).histories());
  store({});
  EXPECT_TRUE(open()->found().empty());
}

TEST_F(HistoryTest, AChangeThatEndedIsKeptForItsRetention) {
  const auto with_last = [](Wall closed, std::uint32_t serial) {
    Histories out = counted(serial);
    RememberedGroup& group = out["shop"].dimensions["config"].groups[""];
    group.open.reset();
    group.last = RememberedChange{};
    group.last->serial = serial;
    group.last->closed = closed;
    group.last->outcome = Outcome::converged;
    return out;
  };
  const Wall now = std::chrono::system_clock::now();
  store(with_last(now - hours(24 * 91), 1));
  store(with_last(now - hours(24 * 89), 2));
  store(with_last(now, 3));
  auto database = Database::open(settings.path);
  ASSERT_TRUE(database);
  EXPECT_EQ(database->number("SELECT count(*) FROM closed_changes").value(), 2);
  EXPECT_EQ(database->number("SELECT min(serial) FROM closed_changes").value(), 2);
}

TEST_F(HistoryTest, ASecondExporterOnTheSameFileIsRefused) {
  const auto first = open();
  const auto second = History::open(settings);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            settings.path + ": another exporter has this history open; each needs its own");
}

TEST_F(HistoryTest, AFileOfANewerVersionIsRefusedAndStays) {
  store(counted(1));
  {
    auto database = Database::open(settings.path);
    ASSERT_TRUE(database->run("UPDATE format SET version=2; PRAGMA user_version=2"));
  }
  const auto opened = History::open(settings);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            settings.path + ": the history was written by a newer version of the exporter");
  EXPECT_EQ(set_aside(), 0);
}

TEST_F(HistoryTest, AFolderThatIsMissingIsAnError) {
  settings.path = "/nonexistent/history.db";
  const auto opened = History::open(settings);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "/nonexistent/history.db: cannot open the history: No such file or directory");
}

TEST_F(HistoryTest, AFileThatIsNoDatabaseIsSetAsideAndCounted) {
  write(std::string(5000, 'x'));
  EXPECT_TRUE(store(counted(7)));
  EXPECT_EQ(set_aside(), 1);
  EXPECT_EQ(failures(StorageError::corrupt), 1);
  EXPECT_EQ(count_in(open()->found()), 7U);
}

TEST_F(HistoryTest, AnEmptyFileIsANewHistory) {
  write("");
  EXPECT_TRUE(open()->found().empty());
  EXPECT_EQ(set_aside(), 0);
}

// Whatever was done to the file: the start is quick, and either all of it is back or none.
void expect_all_or_nothing(const std::function<std::unique_ptr<History>()>& open,
                           const Histories& written) {
  const auto began = std::chrono::steady_clock::now();
  const auto history = open();
  ASSERT_TRUE(history);
  EXPECT_TRUE(history->found() == written || history->found().empty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(2));
}

TEST_F(HistoryTest, TruncatedAnywhereItStartsAtOnceAndInventsNothing) {
  const Histories written = counted(7);
  store(written);
  const std::string whole = bytes();
  ASSERT_GT(whole.size(), 8192U);
  for (std::size_t size = 0; size < whole.size(); size += 512) {
    write(whole.substr(0, size));
    expect_all_or_nothing([this] { return open(); }, written);
  }
}

TEST_F(HistoryTest, WithAnyBitFlippedItStartsAtOnceAndInventsNothing) {
  const Histories written = counted(7);
  store(written);
  const std::string whole = bytes();
  std::mt19937 random(4711);
  for (int i = 0; i < 300; ++i) {
    std::string flipped = whole;
    // The head of the file and of each page decide most.
    const std::size_t page = i % 3 == 0 ? 0 : 4096 * (random() % (whole.size() / 4096));
    char& byte = flipped[page + random() % (i % 2 == 0 ? 100 : 4096)];
    byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    write(flipped);
    expect_all_or_nothing([this] { return open(); }, written);
  }
}

TEST_F(HistoryTest, AFullDiskCostsNothingButTimeAndIsCounted) {
  settings.most_pages = 12;
  const auto history = open();
  history->keep(counted(1));
  ASSERT_TRUE(history->committed(kSoon));
  history->keep(too_much());
  EXPECT_FALSE(history->committed(kSoon));
  EXPECT_EQ(failures(StorageError::full), 1);
  history->keep(counted(3));
  EXPECT_TRUE(history->committed(kSoon));
}

// While it lives no file can grow.
class NoRoom {
 public:
  NoRoom() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;
  ~NoRoom() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  void (*signal_)(int) = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before_{};
};

TEST_F(HistoryTest, WithoutRoomForAFileItStartsAndWritesOnceThereIsSome) {
  std::unique_ptr<History> history;
  {
    const NoRoom limit;
    history = open();
    ASSERT_TRUE(history);
    history->keep(counted(1));
    EXPECT_FALSE(history->committed(kSoon));
  }
  EXPECT_GE(failures(StorageError::io) + failures(StorageError::full), 2);
  history->keep(counted(2));
  EXPECT_TRUE(history->committed(kSoon));
  history.reset();
  EXPECT_EQ(open()->found(), counted(2));
}

TEST_F(HistoryTest, AFileThatCannotBeReadIsNotWrittenOver) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  store(counted(7));
  fs::permissions(settings.path, fs::perms::none);
  EXPECT_FALSE(History::open(settings));
  fs::permissions(settings.path, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(count_in(open()->found()), 7U);
}

TEST_F(HistoryTest, AFullDiskLeavesWhatWasCommittedBefore) {
  settings.most_pages = 12;
  {
    const auto history = open();
    history->keep(counted(1));
    ASSERT_TRUE(history->committed(kSoon));
    history->keep(too_much());
  }
  settings.most_pages = 0;
  EXPECT_EQ(open()->found(), counted(1));
}

// A child that keeps one count after another and tells each that is committed.
[[noreturn]] void count_until_killed(const HistorySettings& settings, int tell) {
  auto history = History::open(settings);
  if (!history) ::_exit(1);
  for (std::uint32_t count = count_in((*history)->found()) + 1;; ++count) {
    (*history)->keep(counted(count, kThen + seconds(count)));
    if (!(*history)->committed(kSoon)) ::_exit(2);
    if (::write(tell, &count, sizeof count) != sizeof count) ::_exit(3);
  }
}

TEST_F(HistoryTest, KilledAHundredTimesNothingAcknowledgedIsLost) {
  settings.failed = [](StorageError) {};
  std::mt19937 random(42);
  std::uint32_t acknowledged = 0;
  for (int round = 0; round < 100; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) count_until_killed(settings, ends[1]);
    ::close(ends[1]);
    const std::uint32_t least = acknowledged + 1 + random() % 8;
    std::uint32_t count = 0;
    while (acknowledged < least && ::read(ends[0], &count, sizeof count) == sizeof count)
      acknowledged = count;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &count, sizeof count) == sizeof count) acknowledged = count;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    const auto history = open();
    ASSERT_GE(count_in(history->found()), acknowledged) << "round " << round;
    ASSERT_EQ(history->found().at("shop").dimensions.at("config").groups.at("").open->started,
              kThen);
  }
  EXPECT_EQ(set_aside(), 0);
}

}  // namespace
}  // namespace mse
