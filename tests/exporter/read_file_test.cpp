// Reading a file: whole, within a limit, and never waiting on what is no file.
#include "exporter/read_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mse {
namespace {

using testing::HasSubstr;

class ReadFile : public testing::Test {
 protected:
  ReadFile() { std::filesystem::create_directories(folder_); }
  ~ReadFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& bytes) {
    const auto path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("read_file_test." + std::to_string(::getpid()));
};

TEST_F(ReadFile, GivesEveryByte) {
  const std::string bytes("a\0\xff\n", 4);
  EXPECT_EQ(read_file(write(bytes), 4).value(), bytes);
  EXPECT_EQ(read_file(write(""), 4).value(), "");
}

TEST_F(ReadFile, LongerThanTheLimitIsAnError) {
  EXPECT_THAT(read_file(write("12345"), 4).error().message, HasSubstr("is longer than 4 bytes"));
}

TEST_F(ReadFile, AFileThatSaysNoSizeIsReadWithinTheLimitToo) {
  EXPECT_THAT(read_file("/proc/self/status", 16).error().message, HasSubstr("is longer than 16"));
  EXPECT_THAT(read_file("/proc/self/status", 65536).value(), HasSubstr("Name:"));
}

TEST_F(ReadFile, AMissingFileIsNamed) {
  EXPECT_THAT(read_file("/nowhere/file", 4).error().message,
              HasSubstr("cannot read /nowhere/file: No such file"));
}

TEST_F(ReadFile, WhatIsNoRegularFileIsNotWaitedFor) {
  const auto fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(read_file(fifo, 4).error().message, HasSubstr("is not a regular file"));
  EXPECT_THAT(read_file(folder_, 4).error().message, HasSubstr("is not a regular file"));
  EXPECT_THAT(read_file("/dev/zero", 4).error().message, HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace mse
