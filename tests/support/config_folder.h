// A private folder with what the example configurations refer to, and loading from it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/load_config.h"
#include "fake_kinds.h"

namespace mse {

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
  return files;
}

class ConfigFolder : public testing::Test {
 protected:
  ConfigFolder() {
    std::filesystem::create_directories(folder_);
    write("pg.pass", "hunter2\n");
    write("redis.pass", "hunter4\n");
    write("hook.token", "hunter6\n");
    ::setenv("PGPASSWORD", "hunter3", 1);
    ::unsetenv("MSE_TEST_UNSET");
  }
  ~ConfigFolder() override {
    ::unsetenv("PGPASSWORD");
    std::filesystem::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& bytes) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  Result<Config> load(const std::string& yaml) {
    return load_config(write("config.yml", yaml), fake_kinds());
  }
  // What is wrong with `yaml`, without the file's name.
  std::string refused(const std::string& yaml) {
    const auto config = load(yaml);
    if (config) return "";
    const auto prefix = (folder_ / "config.yml:").string();
    EXPECT_EQ(config.error().message.substr(0, prefix.size()), prefix);
    return config.error().message.substr(prefix.size());
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("config_test." + std::to_string(::getpid()));
};

}  // namespace mse
