// Composes the grants of all concerns.
#include "collectors/postgres_grants.h"

#include <set>

#include "collectors/postgres_positions.h"

namespace mse {
namespace {

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

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
  const auto role = quoted(user);
  const auto name = quoted(database);
  std::string out = "CREATE ROLE " + role + " LOGIN;\n-- then give it a password: \\password " +
                    role + "\nGRANT CONNECT ON DATABASE " + name + " TO " + role + ";\n";
  std::set<std::string> seen;
  append_new_lines(out, seen, grants_of_positions(role));
  for (const auto& concern : concerns) {
    if (concern.grants != nullptr) append_new_lines(out, seen, concern.grants(role, name));
  }
  return out;
}

}  // namespace mse
