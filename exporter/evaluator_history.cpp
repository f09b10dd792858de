// What an evaluator leaves to the next run, and goes on from.
#include "exporter/evaluator_memory.h"

namespace mse {

Remembered Evaluator::remember(Now now) const {
  const Memory& memory = *memory_;
  if (memory.restored) return *memory.restored;
  Remembered out;
  if (!memory.begun) return out;
  out.at = now.wall;
  for (const Member* member : memory.all)
    out.joined.emplace(member->settings.name, memory.clocks.wall(member->joined));
  for (const auto& [name, dimension] : memory.dimensions)
    out.dimensions.emplace(name, dimension->remember(memory.all, memory.clocks));
  return out;
}

bool Evaluator::restore(const Remembered& remembered, Now now) {
  Memory& memory = *memory_;
  const Restoring clocks(remembered.at, now);
  memory.clock = now.mono;
  memory.restored = remembered;
  for (const auto& [node, joined] : remembered.joined)
    memory.joined[node] = clocks.past(joined).mono;
  for (Member* member : memory.all) {
    const auto before = memory.joined.find(member->settings.name);
    member->joined = before == memory.joined.end() ? now.mono : before->second;
  }
  for (const auto& [name, dimension] : remembered.dimensions)
    memory.dimension(name).restore(dimension, clocks);
  return !clocks.stepped_back();
}

}  // namespace mse
