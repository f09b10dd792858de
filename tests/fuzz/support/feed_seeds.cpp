// Feeds a fuzz target each file of a folder, each of its beginnings, and each with one byte
// changed.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "target.h"

namespace {

constexpr std::size_t kSteps = 200;  // at most, over the length of a file

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void feed_around(const std::string& bytes) {
  feed(bytes);
  const auto step = bytes.size() / kSteps + 1;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    feed(bytes.substr(0, at));
    for (const char byte : {'\0', '\xff', '"', '\n'}) {
      auto changed = bytes;
      changed[at] = byte;
      feed(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  if (argc == 2)
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      feed_around({std::istreambuf_iterator<char>(file), {}});
      ++files;
    }
  std::printf("%d seeds\n", files);
  return files > 0 ? 0 : 1;
}
