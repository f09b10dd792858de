// Composes the grants of all concerns.
#include "collectors/postgres_grants.h"

#include <set>

#include "collectors/postgres_positions.h"
#include "collectors/postgres_quoting.h"

namespace mse {
namespace {

void append_new_lines(std::string& out, std::set<std::string>& seen, const std::string& lines) {
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    const auto line = lines.substr(at, end - at);
    if (seen.insert(line).second) out += line + "\n";
    at = end + 1;
  }
}

}  // namespace

std::string postgres_grants(const std::string& user, const std::string& database,
                            const std::vector<PostgresConcern>& concerns) {
  const auto role = identifier(user);
  const auto name = identifier(database);
  const auto quote = dollar_quote(role);
  std::string out = "\\connect " + name + "\nDO " + quote + " BEGIN CREATE ROLE " + role +
                    " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END " + quote +
                    ";\n-- then give it a password: \\password " + role +
                    "\nGRANT CONNECT ON DATABASE " + name + " TO " + role + ";\n";
  std::set<std::string> seen;
  append_new_lines(out, seen, grants_of_positions(role));
  for (const auto& concern : concerns) {
    if (concern.grants != nullptr) append_new_lines(out, seen, concern.grants(role, name));
  }
  return out;
}

}  // namespace mse
