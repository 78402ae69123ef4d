#include "base/landlock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace hoist {
namespace {

// Newer than the headers of Debian 12: landlock(7).
constexpr std::uint64_t truncate_files = 1ULL << 14;
constexpr std::uint64_t bind_and_connect_tcp = 0b11;
constexpr std::uint64_t abstract_sockets_and_signals = 0b11;

struct Attributes {
  std::uint64_t files;
  std::uint64_t network;  // from version 4 on
  std::uint64_t scopes;   // from version 6 on
};

constexpr std::uint64_t rights_of_version_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t to_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t to_write = to_read | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   truncate_files;
constexpr std::uint64_t to_run = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
// Others mean something for folders only, and the kernel refuses them for a file.
constexpr std::uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | truncate_files;

std::unexpected<Error> broken(std::string const& what) {
  return fail(
      Error{Code::internal, "A sandbox cannot be set up."}.with_cause(what + ": " + std::strerror(errno)));
}

bool allow(int ruleset, std::string const& path, std::uint64_t rights) {
  auto const file = Fd{::open(path.c_str(), O_PATH | O_CLOEXEC)};
  if (!file.open()) return true;  // what is not there needs no right
  struct stat status{};
  auto fine = ::fstat(file.number(), &status) == 0;
  if (!S_ISDIR(status.st_mode)) rights &= of_files;
  auto rule = landlock_path_beneath_attr{.allowed_access = rights, .parent_fd = file.number()};
  fine = fine && ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  return fine;
}

}  // namespace

Result<Landlock> Landlock::make(FileRights const& rights) {
  auto const version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return Landlock{Fd{}};
  // REFER of version 2 is denied by any ruleset.
  auto const known = rights_of_version_1 | (version >= 3 ? truncate_files : 0);
  auto const attributes = Attributes{known, bind_and_connect_tcp, abstract_sockets_and_signals};
  auto const size = version >= 6 ? 3 : version >= 4 ? 2 : 1;
  auto ruleset = Fd{
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size * sizeof(std::uint64_t), 0))};
  if (!ruleset.open()) return broken("landlock_create_ruleset");
  for (auto const& [paths, what] :
       {std::pair{&rights.read, to_read}, std::pair{&rights.write, to_write}, std::pair{&rights.run, to_run}})
    for (auto const& path : *paths)
      if (!allow(ruleset.number(), path, what & known)) return broken("landlock_add_rule " + path);
  return Landlock{std::move(ruleset)};
}

bool Landlock::enter() const {
  if (!available()) return true;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_landlock_restrict_self, ruleset_.number(), 0) == 0;
}

}  // namespace hoist
