// SPDX-License-Identifier: Apache-2.0
#include "plugin/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <myelin/plugin.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "plugin/fixtures.h"

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Entry = const myelin_plugin* (*)();

class LibraryTest : public ::testing::Test {
 protected:
  std::string WhyNot(const std::string& path) {
    std::string why;
    EXPECT_EQ(store_.Load(path, why), nullptr) << path;
    return why;
  }

  // The file that the library's code is mapped from.
  static std::string MappedFrom(const Library& library) {
    Dl_info info{};
    EXPECT_NE(::dladdr(library.Symbol(MYELIN_ENTRY_SYMBOL), &info), 0);
    return info.dli_fname;
  }

  TemporaryDirectory dir_;
  LibraryStore store_;
};

TEST_F(LibraryTest, LoadsAPluginAndFindsItsEntry) {
  std::string why;
  const Library* library = store_.Load(Fixture("sound"), why);
  ASSERT_NE(library, nullptr) << why;
  const auto entry = reinterpret_cast<Entry>(library->Symbol(MYELIN_ENTRY_SYMBOL));
  ASSERT_NE(entry, nullptr);
  EXPECT_STREQ(entry()->name, "sound");
  EXPECT_EQ(library->Symbol("no_such_symbol"), nullptr);
}

TEST_F(LibraryTest, RunsFromAPrivateCopyNamedByContent) {
  std::string why;
  const Library* library = store_.Load(Fixture("sound"), why);
  ASSERT_NE(library, nullptr) << why;
  const std::string copy = MappedFrom(*library);
  EXPECT_NE(copy, Fixture("sound"));
  EXPECT_THAT(copy, HasSubstr(library->hash()));
  struct stat status {};
  ASSERT_EQ(::stat(std::filesystem::path(copy).parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST_F(LibraryTest, LoadsTheSameBytesOnce) {
  std::string why;
  const Library* first = store_.Load(dir_.Deploy("sound", "one.so"), why);
  const Library* second = store_.Load(dir_.Deploy("sound", "two.so"), why);
  ASSERT_NE(first, nullptr) << why;
  EXPECT_EQ(first, second);
}

TEST_F(LibraryTest, NoMoreDifferentFilesAreLoadedThanAllowed) {
  std::string why;
  ASSERT_NE(store_.Load(Fixture("sound"), why), nullptr) << why;
  store_.SetMax(1);
  EXPECT_NE(store_.Load(Fixture("sound"), why), nullptr) << why;
  EXPECT_THAT(WhyNot(Fixture("two_policies")),
              AllOf(StartsWith(Fixture("two_policies")), HasSubstr("restart, or raise max_generations")));
}

TEST_F(LibraryTest, OverwritingTheDeployedFileLeavesTheLoadedOneAlone) {
  std::string why;
  const Library* old = store_.Load(dir_.Deploy("same_symbol_a", "myelin_x.so"), why);
  ASSERT_NE(old, nullptr) << why;
  const auto old_entry = reinterpret_cast<Entry>(old->Symbol(MYELIN_ENTRY_SYMBOL));
  const Library* fresh = store_.Load(dir_.Deploy("same_symbol_b", "myelin_x.so"), why);
  ASSERT_NE(fresh, nullptr) << why;
  ASSERT_NE(fresh, old);
  EXPECT_STREQ(old_entry()->name, "same_symbol_a");
  EXPECT_STREQ(reinterpret_cast<Entry>(fresh->Symbol(MYELIN_ENTRY_SYMBOL))()->name, "same_symbol_b");
}

TEST_F(LibraryTest, SymbolsOfOnePluginDoNotLeakIntoAnother) {
  using Answer = uint32_t (*)();
  std::string why;
  const Library* a = store_.Load(Fixture("same_symbol_a"), why);
  const Library* b = store_.Load(Fixture("same_symbol_b"), why);
  ASSERT_TRUE(a != nullptr && b != nullptr) << why;
  EXPECT_EQ(reinterpret_cast<Answer>(a->Symbol("myelin_fixture_answer"))(), 0u);
  EXPECT_EQ(reinterpret_cast<Answer>(b->Symbol("myelin_fixture_answer"))(), 1u);
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "myelin_fixture_answer"), nullptr);
}

TEST_F(LibraryTest, CopiesAreRemovedButCodeStaysMappedWhenTheStoreGoes) {
  std::string copy;
  Entry entry = nullptr;
  {
    LibraryStore store;
    std::string why;
    const Library* library = store.Load(Fixture("newer_minor"), why);
    ASSERT_NE(library, nullptr) << why;
    copy = MappedFrom(*library);
    entry = reinterpret_cast<Entry>(library->Symbol(MYELIN_ENTRY_SYMBOL));
    EXPECT_TRUE(std::filesystem::exists(copy));
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(copy).parent_path()));
  EXPECT_STREQ(entry()->name, "newer_minor");
}

