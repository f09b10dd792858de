// The file collector: configuration files beside the exporter, or mounted there, as a node's state.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "collectors/file_formats.h"
#include "collectors/file_reading.h"
#include "exporter/collector.h"

namespace mse {

struct FileSettings {
  std::string dimension = "config";
  std::vector<std::string> patterns;
  std::optional<FileFormat> format;  // not said: by each file's name
  std::vector<std::string> ignore, secret;
  FileLimits limits;
};

// The state of `files`: a part per key, named "key", or "file: key" where several files are asked
// for; there each file is a part too, so that one that is missing shows. `ignore` and `secret` name
// a part, a key in any file, or what the keys below begin with (`server` covers `server.port` and
// `server[0]`). A key is also secret by its name, by its value, or by a file named like a key or
// password (is_secret). Absent without files. Failure protocol: a file is not of its format; the
// text quotes no value. Pure.
Polled<Reading> file_reading(const std::vector<FoundFile>& files, const FileSettings& settings,
                             const std::string& hmac_key);

// The settings of one `collect: - file:` entry:
//   dimension (config), path or paths (each may be a glob; {node} and {address} stand for the
//   node's), format (auto: by the file's name; yaml, json, ini, properties, env, text), ignore,
//   secret, max_bytes (1048576 of each file).
// Needs no address. Its errors are those of options.finish(). A poll reads on a thread of its own,
// so that a remote disk that hangs costs this node only: deadline until the read has ended.
Result<std::unique_ptr<Collector>> make_file(Options options);

}  // namespace mse
