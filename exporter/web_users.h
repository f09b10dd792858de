// Users of the web configuration: their passwords checked, and remembered as checked.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/options.h"

namespace mse {

struct Credentials {
  std::string user;
  Secret password;
};

// Of an Authorization header's value; nothing when it is no Basic one (RFC 7617).
std::optional<Credentials> basic_credentials(std::string_view authorization);

// Whether `password` has that bcrypt hash. Takes as long as its cost says: 50 ms at cost 10. Any
// thread.
bool verify_password(const Secret& hash, const Secret& password);

// The hash of `user`, or one of the same cost that no password is known to have: so that a user who
// does not exist cannot be told from a wrong password by the time it takes.
Secret hash_to_check(const std::map<std::string, Secret>& users, const std::string& user);

// What was verified with a result: for each user the last right password, and some wrong ones.
// Holds digests only, and knows a hash by them too: a changed one is not remembered. A flood of
// wrong passwords never drives out a right one. One thread.
class VerifiedCredentials {
 public:
  std::optional<bool> known(const Credentials& credentials, const Secret& hash) const;
  void remember(const Credentials& credentials, const Secret& hash, bool right);
  std::size_t size() const { return right_.size() + wrong_.size(); }

 private:
  std::map<std::string, std::string> right_;  // user → digest
  std::list<std::string> wrong_;              // digests, newest first
};

}  // namespace mse