TEST_F(LibraryTest, RefusesAFileThatIsNotThere) {
  EXPECT_EQ(WhyNot("/nowhere/x.so"), "there is no file /nowhere/x.so");
}

TEST_F(LibraryTest, RefusesADirectory) { EXPECT_THAT(WhyNot(dir_.path()), HasSubstr("is a directory")); }

TEST_F(LibraryTest, RefusesAnEmptyFile) {
  const std::string file = dir_.Write("empty.so", "");
  EXPECT_EQ(WhyNot(file), file + " is empty: copy it again");
}

TEST_F(LibraryTest, RefusesATextFile) {
  const std::string file =
      dir_.Write("text.so", "#!/bin/sh\necho I am a script, not a plugin, and long enough to hold a header\n");
  EXPECT_THAT(WhyNot(file), AllOf(StartsWith(file), HasSubstr("is not a shared object (no ELF header)")));
}

TEST_F(LibraryTest, RefusesAFileCutShort) {
  const std::string whole = ReadBytes(Fixture("sound"));
  for (const size_t size : {size_t{4}, size_t{63}, size_t{64}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(WhyNot(dir_.Write("cut.so", whole.substr(0, size))), HasSubstr("is cut short")) << size;
  }
}

TEST_F(LibraryTest, RefusesAnotherArchitecture) {
  std::string bytes = ReadBytes(Fixture("sound"));
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_S390);
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  EXPECT_THAT(WhyNot(dir_.Write("foreign.so", bytes)),
              AllOf(HasSubstr("is built for ELF machine 22, this host is "), HasSubstr("build it for this host")));
}

TEST_F(LibraryTest, RefusesAnotherWordSizeByteOrderAndFileType) {
  const std::string sound = ReadBytes(Fixture("sound"));
  std::string bytes = sound;
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(WhyNot(dir_.Write("32.so", bytes)), HasSubstr("32-bit"));
  bytes = sound;
  bytes[EI_DATA] = ELFDATA2MSB;
  EXPECT_THAT(WhyNot(dir_.Write("be.so", bytes)), HasSubstr("big-endian"));
  bytes = sound;
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_THAT(WhyNot(dir_.Write("o.so", bytes)), AllOf(HasSubstr("object file"), HasSubstr("-shared")));
}

TEST_F(LibraryTest, NamesAnUndefinedSymbolAndTheRemedy) {
  EXPECT_THAT(WhyNot(Fixture("undefined_symbol")),
              AllOf(StartsWith(Fixture("undefined_symbol") + " cannot be loaded: it needs the symbol "),
                    HasSubstr("'myelin_fixture_nowhere'"), HasSubstr("--no-undefined")));
}

TEST_F(LibraryTest, NamesAMissingLibrary) {
  EXPECT_THAT(WhyNot(Fixture("missing_library")),
              AllOf(HasSubstr("it needs the library 'libmyelin_fixture_gone.so.9'"), HasSubstr("install it")));
}

TEST_F(LibraryTest, SecondAttemptAtABrokenFileGivesTheSameAnswer) {
  const std::string first = WhyNot(Fixture("undefined_symbol"));
  EXPECT_EQ(WhyNot(Fixture("undefined_symbol")), first);
}

TEST_F(LibraryTest, UsesAnotherDirectoryWhenTheFirstCannotBeWritten) {
  ::setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1);
  std::string why;
  EXPECT_NE(store_.Load(Fixture("sound"), why), nullptr) << why;
  ::unsetenv("XDG_RUNTIME_DIR");
}

TEST(Sha256Test, MatchesThePublishedVector) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace myelin
