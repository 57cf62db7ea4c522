// SPDX-License-Identifier: Apache-2.0
//
// Looks at a would-be plugin before the dynamic linker does: its messages name no remedy, and mapping a file that
// was cut short ends the process with SIGBUS.
#include <elf.h>

#include <cstring>
#include <string>
#include <string_view>

#include "plugin/library.h"

namespace myelin {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kHostMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kHostMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t kHostMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr uint16_t kHostMachine = EM_PPC64;
#else
#error "name this machine's ELF number here"
#endif

std::string MachineName(uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_ARM:
      return "32-bit ARM";
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "ppc64";
    default:
      return "ELF machine " + std::to_string(machine);
  }
}

std::string CheckIdentity(const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return "is a 32-bit object, this host is 64-bit: build it for this host";
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) return "is a big-endian object: build it for this host";
  if (header.e_machine != kHostMachine) {
    return "is built for " + MachineName(header.e_machine) + ", this host is " + MachineName(kHostMachine) +
           ": build it for this host";
  }
  if (header.e_type == ET_EXEC) return "is a program, not a shared object: link it with -shared";
  if (header.e_type == ET_REL) return "is an object file (.o), not a shared object: link it with -shared";
  if (header.e_type != ET_DYN) return "is an ELF file but no shared object: link it with -shared";
  return "";
}

bool Fits(uint64_t offset, uint64_t size, uint64_t total) { return offset <= total && size <= total - offset; }

bool IsWhole(std::string_view bytes, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return false;
  if (!Fits(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), bytes.size())) return false;
  if (!Fits(header.e_shoff, uint64_t{header.e_shnum} * header.e_shentsize, bytes.size())) return false;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (!Fits(segment.p_offset, segment.p_filesz, bytes.size())) return false;
  }
  return true;
}

}  // namespace

std::string CheckElf(std::string_view bytes) {
  if (bytes.empty()) return "is empty: copy it again";
  if (!bytes.starts_with(ELFMAG)) {
    return "is not a shared object (no ELF header): a plugin is a compiled .so, see `myelin_add_plugin`";
  }
  Elf64_Ehdr header;
  if (bytes.size() < sizeof(header)) return "is cut short (" + std::to_string(bytes.size()) + " bytes): copy it again";
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::string why = CheckIdentity(header);
  if (why.empty() && !IsWhole(bytes, header)) {
    why = "is cut short (" + std::to_string(bytes.size()) + " bytes): copy it again";
  }
  return why;
}

}  // namespace myelin
