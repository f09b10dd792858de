// SQLite's calls with their results named.
#include "exporter/database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mse {
namespace {

StorageError error_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:  // the file itself was opened for writing: its head says so
      return StorageError::corrupt;
    case SQLITE_FULL:
      return StorageError::full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return StorageError::io;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StorageError::busy;
    default:
      return StorageError::other;
  }
}

// SQLite gives its side files the mode of the file itself, and creates that as the umask says.
Stored<void> create(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return tl::unexpected(StorageFailure{StorageError::io, std::strerror(errno)});
  ::fchmod(file, S_IRUSR | S_IWUSR);
  ::close(file);
  return {};
}

}  // namespace

std::string_view name(StorageError error) {
  constexpr std::string_view kNames[] = {"corrupt", "full", "io", "busy", "other"};
  return kNames[static_cast<std::size_t>(error)];
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), ++bound_, number);
  return *this;
}

Stored<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  const std::string text = sqlite3_errmsg(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  bound_ = 0;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(StorageFailure{error_of(code), text});
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

StorageFailure Database::failure() const {
  return {error_of(sqlite3_extended_errcode(database_.get())), sqlite3_errmsg(database_.get())};
}

Stored<Database> Database::open(const std::string& path) {
  if (const auto created = create(path); !created) return tl::unexpected(created.error());
  Database out;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  out.database_.reset(raw);
  if (code != SQLITE_OK) return tl::unexpected(out.failure());
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (const auto checked = out.check(); !checked) return tl::unexpected(checked.error());
  return out;
}

// The lock first: whoever has the file may be writing.
Stored<void> Database::check() {
  for (const char* sql :
       {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
        "PRAGMA trusted_schema=OFF", "BEGIN EXCLUSIVE", "COMMIT"}) {
    if (auto done = run(sql); !done) return done;
  }
  auto statement = prepare("PRAGMA quick_check(1)");
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  if (const std::string answer = statement->text(0); answer != "ok")
    return tl::unexpected(StorageFailure{StorageError::corrupt, answer});
  return {};
}

Stored<void> Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected(failure());
}

Stored<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
  Statement out;
  out.statement_.reset(raw);
  if (code != SQLITE_OK) return tl::unexpected(failure());
  return out;
}

Stored<std::int64_t> Database::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->number(0) : 0;
}

}  // namespace mse
