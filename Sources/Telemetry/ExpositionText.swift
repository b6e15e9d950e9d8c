/// Prometheus' text format 0.0.4, line by line.
struct ExpositionText {
    private(set) var bytes: [UInt8] = []

    mutating func head(_ name: String, help: String, type: String) {
        line("# HELP \(name) \(Self.escape(help, quote: false))")
        line("# TYPE \(name) \(type)")
    }

    mutating func sample(_ name: String, _ labels: [MetricsRegistry.Label], _ value: Double) {
        line(name + Self.text(labels) + " " + Self.text(value))
    }

    mutating func histogram(
        _ name: String,
        _ labels: [MetricsRegistry.Label],
        _ histogram: Histogram
    ) {
        let reading = histogram.reading
        let bounds = histogram.bounds.map { Self.text(Self.seconds($0)) } + ["+Inf"]
        for (bound, count) in zip(bounds, reading.cumulative) {
            sample("\(name)_bucket", labels + [("le", bound)], Double(count))
        }
        sample("\(name)_sum", labels, reading.sumSeconds)
        sample("\(name)_count", labels, Double(reading.cumulative.last ?? 0))
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func text(_ labels: [MetricsRegistry.Label]) -> String {
        if labels.isEmpty { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escape($0.value, quote: true))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func escape(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func seconds(_ span: Duration) -> Double {
        let (seconds, attoseconds) = span.components
        return Double(seconds) + Double(attoseconds / 1_000_000_000) / 1e9
    }

    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(first &- 0x30 < 10) else { return false }
        return name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x3A
        }
    }
}
