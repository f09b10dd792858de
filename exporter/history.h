// Keeps what is remembered of services in a file, written by a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "exporter/database.h"
#include "exporter/history_rows.h"

namespace mse {

struct HistorySettings {
  std::string path;
  Duration retention = std::chrono::hours(24 * 90);  // of changes that ended
  // Each time the file could not be read or written; on the thread that opens, then on the writer.
  std::function<void(StorageError)> failed = [](StorageError) {};
  std::int64_t most_pages = 0;  // for tests: SQLite refuses to grow beyond; 0: no limit
};

// A file that cannot be written costs nothing but its content: what is remembered stays in memory,
// and is written whole as soon as that succeeds again. One that is damaged is set aside as
// NAME.corrupt-<unix time>, and begun anew.
class History {
 public:
  // Reads what there is. An error when another process has the file, when a newer version wrote it,
  // or when it cannot be opened at all, but for an empty one that wants room.
  static Result<std::unique_ptr<History>> open(HistorySettings settings);
  // Writes what was kept last.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // What an earlier run left.
  const Histories& found() const { return found_; }

  // To be written; of several that wait only the newest is. Returns at once. Any thread.
  void keep(Histories histories);

  // Waits until what was kept before is committed. False: it is not, by then or because it could
  // not be.
  bool committed(Duration within);

 private:
  explicit History(HistorySettings settings) : settings_(std::move(settings)) {}

  Stored<void> begin();
  Stored<void> read();
  Stored<void> take_rows();
  Stored<void> create();
  Stored<void> write(const RowChanges& changes);
  Stored<void> write_rows(const RowChanges& changes);
  Stored<void> write_closed(const RowChanges& changes);
  Stored<void> begin_anew();
  void set_aside(const StorageFailure& failure);
  void fail(const StorageFailure& failure);
  bool store(const Histories& histories);
  void work();

  HistorySettings settings_;
  Histories found_;

  // Of the thread that opens, then of the writer.
  std::optional<Database> database_;
  Histories stored_;
  bool whole_ = false;  // what is in the file is not known
  bool newer_ = false;  // a newer version wrote it

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::optional<Histories> waiting_;
  std::uint64_t kept_ = 0, tried_ = 0;
  bool last_stored_ = true, stopping_ = false;
  std::thread writer_;
};

}  // namespace mse
