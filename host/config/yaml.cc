// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>
#include <utility>

#include "config/yaml_tree.h"

namespace myelin {
namespace {

// The length of the UTF-8 character at the start of `text` (RFC 3629), or 0 when it is none.
size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// yaml-cpp guesses at encodings and replaces what it cannot read; a configuration should not be guessed at.
bool CheckIsText(std::string_view text, const std::string& source, Diagnostics& diagnostics) {
  Origin origin{source, 1, 1};
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      diagnostics.Error(origin, "not a text file; accepted: YAML in UTF-8 without NUL bytes");
      return false;
    }
    origin.line += text[0] == '\n' ? 1 : 0;
    origin.column = text[0] == '\n' ? 1 : origin.column + 1;
    text.remove_prefix(length);
  }
  return true;
}

std::string Explain(const YAML::Exception& error) {
  std::string message = "not valid YAML: " + error.msg;
  if (error.msg == "illegal map value") message += " (a value that contains ': ' needs quotes)";
  if (error.msg == "end of map not found") message += " (is this line indented like its neighbours?)";
  return message;
}

Origin Place(const YAML::Exception& error, const std::string& source) {
  if (error.mark.is_null()) return Origin{source, 0, 0};
  return Origin{source, error.mark.line + 1, error.mark.column + 1};
}

// A second document is refused at its first event.
class RefuseDocument final : public YAML::EventHandler {
 public:
  explicit RefuseDocument(std::string source) : source_(std::move(source)) {}
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw YamlStop(Origin{source_, mark.line + 1, mark.column + 1}, "a second document starts here; accepted: one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::string source_;
};

Node BuildTree(std::string_view text, const std::string& source, Diagnostics& diagnostics) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  YamlTreeBuilder builder(source, diagnostics);
  if (!parser.HandleNextDocument(builder)) return Node{};
  RefuseDocument refuse(source);
  parser.HandleNextDocument(refuse);
  return builder.TakeRoot();
}

}  // namespace

std::optional<Node> ParseYaml(std::string_view text, const std::string& source, Diagnostics& diagnostics) {
  if (text.size() > kMaxYamlBytes) {
    diagnostics.Error(Origin{source, 0, 0}, "more than " + std::to_string(kMaxYamlBytes >> 20) + " MiB of YAML");
    return std::nullopt;
  }
  if (!CheckIsText(text, source, diagnostics)) return std::nullopt;
  try {
    Node root = BuildTree(text, source, diagnostics);
    if (!root.IsNull()) return root;
    diagnostics.Error(Origin{source, 0, 0}, "is empty; accepted: a YAML document");
  } catch (const YamlStop& stop) {
    diagnostics.Error(stop.origin, stop.what());
  } catch (const YAML::Exception& error) {
    diagnostics.Error(Place(error, source), Explain(error));
  }
  return std::nullopt;
}

std::optional<Node> ReadYamlFile(const std::string& path, Diagnostics& diagnostics) {
  const Origin origin{path, 0, 0};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    diagnostics.Error(origin, "is a directory; accepted: a YAML file");
    return std::nullopt;
  }
  errno = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) {
    diagnostics.Error(origin, std::string("cannot be read: ") + std::strerror(errno));
    return std::nullopt;
  }
  // One byte over the bound is enough for ParseYaml to see that there is too much.
  std::string text(kMaxYamlBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    diagnostics.Error(origin, std::string("cannot be read: ") + std::strerror(errno));
    return std::nullopt;
  }
  return ParseYaml(text, path, diagnostics);
}

}  // namespace myelin
