// SPDX-License-Identifier: Apache-2.0
//
// Reading and checking the file of API keys. [control]
#include "access/key_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace myelin::access {
namespace {

constexpr off_t kMaxFileSize = off_t{16} << 20;

[[noreturn]] void Fail(const std::string& source, const std::string& problem) {
  throw std::invalid_argument(source + ": " + problem);
}

// What metadata can carry without quoting: ASCII from '!' to '~'.
bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::vector<std::string_view> Words(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlank, end);
  }
  return words;
}

ApiKey ParseLine(const std::vector<std::string_view>& words, const std::string& place) {
  if (words.size() > 2) {
    Fail(place, "NAME KEY or KEY is accepted, here are " + std::to_string(words.size()) + " words");
  }
  const std::string_view key = words.back();
  const std::string_view name = words.size() == 2 ? words.front() : std::string_view();
  if (!IsVisible(key) || !IsVisible(name)) Fail(place, "name and key may only have visible ASCII characters");
  if (key.size() > kMaxKeySize) {
    Fail(place, "the key has " + std::to_string(key.size()) + " bytes; at most " + std::to_string(kMaxKeySize) +
                    " are accepted");
  }
  return {std::string(name), std::string(key)};
}

std::string PermissionWarning(const std::string& path, mode_t mode) {
  if ((mode & (S_IROTH | S_IWOTH)) == 0) return {};
  char octal[8];
  std::snprintf(octal, sizeof(octal), "%04o", static_cast<unsigned>(mode & 07777));
  return path + ": every user of this machine may " + ((mode & S_IWOTH) != 0 ? "change" : "read") +
         " the API keys (mode " + octal + "); 0600 or 0640 is better";
}

}  // namespace

std::vector<ApiKey> ParseKeys(std::string_view text, const std::string& source) {
  std::vector<ApiKey> keys;
  std::map<std::string, int> lines;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string_view> words = Words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty() || words.front().front() == '#') continue;
    const std::string place = source + ":" + std::to_string(number);
    keys.push_back(ParseLine(words, place));
    const auto [first, is_new] = lines.emplace(keys.back().key, number);
    if (!is_new) Fail(place, "the key is the same as in line " + std::to_string(first->second));
  }
  if (keys.empty()) Fail(source, "there is no key in it; NAME KEY or KEY is accepted, one a line");
  return keys;
}

KeyFile ReadKeyFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) Fail(path, std::string("cannot be read: ") + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) Fail(path, "is not a regular file");
  if (info.st_size > kMaxFileSize) Fail(path, "is larger than 16 MiB");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (info.st_size > 0) text << file.rdbuf();
  if (!file || !text) Fail(path, std::string("cannot be read: ") + std::strerror(errno));
  return {ParseKeys(text.str(), path), PermissionWarning(path, info.st_mode)};
}

}  // namespace myelin::access
