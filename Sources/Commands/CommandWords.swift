/// The words that the process was started with.
public enum CommandWords {
    /// All after the program's name, as the system gave them. `CommandLine.arguments` replaces what is
    /// not UTF-8.
    public static var ofProcess: [[UInt8]] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { word in
                var bytes: [UInt8] = []
                var next = word
                while next.pointee != 0 {
                    bytes.append(UInt8(bitPattern: next.pointee))
                    next += 1
                }
                return bytes
            }
        }
    }
}
