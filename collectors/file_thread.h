// A session that reads by blocking calls, each poll on a thread of its own.
#pragma once

#include <functional>
#include <memory>

#include "exporter/collector.h"

namespace mse {

// `read` is called on another thread, never twice at once, and must own what it uses: where it
// hangs it outlives the session. A poll while an earlier read hangs is Failure deadline at once, so
// there is at most one thread a session. Positions: unsupported.
std::unique_ptr<Session> open_thread_session(std::function<Polled<Report>()> read);

}  // namespace mse
