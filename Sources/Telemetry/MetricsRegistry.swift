import Threads

/// All metrics of the process, and their exposition for Prometheus (text format 0.0.4).
///
/// Series are created once, with their labels, and then counted without the registry. Label values
/// come from the code or the configuration, never from a peer: each new value uses memory for good.
public final class MetricsRegistry: Sendable {
    /// One label: its name and its value.
    public typealias Label = (name: String, value: String)

    /// A value of a family whose series are only known when the metrics are read.
    public struct Sample: Sendable {
        let labels: [Label]
        let value: Double
        /// A value with its labels.
        public init(_ labels: [Label], _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    private enum Source: Sendable {
        case counter(Counter)
        case histogram(Histogram)
        case gauge(Gauge)
    }

    private enum Kind: String, Sendable { case counter, gauge, histogram }

    private struct Family: Sendable {
        let name: String
        let help: String
        let kind: Kind
        var series: [(labels: [Label], source: Source)] = []
        var samples: (@Sendable () async -> [Sample])?

        func source(_ labels: [Label]) -> Source? {
            for series in series where series.labels.elementsEqual(labels, by: ==) {
                return series.source
            }
            return nil
        }
    }

    private let families = Locked<[Family]>([])

    /// The `Content-Type` of the exposition.
    public static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    /// A registry without metrics.
    public init() {}

    /// A number that only grows. Returns the existing counter if the series exists.
    public func counter(_ name: String, _ help: String, _ labels: [Label] = []) -> Counter {
        families.withLock { families in
            let family = Self.family(name, help, .counter, in: &families)
            if case .counter(let counter) = families[family].source(labels) { return counter }
            let counter = Counter()
            families[family].series.append((labels, .counter(counter)))
            return counter
        }
    }

    /// A histogram of durations in seconds. Returns the existing one if the series exists.
    public func histogram(
        _ name: String,
        _ help: String,
        _ labels: [Label] = [],
        bounds: [Duration] = Histogram.latencies
    ) -> Histogram {
        families.withLock { families in
            let family = Self.family(name, help, .histogram, in: &families)
            if case .histogram(let histogram) = families[family].source(labels) {
                return histogram
            }
            let histogram = Histogram(bounds)
            families[family].series.append((labels, .histogram(histogram)))
            return histogram
        }
    }

    /// A value that is computed when the metrics are read.
    public func gauge(
        _ name: String,
        _ help: String,
        _ labels: [Label] = [],
        _ gauge: @escaping Gauge
    ) {
        families.withLock { families in
            let family = Self.family(name, help, .gauge, in: &families)
            let isNew = families[family].source(labels) == nil
            // allowed: metrics are registered while the service starts, with labels that the
            // configuration has checked to differ.
            precondition(isNew, "\(name) has one gauge per series")
            families[family].series.append((labels, .gauge(gauge)))
        }
    }

    /// A number that only grows and is kept elsewhere. It is read when the metrics are read.
    public func counter(
        _ name: String,
        _ help: String,
        _ labels: [Label] = [],
        reading value: @escaping Gauge
    ) {
        families.withLock { families in
            let family = Self.family(name, help, .counter, in: &families)
            families[family].series.append((labels, .gauge(value)))
        }
    }

    /// Gauges whose labels and values are computed together when the metrics are read, as from a
    /// store.
    public func gauges(
        _ name: String,
        _ help: String,
        _ samples: @escaping @Sendable () async -> [Sample]
    ) {
        families.withLock { families in
            let family = Self.family(name, help, .gauge, in: &families)
            families[family].samples = samples
        }
    }

    /// Counters whose labels and values are read together, like `gauges`.
    public func counters(
        _ name: String,
        _ help: String,
        _ samples: @escaping @Sendable () async -> [Sample]
    ) {
        families.withLock { families in
            let family = Self.family(name, help, .counter, in: &families)
            families[family].samples = samples
        }
    }

    /// All metrics as text. Computes every gauge.
    public func exposition() async -> [UInt8] {
        var text = ExpositionText()
        for family in families.withLock({ $0 }) {
            text.head(family.name, help: family.help, type: family.kind.rawValue)
            for series in family.series {
                switch series.source {
                case .counter(let counter):
                    text.sample(family.name, series.labels, Double(counter.current))
                case .gauge(let gauge): text.sample(family.name, series.labels, gauge())
                case .histogram(let histogram):
                    text.histogram(family.name, series.labels, histogram)
                }
            }
            for sample in await family.samples?() ?? [] {
                text.sample(family.name, sample.labels, sample.value)
            }
        }
        return text.bytes
    }

    private static func family(
        _ name: String,
        _ help: String,
        _ kind: Kind,
        in families: inout [Family]
    ) -> Int {
        if let index = families.firstIndex(where: { $0.name == name }) {
            // allowed: names of metrics are constants of ours.
            precondition(families[index].kind == kind, "\(name) has one kind of metric")
            return index
        }
        // allowed: names of metrics are constants of ours.
        precondition(ExpositionText.isName(name), "\(name) is a valid metric name")
        families.append(Family(name: name, help: help, kind: kind))
        return families.count - 1
    }
}
