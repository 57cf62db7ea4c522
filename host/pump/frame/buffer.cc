// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace myelin::frame {

BufferPool::~BufferPool() {
  for (Buffer* first : free_) {
    while (first != nullptr) std::free(std::exchange(first, first->next));
  }
}

Buffer* BufferPool::Take(size_t bytes) {
  uint32_t size_class = 0;
  while (size_class + 1 < kSizes.size() && kSizes[size_class] < bytes) ++size_class;
  Buffer* buffer = free_[size_class];
  if (buffer != nullptr) {
    free_[size_class] = buffer->next;
    kept_[size_class] -= kSizes[size_class];
  } else {
    void* memory = std::malloc(sizeof(Buffer) + kSizes[size_class]);
    if (memory == nullptr) throw std::bad_alloc();
    buffer = new (memory) Buffer{this, nullptr, 0, size_class, kSizes[size_class], 0};
  }
  buffer->references = 1;
  buffer->used = 0;
  return buffer;
}

void BufferPool::Give(Buffer* buffer) {
  const uint32_t size_class = buffer->size_class;
  if (kept_[size_class] >= kKeptBytes) {
    std::free(buffer);
    return;
  }
  buffer->next = free_[size_class];
  free_[size_class] = buffer;
  kept_[size_class] += kSizes[size_class];
}

size_t Slice::Extend(const uint8_t* bytes, size_t size) {
  if (end_ != buffer_->used) return 0;
  const size_t part = std::min<size_t>(size, buffer_->capacity - end_);
  std::memcpy(buffer_->data() + end_, bytes, part);
  end_ += static_cast<uint32_t>(part);
  buffer_->used = end_;
  return part;
}

void ByteQueue::Clear() {
  slices_.clear();
  head_ = 0;
  size_ = 0;
}

void ByteQueue::Append(const uint8_t* bytes, size_t size) {
  size_ += size;
  if (head_ < slices_.size()) {
    const size_t part = slices_.back().Extend(bytes, size);
    bytes += part;
    size -= part;
  }
  while (size > 0) {
    Slice slice(pool_->Take(size), 0, 0);
    const size_t part = slice.Extend(bytes, size);
    slices_.push_back(std::move(slice));
    bytes += part;
    size -= part;
  }
}

void ByteQueue::Push(Slice slice) {
  size_ += slice.size();
  slices_.push_back(std::move(slice));
}

// The memory goes back at once; the empty place it leaves is cleared away with others.
void ByteQueue::PopFront() {
  size_ -= slices_[head_].size();
  { const Slice gone = std::move(slices_[head_]); }
  if (++head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
  } else if (head_ >= 32 && head_ * 2 >= slices_.size()) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void ByteQueue::MoveTo(ByteQueue& to, size_t bytes, ByteQueue* copy) {
  while (bytes > 0) {
    Slice& front = slices_[head_];
    const size_t part = std::min(bytes, front.size());
    bytes -= part;
    if (copy != nullptr) copy->Push(front.Prefix(part));
    if (part < kCopyBelow) {
      to.Append(front.data(), part);
      RemovePrefix(part);
    } else if (part < front.size()) {
      to.Push(front.Prefix(part));
      RemovePrefix(part);
    } else {
      Slice whole = std::move(front);
      PopFront();
      to.Push(std::move(whole));
    }
  }
}

void ByteQueue::Prepend(ByteQueue& front) {
  front.size_ += size_;
  for (size_t i = head_; i < slices_.size(); ++i) front.slices_.push_back(std::move(slices_[i]));
  *this = std::move(front);
  front = ByteQueue(*pool_);
}

size_t ByteQueue::Gather(iovec* pieces, size_t most) const {
  size_t count = 0;
  for (size_t i = head_; i < slices_.size() && count < most; ++i, ++count) {
    pieces[count] = {const_cast<uint8_t*>(slices_[i].data()), slices_[i].size()};
  }
  return count;
}

void ByteQueue::RemovePrefix(size_t bytes) {
  while (bytes > 0) {
    Slice& front = slices_[head_];
    if (bytes < front.size()) {
      front.RemovePrefix(bytes);
      size_ -= bytes;
      return;
    }
    bytes -= front.size();
    PopFront();
  }
}

}  // namespace myelin::frame
