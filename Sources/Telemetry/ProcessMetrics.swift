import Glibc

/// The standard process metrics of Prometheus clients, from `/proc/self`.
public enum ProcessMetrics {
    /// Adds the metrics and the version to a registry.
    public static func add(to registry: MetricsRegistry, version: String) {
        registry.gauge(
            "beckon_build_info",
            "Always 1; the label is the version.",
            [("version", version)]
        ) { 1 }
        registry.counter("process_cpu_seconds_total", "Total user and system CPU time in seconds.")
        {
            cpuSeconds
        }
        registry.gauge("process_resident_memory_bytes", "Resident memory in bytes.") {
            residentBytes
        }
        registry.gauge("process_open_fds", "Open file descriptors.") { Double(openDescriptors) }
        registry.gauge("process_max_fds", "Maximum number of open file descriptors.") {
            Double(allowedDescriptors)
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let start = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
        registry.gauge(
            "process_start_time_seconds",
            "Start time of the process, in seconds since 1970."
        ) {
            start
        }
    }

    private static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static var residentBytes: Double {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        // The second number is the resident set in pages (proc(5)).
        let text = String(
            decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var openDescriptors: Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without ".", ".." and the directory itself.
        return max(0, count - 3)
    }

    private static var allowedDescriptors: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
