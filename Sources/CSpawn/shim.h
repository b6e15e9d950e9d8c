#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>

// glibc hides these behind _GNU_SOURCE, and defining that here would give this module other types
// than Swift's own Glibc module has. Hence the declarations.
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
extern long syscall(long number, ...);

// Variadic, which Swift does not import; and glibc has a function for it only since 2.36.
static inline int beckon_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}
