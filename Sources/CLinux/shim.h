#include <link.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// glibc hides these behind _GNU_SOURCE, and defining that here would give this module another fd_set
// than Swift's own Glibc module has, so that debug builds fail. Hence the declarations.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int sched_getcpu(void);

// Swift imports IN6_IS_ADDR_V4MAPPED, a macro with casts, not at all.
static inline int beckon_is_mapped_ipv4(const struct in6_addr *address) {
    return IN6_IS_ADDR_V4MAPPED(address);
}

/* Variadic in C. Without it the kernel writes no core dump, not even to a program that collects them,
   and only root can attach a debugger. */
static inline void beckon_forbid_core_dumps(void) {
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Hidden as well: the function, and the type of which it shows at least these members.
#ifndef __USE_GNU
struct dl_phdr_info {
    ElfW(Addr) dlpi_addr;
    const char *dlpi_name;
    const ElfW(Phdr) *dlpi_phdr;
    ElfW(Half) dlpi_phnum;
};
extern int dl_iterate_phdr(int (*)(struct dl_phdr_info *, size_t, void *), void *);
#endif

/* Here, because a macro names the types (ElfW). A part that is not writable is not relocated: what
   is, also if it becomes read-only later, the linker puts into a writable one. So the file has all of
   it. A library whose code is relocated says so (DT_TEXTREL) and is left alone. The kernel's own part (vDSO) has no file, and is left out by its name. */
static inline int beckon_unmap_file(struct dl_phdr_info *file, size_t size, void *page_size) {
    const uintptr_t page = *(const uintptr_t *)page_size;
    (void)size;
    if (file->dlpi_name && !__builtin_strncmp(file->dlpi_name, "linux-", 6)) return 0;
    for (int i = 0; i < file->dlpi_phnum; i++) {
        if (file->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(file->dlpi_addr + file->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL
                || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return 0;
    }
    for (int i = 0; i < file->dlpi_phnum; i++) {
        const ElfW(Phdr) part = file->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W)) continue;
        const uintptr_t start = (file->dlpi_addr + part.p_vaddr + page - 1) & ~(page - 1);
        const uintptr_t end = (file->dlpi_addr + part.p_vaddr + part.p_memsz) & ~(page - 1);
        if (end > start) (void)madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

static inline void beckon_unmap_program_files(void) {
    uintptr_t page = getauxval(AT_PAGESZ);
    if (page) (void)dl_iterate_phdr(beckon_unmap_file, &page);
}
