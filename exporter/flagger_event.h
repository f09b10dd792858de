// Flagger's event hook as words of the changes API.
#pragma once

#include <optional>
#include <string_view>

#include "exporter/announcement.h"

namespace mse {

// {name, namespace, phase, checksum, metadata}, as a webhook of type `event` posts it. The metadata
// that the canary's author writes names, as for the gate, `dimension` and `target`, and the service
// and the deploy id where they are not the canary's name and the checksum; and the deadline, an
// hour without one. From Progressing to Finalising the change is declared, again and again, which
// changes nothing; Succeeded finishes it, Failed abandons it. Nothing for other phases, such as
// Waiting (for approval) and a first deployment's, nor for what Flagger's eventMessage tells of
// checks after a rollout and of a halt until approval, whatever the phase. Other keys that Flagger
// adds are not looked at.
Result<std::optional<Word>> parse_flagger_event(std::string_view json, Wall now);

}  // namespace mse
