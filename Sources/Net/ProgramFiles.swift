import CLinux

/// The files of the program and of its libraries, which are mapped into memory rather than read.
public enum ProgramFiles {
    /// Takes code and constants out of the process's memory. What is used again comes back from the
    /// page cache, with one page fault for each 64 KiB. What was written or relocated stays.
    ///
    /// The start runs once through most of the program, and the kernel maps 16 pages around each that
    /// is touched. Without this call, an idle process keeps twice as much as it uses.
    public static func unmap() { beckon_unmap_program_files() }
}
