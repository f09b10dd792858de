// A flag that is true while something goes on, however that ends.
#pragma once

namespace mse {

// Sets `flag` while it lives; the flag outlives it. One thread.
class Busy {
 public:
  explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
  ~Busy() { flag_ = false; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  bool& flag_;
};

}  // namespace mse
