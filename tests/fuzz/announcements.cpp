// What is announced over HTTP: the first line is change, acknowledgement, hold or flagger, the rest
// the body.
#include "exporter/announcements.h"
#include "exporter/flagger_event.h"
#include "exporter/time_text.h"
#include "tests/fuzz/support/target.h"

namespace {

// What is accepted comes back from history as it was.
void keep(const mse::Announcement& said, mse::Wall now) {
  using namespace mse;
  Announcements all, later;
  must_hold(all.accept(said, "fuzz", {"web"}, now).has_value(), "an announcement is accepted");
  later.restore("web", all.remember("web"));
  must_hold(later.remember("web") == all.remember("web"), "history gives back what it was told");
  must_hold(later.declarations("web") == all.declarations("web"), "also what is told of it");
  static_cast<void>(all.hold("web", now));
  must_hold(all.acknowledgements("web", now).size() < 2, "one is one");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  const auto bytes = bytes_of(data, size);
  const auto end = std::min(bytes.find('\n'), bytes.size());
  const auto first = bytes.substr(0, end);
  const auto body = bytes.substr(std::min(end + 1, bytes.size()));
  const Wall now = *parse_timestamp("2026-03-01T12:00:00Z");
  if (first == "flagger") {
    const auto word = parse_flagger_event(body, now);
    must_hold(word || !word.error().message.empty(), "a refusal says why");
    return 0;
  }
  auto kind = AnnouncementKind::change;
  for (const auto known : kAnnouncementKinds)
    if (name(known) == first) kind = known;
  const auto word = parse_word(kind, body, now);
  must_hold(word || !word.error().message.empty(), "a refusal says why");
  if (!word) return 0;
  if (const auto* said = std::get_if<Announcement>(&*word)) keep(*said, now);
  return 0;
}
