// What was announced over HTTP and holds, or held until lately: who may be told of it, and until
// when.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "exporter/announcement.h"
#include "exporter/remembered.h"

namespace mse {

// How an announcement stands in one service.
struct Standing {
  std::string back_to;             // where its service came from; empty: it has not opened there
  std::optional<Outcome> outcome;  // of a change that ended
  std::optional<Wall> ended;

  friend bool operator==(const Standing&, const Standing&) = default;
};

struct Announced {
  Announcement said;
  std::string by;              // the identity of whoever sent it
  Wall at{};                   // when it was said: read anew from then, it means the same
  std::optional<Wall> closed;  // when its end was announced, or it was taken back
  bool abandoned = false;
  std::map<std::string, Standing> services;  // never empty
};

// The status and the sentence of an answer.
struct Refused {
  int status = 400;
  std::string sentence;
};
template <typename T>
using Accepted = tl::expected<T, Refused>;

// What a service is, to those that name it.
struct ServiceFacts {
  std::string name, owner, tier;
  std::set<std::string, std::less<>> dimensions;  // that are compared
};

// The services that it is about. Refused where there is none, or one by name does not compare the
// dimension.
Accepted<std::vector<std::string>> services_of(const Announcement& said,
                                               const std::vector<ServiceFacts>& all);

// Whether `said`, an event of a tool that sends some late, repeats a change that was abandoned no
// more than five minutes ago: an echo of what failed. A run of the same once more is declared by
// its events after that, one of other content, such as another target or deploy id, at once.
bool is_echo(const Announcement& said, const std::vector<Announced>& all, Wall now);

// Pure: the time is told. A reference or pointer holds until the next call that is not const.
class Announcements {
 public:
  // A repetition, which has the same id and content, gives what there is, unless that is over: it
  // has reached its end, or is a change that ended and was closed. Refused: another content under
  // the id of a change that is not over (409), and more than 1,000 in all (429).
  Accepted<const Announced*> accept(const Announcement& said, const std::string& by,
                                    const std::vector<std::string>& services, Wall now);

  const Announced* find(AnnouncementKind kind, const std::string& id) const;

  // The end of a change that is known; `back_to` is where each service was, for an abandoned one. A
  // service goes nowhere where another change took its place, or where it ended without having
  // opened. Told again it changes nothing; refused when it had another end, and when it is not
  // known where a service was.
  Accepted<const Announced*> end(const Ending& ending,
                                 const std::map<std::string, std::string>& back_to, Wall now);

  // Told again it changes nothing.
  Accepted<const Announced*> release(const Release& release, Wall now);

  // What holds of a service: its changes that have not ended, as declarations by dimension, the
  // oldest first; its acknowledgements; and the hold that ends last.
  std::vector<std::pair<std::string, Declaration>> declarations(const std::string& service) const;
  std::vector<Acknowledgement> acknowledgements(const std::string& service, Wall now) const;
  std::optional<ManualHold> hold(const std::string& service, Wall now) const;

  // What the rules say of the changes of a service that was evaluated: `seen` gives the change of a
  // dimension with a deploy id, nothing when they know of none.
  using Seen = std::function<std::optional<ChangeView>(const std::string& dimension,
                                                       const std::string& deploy_id)>;
  void settle(const ServiceView& view, const Seen& seen, Wall now);

  // Drops what ended long ago.
  void forget(Wall now);

  // All of it, oldest first; the same object until something changes.
  std::shared_ptr<const std::vector<Announced>> all();

  // History. What cannot be read any more is left out.
  std::map<std::string, RememberedAnnouncement> remember(const std::string& service) const;
  void restore(const std::string& service,
               const std::map<std::string, RememberedAnnouncement>& remembered);

 private:
  // Whether another change of its dimension was announced since.
  bool replaced(const Announced& announced, const std::string& service) const;
  Accepted<std::map<std::string, Standing>> turned_back(
      const Announced& entry, const std::map<std::string, std::string>& back_to, Wall now) const;
  std::optional<Outcome> outcome_unseen(const Announced& announced, const std::string& service,
                                        Wall now) const;

  std::map<std::string, Announced> entries_;  // by id
  std::shared_ptr<const std::vector<Announced>> all_;
};

}  // namespace mse
