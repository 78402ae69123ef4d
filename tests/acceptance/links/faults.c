// Preloaded into a program under test. While the file NO_NAMES_WHILE exists, no name can be resolved; while
// DISK_FULL_WHILE exists, no file system has room.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int is_on(char const* name) {
  char const* file = getenv(name);
  return file && access(file, F_OK) == 0;
}

int getaddrinfo(char const* node, char const* service, struct addrinfo const* hints,
                struct addrinfo** found) {
  static int (*real)(char const*, char const*, struct addrinfo const*, struct addrinfo**);
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  return is_on("NO_NAMES_WHILE") ? EAI_AGAIN : real(node, service, hints, found);
}

int fstatvfs(int descriptor, struct statvfs* room) {
  static int (*real)(int, struct statvfs*);
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, "fstatvfs");
  int const answer = real(descriptor, room);
  if (is_on("DISK_FULL_WHILE")) room->f_bavail = room->f_bfree = 0;
  return answer;
}

int fstatvfs64(int descriptor, struct statvfs64* room) {
  static int (*real)(int, struct statvfs64*);
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, "fstatvfs64");
  int const answer = real(descriptor, room);
  if (is_on("DISK_FULL_WHILE")) room->f_bavail = room->f_bfree = 0;
  return answer;
}
