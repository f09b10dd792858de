// libFuzzer: replies of a Redis server, cut in two at a place the input chooses.
#include "collectors/client/redis_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto cut = bytes.size() * data[0] / 256;
  mse::RedisReader reader(1U << 16U);
  for (const auto piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    if (!reader.feed(piece)) return 0;
    for (;;) {
      const auto reply = reader.next();
      if (!reply) return 0;
      if (!*reply) break;
    }
  }
  return 0;
}
