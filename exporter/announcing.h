// What the changes API answers, without a socket.
#pragma once

#include <memory>
#include <string_view>

#include "exporter/announcements.h"
#include "exporter/page.h"
#include "exporter/routes.h"
#include "exporter/server.h"

namespace mse {

// Answers GET with what is in force and what ended lately, POST with what is announced by it, and
// DELETE of an `id` with what is taken back. Whatever changes something needs settings.announce
// (else 403) and a caller with an identity (else 403, also on this machine), and gets a line in the
// log, also when it is refused. POST must be JSON by its Content-Type (else 415), which a foreign
// page in a browser cannot send.
Answer announcements(AnnouncementKind kind, const Request& request,
                     const std::shared_ptr<const Page>& page, const ServerSettings& settings);
// The same for one event of Flagger's, which gets 200 where it stands for nothing, or repeats what
// failed minutes ago.
Answer flagger_event(const Request& request, const std::shared_ptr<const Page>& page,
                     const ServerSettings& settings);
Answer announcement(AnnouncementKind kind, std::string_view id, const Request& request,
                    const ServerSettings& settings);

}  // namespace mse
