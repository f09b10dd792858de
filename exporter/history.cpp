// The file's life: opened, read, set aside when damaged, and written by rows.
#include "exporter/history.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "exporter/fingerprint.h"
#include "exporter/log.h"

namespace mse {
namespace {

constexpr std::int64_t kVersion = 1;

// How often it is noted that time has passed, if nothing else has happened.
constexpr Duration kHeartbeat = std::chrono::seconds(60);

constexpr std::size_t kChecksumDigits = 16;

// SQLite does not notice a flipped bit in a value.
std::string checksum(const RowKey& key, const std::string& value) {
  std::string all;
  for (const std::string* part : {&key.service, &key.dimension, &key.kind, &key.name, &value})
    all += std::to_string(part->size()) + ":" + *part;
  return sha256_hex(all).substr(0, kChecksumDigits);
}

StorageFailure damaged(std::string text) {
  return {StorageError::corrupt, std::move(text)};
}

// A statement of ours that is wrong for the file is so because the file is.
bool is_damage(const StorageFailure& failure) {
  return failure.error == StorageError::corrupt || failure.error == StorageError::other;
}

// Whether the file is only in want of room: there is nothing in it, or it could be made. Else what
// it holds would be lost by going on without it, or somebody has misspelled its name.
bool holds_nothing(const std::filesystem::path& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  if (!missing) return size == 0;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return missing == std::errc::no_such_file_or_directory &&
         (::access(folder.c_str(), W_OK | X_OK) == 0 || errno == EROFS);
}

std::int64_t nanoseconds(Wall at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

// Inside a transaction, a statement that ends without a row.
Stored<void> finish(Statement& statement) {
  const auto done = statement.step();
  if (!done) return tl::unexpected(done.error());
  return {};
}

}  // namespace

Result<std::unique_ptr<History>> History::open(HistorySettings settings) {
  std::unique_ptr<History> out(new History(std::move(settings)));
  const std::string& path = out->settings_.path;
  auto begun = out->begin();
  if (!begun && !out->newer_ && is_damage(begun.error())) {
    out->set_aside(begun.error());
    begun = out->begin();
  }
  if (out->newer_)
    return mse::fail(path + ": the history was written by a newer version of the exporter");
  if (!begun && begun.error().error == StorageError::busy)
    return mse::fail(path + ": another exporter has this history open; each needs its own");
  if (!begun && !holds_nothing(path))
    return mse::fail(path + ": cannot open the history: " + begun.error().text);
  if (!begun) {
    out->fail(begun.error());
    out->stored_.clear();
    out->whole_ = true;
  }
  out->found_ = out->stored_;
  out->writer_ = std::thread([history = out.get()] { history->work(); });
  return out;
}

History::~History() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (writer_.joinable()) writer_.join();
}

// Opens the file and takes in what it has.
Stored<void> History::begin() {
  auto opened = Database::open(settings_.path);
  if (!opened) return tl::unexpected(opened.error());
  database_ = std::move(*opened);
  stored_.clear();
  if (auto done = read(); !done) return done;
  if (settings_.most_pages == 0) return {};
  const std::string limit = "PRAGMA max_page_count=" + std::to_string(settings_.most_pages);
  return database_->run(limit.c_str());
}

// The version is stored twice, so that a damaged one is not taken for a newer.
Stored<void> History::read() {
  const auto version = database_->number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto tables = database_->number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*version == 0 && *tables == 0) return create();
  const auto again = database_->number("SELECT version FROM format");
  if (!again || *again != *version || *version < 1)
    return tl::unexpected(damaged("not a history of this exporter"));
  newer_ = *version > kVersion;
  if (newer_) return tl::unexpected(StorageFailure{});
  return take_rows();
}

Stored<void> History::take_rows() {
  auto rows =
      database_->prepare("SELECT service, dimension, kind, name, value, checksum FROM remembered");
  if (!rows) return tl::unexpected(damaged(rows.error().text));
  for (;;) {
    const auto row = rows->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    const RowKey key{rows->text(0), rows->text(1), rows->text(2), rows->text(3)};
    const std::string value = rows->text(4);
    if (rows->text(5) != checksum(key, value) || !take_row(key, value, stored_))
      return tl::unexpected(damaged("a row of it is damaged"));
  }
}

