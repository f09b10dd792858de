// What people and pipelines announce over HTTP: a change and its end, an acknowledgement, a hold.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "exporter/config.h"
#include "exporter/declaration.h"
#include "exporter/result.h"
#include "exporter/snapshot.h"

namespace mse {

// Whom it is about: one service, or each that has the owner and the tier.
struct Scope {
  std::string service;      // empty: by the next two
  std::string owner, tier;  // empty: any

  std::string text() const;  // "orders-db", "owner=payments,tier=critical"
};

struct AnnouncedChange {
  std::string dimension;
  Declaration declaration;  // its times are known
  std::string link;         // http(s), of the deploy; may be empty
};

enum class AnnouncementKind { change, acknowledgement, hold };
inline constexpr auto kAnnouncementKinds = every<AnnouncementKind, AnnouncementKind::hold>();
std::string_view name(AnnouncementKind kind);

struct Announcement {
  std::string id;       // 16 hex; of a change by scope, dimension and deploy id, else by all of it
  std::string content;  // its JSON, keys sorted: what a retry repeats
  Wall said_at{};       // from which on what it leaves out counts: its start, how long it lasts
  Scope scope;
  std::variant<AnnouncedChange, Acknowledgement, ManualHold> what;

  AnnouncementKind kind() const { return static_cast<AnnouncementKind>(what.index()); }
};

// The end of a deploy. Finished: what is not at the target is late from now on. Abandoned: the
// services go back to where they came from.
struct Ending {
  std::string id;  // of the change
  bool abandoned = false;
};

// That an acknowledgement or a hold is taken back before its end.
struct Release {
  AnnouncementKind kind = AnnouncementKind::hold;
  std::string id;
};

using Word = std::variant<Announcement, Ending, Release>;

// {service or selector: {owner?, tier?}, dimension, deploy_id, state, deadline, from?, started?,
// nodes?, dimensions?, link?}, or {service or selector, dimension, deploy_id, closed: "finished" or
// "abandoned"}. Times are those of declarations; `started` is by default `now`, the deadline at
// most a year away. An error names the key and what was expected.
Result<Word> parse_change(std::string_view json, Wall now);

// {service or selector, dimension, owner, reason, until, nodes?, keys?, states?}. `until` is a time
// or a duration after `now`, at most a year away.
Result<Word> parse_acknowledgement(std::string_view json, Wall now);

// {service or selector, owner, reason, until}.
Result<Word> parse_hold(std::string_view json, Wall now);

// The one of these for that kind.
Result<Word> parse_word(AnnouncementKind kind, std::string_view json, Wall now);

}  // namespace mse
