// Patterns of the shell over real folders, and folders that cannot be listed.
#include "exporter/matching_paths.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace mse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
namespace fs = std::filesystem;

// While it lives, the process can open no more files.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class MatchingPaths : public testing::Test {
 protected:
  MatchingPaths() {
    fs::create_directories(folder_ / "a");
    fs::create_directories(folder_ / "b");
    for (const char* name : {"a/2.json", "a/1.json", "b/3.json", "b/x.txt"})
      std::ofstream(folder_ / name) << "{}";
  }
  ~MatchingPaths() override { fs::remove_all(folder_); }
  std::string path(const std::string& below) const { return (folder_ / below).string(); }

  const fs::path folder_ = fs::temp_directory_path() / ("mse-paths-" + std::to_string(::getpid()));
};

TEST_F(MatchingPaths, AreInTheOrderOfTheirNames) {
  const auto paths = matching_paths(path("*/*.json"));
  ASSERT_TRUE(paths);
  EXPECT_THAT(*paths, ElementsAre(path("a/1.json"), path("a/2.json"), path("b/3.json")));
}

TEST_F(MatchingPaths, AreNoneWhereNothingIsThere) {
  for (const char* pattern : {"a/*.yml", "none/*.json", "*/none/*"}) {
    const auto paths = matching_paths(path(pattern));
    ASSERT_TRUE(paths) << pattern;
    EXPECT_THAT(*paths, IsEmpty()) << pattern;
  }
}

TEST_F(MatchingPaths, AreNotKnownWhenNoFolderCanBeOpened) {
  const NoMoreFiles limit;
  const auto paths = matching_paths(path("*/*.json"));
  ASSERT_FALSE(paths) << "they would all seem to be gone";
  EXPECT_EQ(paths.error().code, EMFILE);
}

TEST_F(MatchingPaths, AreNotKnownWhereAFolderMayNotBeListed) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may list everything";
  fs::permissions(folder_ / "b", fs::perms::none);
  const auto paths = matching_paths(path("*/*.json"));
  fs::permissions(folder_ / "b", fs::perms::owner_all);
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, EACCES);
  EXPECT_EQ(paths.error().path, path("b"));
}

}  // namespace
}  // namespace mse
