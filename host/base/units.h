// SPDX-License-Identifier: Apache-2.0
//
// How durations and sizes are written in configurations and options, both ways: `10s`, `1h30m`, `64KiB`.
// Pure functions, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myelin {

using Duration = std::chrono::nanoseconds;

/// Parses `300ms`, `10s`, `1h30m`, `1.5s`, `2d`, and a bare `0`. Units: ns us ms s m h d. nullopt when it is none of
/// these, is negative, or does not fit 64 bits of nanoseconds.
std::optional<Duration> ParseDuration(std::string_view text);

/// The shortest spelling that ParseDuration reads back to the same value: `1h30m`, `250ms`, `0s`.
std::string FormatDuration(Duration duration);

/// Parses `512`, `64KiB`, `4MiB`, `1GiB`, `10kB`, `5MB`, `1GB`, in bytes. nullopt when it is none of these or does not
/// fit.
std::optional<uint64_t> ParseSize(std::string_view text);

/// The shortest binary spelling that ParseSize reads back: `64KiB`, `1000`.
std::string FormatSize(uint64_t bytes);

}  // namespace myelin
