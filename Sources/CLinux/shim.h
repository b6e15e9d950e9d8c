#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// glibc hides accept4 behind _GNU_SOURCE, and defining that here would give this module another
// fd_set than Swift's own Glibc module has, so that debug builds fail. Hence the declaration.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

// Swift imports IN6_IS_ADDR_V4MAPPED, a macro with casts, not at all.
static inline int beckon_is_mapped_ipv4(const struct in6_addr *address) {
    return IN6_IS_ADDR_V4MAPPED(address);
}

/* Variadic in C. Without it the kernel writes no core dump, not even to a program that collects them,
   and only root can attach a debugger. */
static inline void beckon_forbid_core_dumps(void) {
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
