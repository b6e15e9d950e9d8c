import Commands
import HTTP
import Logins
import Telemetry

/// Writes log lines of a command to standard error, as the service writes them.
struct TerminalSink: LogSink {
    let terminal: any Terminal

    func write(_ level: LogLevel, _ event: String, _ members: [UInt8]) {
        let time = RFC3339.format(milliseconds: SystemTime.now().milliseconds)
        let rest = members.isEmpty ? "" : "," + String(decoding: members, as: UTF8.self)
        terminal.error(
            #"{"time":"\#(time)","level":"\#(level.name)","event":"\#(event)"\#(rest)}"#
        )
    }
}
