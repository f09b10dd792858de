// Which replication histories are one lineage: an id that changes at each failover names the one
// before.
#pragma once

#include <map>
#include <set>
#include <string>

namespace mse {

// Pure. A lineage goes by its oldest id that is known, so that it keeps its name over failovers.
class Lineages {
 public:
  // `id` follows upon `former`; upon nothing when that is empty.
  void join(const std::string& id, const std::string& former);
  // Of the lineage that `id` belongs to; `id` itself when it was never joined.
  const std::string& name(const std::string& id) const;
  // Forgets the lineages that none of `ids` belongs to.
  void keep(const std::set<std::string>& ids);

 private:
  std::map<std::string, std::string> before_;  // by id, one that is nearer to the oldest
};

}  // namespace mse
