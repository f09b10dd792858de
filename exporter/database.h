// One SQLite file, opened so that what is committed survives a power cut and nobody else writes it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/result.h"
#include "exporter/storage_error.h"

namespace mse {

struct StorageFailure {
  StorageError error = StorageError::other;
  std::string text;  // SQLite's own words
};
template <typename T>
using Stored = tl::expected<T, StorageFailure>;

// A prepared statement: bound from the left, stepped to the end.
class Statement {
 public:
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);

  // True: there is a row. A statement that ended is bound anew.
  Stored<bool> step();
  std::string text(int column) const;
  std::int64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

// One thread at a time. Every call may block on the disk.
class Database {
 public:
  // Creates the file with mode 0600; its folder must be there. WAL, synchronous FULL, locked for
  // this process alone: StorageError::busy when another one has it. A file that fails SQLite's
  // quick check is `corrupt`.
  static Stored<Database> open(const std::string& path);

  Stored<void> run(const char* sql);
  Stored<Statement> prepare(const char* sql);
  // A pragma's or query's first number.
  Stored<std::int64_t> number(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  StorageFailure failure() const;
  Stored<void> check();

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace mse
