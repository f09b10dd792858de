// Why the history could not be kept.
#pragma once

#include <string_view>

namespace mse {

// Closed: it is a label.
enum class StorageError { corrupt, full, io, busy, other };
inline constexpr StorageError kStorageErrors[] = {StorageError::corrupt, StorageError::full,
                                                  StorageError::io, StorageError::busy,
                                                  StorageError::other};
std::string_view name(StorageError error);

}  // namespace mse
