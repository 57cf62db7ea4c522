// SPDX-License-Identifier: Apache-2.0
//
// Bytes on their way through a worker: counted buffers, slices of them, and queues of slices. Bytes are copied into a
// queue once and then handed from queue to queue; only small pieces are copied again, for that is cheaper. Not
// thread-safe: all of a worker's queues live on it.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace myelin::frame {

class BufferPool;

/// Memory shared by slices. Goes back to its pool with the last of them.
struct alignas(16) Buffer {
  BufferPool* pool;
  Buffer* next;  // in the pool
  uint32_t references;
  uint32_t size_class;
  uint32_t capacity;
  uint32_t used;  // bytes that some slice covers, from the start
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
};

/// Keeps buffers for reuse, up to a bound. Outlives all the queues that it feeds.
class BufferPool {
 public:
  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A buffer for `bytes` or, if they are many, for as many as fit into the largest.
  Buffer* Take(size_t bytes);
  void Give(Buffer* buffer);

  static constexpr std::array<uint32_t, 3> kSizes{512, 4096, 16384};

 private:
  static constexpr size_t kKeptBytes = 4 << 20;  // of each size
  std::array<Buffer*, kSizes.size()> free_{};
  std::array<size_t, kSizes.size()> kept_{};
};

/// Part of a buffer; holds a reference.
class Slice {
 public:
  /// Takes over the reference that `buffer` was taken with.
  Slice(Buffer* buffer, uint32_t begin, uint32_t end) : buffer_(buffer), begin_(begin), end_(end) {}
  Slice(Slice&& other) noexcept
      : buffer_(std::exchange(other.buffer_, nullptr)), begin_(other.begin_), end_(other.end_) {}
  Slice& operator=(Slice&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    return *this;
  }
  ~Slice() {
    if (buffer_ != nullptr && --buffer_->references == 0) buffer_->pool->Give(buffer_);
  }

  const uint8_t* data() const { return buffer_->data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void RemovePrefix(size_t bytes) { begin_ += static_cast<uint32_t>(bytes); }
  /// Its first `bytes`, sharing the buffer.
  Slice Prefix(size_t bytes) const {
    ++buffer_->references;
    return Slice(buffer_, begin_, begin_ + static_cast<uint32_t>(bytes));
  }
  /// Appends in place what fits behind the slice, if nothing stands there. Answers how many bytes.
  size_t Extend(const uint8_t* bytes, size_t size);

 private:
  Buffer* buffer_;
  uint32_t begin_;
  uint32_t end_;
};

class ByteQueue {
 public:
  explicit ByteQueue(BufferPool& pool) : pool_(&pool) {}
  ByteQueue(ByteQueue&&) noexcept = default;
  ByteQueue& operator=(ByteQueue&&) noexcept = default;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear();

  void Append(const uint8_t* bytes, size_t size);
  /// Moves the first `bytes` to the end of `to`; with `copy`, leaves them there as well.
  void MoveTo(ByteQueue& to, size_t bytes, ByteQueue* copy = nullptr);
  /// Puts all of `front` before what is here, and leaves it empty.
  void Prepend(ByteQueue& front);
  /// Calls `visit(data, size)` for the pieces of the first `bytes`.
  template <typename Visit>
  void ForPrefix(size_t bytes, Visit visit) const {
    for (size_t i = head_; bytes > 0; ++i) {
      const size_t part = std::min(bytes, slices_[i].size());
      visit(slices_[i].data(), part);
      bytes -= part;
    }
  }
  /// Fills in the first pieces; answers how many.
  size_t Gather(iovec* pieces, size_t most) const;
  void RemovePrefix(size_t bytes);

 private:
  static constexpr size_t kCopyBelow = 1024;
  void Push(Slice slice);
  void PopFront();

  BufferPool* pool_;
  boost::container::small_vector<Slice, 2> slices_;
  size_t head_ = 0;  // slices before it are gone
  size_t size_ = 0;
};

}  // namespace myelin::frame
