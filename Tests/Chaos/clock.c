/* The clock of a machine of its own: loaded into a program before the C library (LD_PRELOAD), adds the
   nanoseconds in the file of CHAOS_CLOCK to the time of day. The file can change at any time. Clocks
   that nobody can set are the system's. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
/* How long a wait for a time of day goes on before it looks whether the clock was set. */
#define LOOK (20 * SECOND / 1000)

static const int64_t zero;
static const int64_t *offset = &zero;
static int (*read_clock)(clockid_t, struct timespec *);
static int (*wait_by_clock)(sem_t *, clockid_t, const struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    read_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    wait_by_clock = (int (*)(sem_t *, clockid_t, const struct timespec *))dlsym(RTLD_NEXT, "sem_clockwait");
    const char *path = getenv("CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof zero, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        offset = page;
}

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static struct timespec moment(int64_t nanoseconds)
{
    struct timespec time = {nanoseconds / SECOND, nanoseconds % SECOND};
    return time;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    /* Others may be loaded, and ask, before this is. */
    int failed = read_clock ? read_clock(clock, time) : (int)syscall(SYS_clock_gettime, clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *time = moment(nanoseconds(time) + __atomic_load_n(offset, __ATOMIC_RELAXED));
    return failed;
}

int gettimeofday(struct timeval *time, void *zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

/* The system's wait notices when the clock is set, so this one does. */
int sem_timedwait(sem_t *semaphore, const struct timespec *end)
{
    while (1) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t left = nanoseconds(end) - nanoseconds(&now);
        int64_t step = left < 0 ? 0 : left < LOOK ? left : LOOK;
        clock_gettime(CLOCK_MONOTONIC, &now);
        struct timespec until = moment(nanoseconds(&now) + step);
        if (wait_by_clock(semaphore, CLOCK_MONOTONIC, &until) == 0)
            return 0;
        if (errno != ETIMEDOUT || left <= step)
            return -1;
    }
}