Stored<void> History::create() {
  return database_->run(
      "BEGIN;"
      "CREATE TABLE format (version INTEGER NOT NULL);"
      "INSERT INTO format VALUES (1);"
      "CREATE TABLE remembered (service TEXT, dimension TEXT, kind TEXT, name TEXT, value TEXT,"
      " checksum TEXT, PRIMARY KEY (service, dimension, kind, name)) WITHOUT ROWID;"
      "CREATE TABLE closed_changes (service TEXT, dimension TEXT, grp TEXT, serial INTEGER,"
      " closed INTEGER, value TEXT, PRIMARY KEY (service, dimension, grp, serial)) WITHOUT ROWID;"
      "CREATE INDEX closed_changes_by_time ON closed_changes (closed);"
      "PRAGMA user_version=1;"
      "COMMIT");
}

void History::set_aside(const StorageFailure& failure) {
  fail(failure);
  database_.reset();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string aside =
      settings_.path + ".corrupt-" +
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string from = settings_.path + suffix;
    if (std::rename(from.c_str(), (aside + suffix).c_str()) != 0 && errno != ENOENT)
      log(LogLevel::error, "cannot set the damaged history aside",
          {{"file", from}, {"error", std::strerror(errno)}});
  }
  log(LogLevel::warn, "the history was damaged and is begun anew",
      {{"file", settings_.path}, {"set_aside_as", aside}});
}

void History::fail(const StorageFailure& failure) {
  settings_.failed(failure.error);
  log_limited("history/" + std::string(name(failure.error)), std::chrono::steady_clock::now(),
              LogLevel::error, "cannot read or write the history",
              {{"file", settings_.path}, {"reason", name(failure.error)}, {"error", failure.text}});
}

void History::keep(Histories histories) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(histories);
    ++kept_;
  }
  wake_.notify_one();
}

bool History::committed(Duration within) {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = kept_;
  return done_.wait_for(lock, within, [&] { return tried_ >= wanted; }) && last_stored_;
}

void History::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return waiting_ || stopping_; });
    if (!waiting_) return;
    const Histories newest = *std::exchange(waiting_, std::nullopt);
    const std::uint64_t number = kept_;
    lock.unlock();
    const bool stored = store(newest);
    lock.lock();
    last_stored_ = stored;
    tried_ = number;
    done_.notify_all();
  }
}

// After a failure the file is opened again and written whole: what it holds is not known.
bool History::store(const Histories& histories) {
  auto done = whole_ ? begin_anew() : Stored<void>();
  if (done) done = write(row_changes(stored_, histories, kHeartbeat));
  if (done) {
    if (whole_) log(LogLevel::info, "the history is written again", {{"file", settings_.path}});
    stored_ = histories;
    whole_ = false;
    return true;
  }
  whole_ = true;
  if (done.error().error == StorageError::corrupt) {
    set_aside(done.error());
  } else {
    fail(done.error());
  }
  return false;
}

Stored<void> History::begin_anew() {
  database_.reset();
  return begin();
}

Stored<void> History::write(const RowChanges& changes) {
  if (changes.empty()) return {};
  auto done = database_->run("BEGIN IMMEDIATE");
  if (done) done = write_rows(changes);
  if (done) done = write_closed(changes);
  if (done) done = database_->run("COMMIT");
  if (!done) static_cast<void>(database_->run("ROLLBACK"));
  return done;
}

Stored<void> History::write_rows(const RowChanges& changes) {
  auto put = database_->prepare("INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return tl::unexpected(put.error());
  auto drop = database_->prepare(
      "DELETE FROM remembered WHERE service=? AND dimension=? AND kind=? AND name=?");
  if (!drop) return tl::unexpected(drop.error());
  for (const auto& [key, value] : changes.rows) {
    Statement& statement = value ? *put : *drop;
    statement.bind(key.service).bind(key.dimension).bind(key.kind).bind(key.name);
    if (value) statement.bind(*value).bind(checksum(key, *value));
    if (auto done = finish(statement); !done) return done;
  }
  return {};
}

Stored<void> History::write_closed(const RowChanges& changes) {
  if (changes.closed.empty()) return {};
  auto put = database_->prepare("INSERT OR REPLACE INTO closed_changes VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return tl::unexpected(put.error());
  for (const ClosedRow& row : changes.closed) {
    put->bind(row.group.service).bind(row.group.dimension).bind(row.group.name);
    put->bind(std::int64_t{row.serial}).bind(nanoseconds(row.closed)).bind(row.value);
    if (auto done = finish(*put); !done) return done;
  }
  auto prune = database_->prepare("DELETE FROM closed_changes WHERE closed < ?");
  if (!prune) return tl::unexpected(prune.error());
  prune->bind(nanoseconds(std::chrono::system_clock::now()) -
              std::chrono::nanoseconds(settings_.retention).count());
  return finish(*prune);
}

}  // namespace mse
