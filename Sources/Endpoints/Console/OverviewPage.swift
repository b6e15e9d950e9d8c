import Engine
import HTTP
import Localization
import Logins

/// What the overview shows, read at one time.
struct Overview: Sendable {
    let census: [Census]
    let hour: LoginActivity.Hour
    let queues: [QueueDepth]
    let servers: [(id: AuthorizationServerID, state: CircuitBreaker.State, openings: Int)]
    let channels: [(id: ChannelID, state: CircuitBreaker.State)]
}

/// The overview of the console.
struct OverviewPage: Sendable {
    let view: ConsoleView
    let overview: Overview
    let now: Timestamp

    /// With what the script of the page needs to replace the content.
    var html: HTML {
        HTML.element("div", ["id": "live", "data-events": view.address("/console/events")]) {
            content
        }
    }

    /// What changes while the page is open.
    @HTMLBuilder var content: HTML {
        HTML.element("p", ["class": "soft"]) {
            view.html(.consoleAsOf, ["time": view.time(now)])
        }
        view.part(.consolePhases) { phases }
        view.part(.consoleEndings) { EndingsPlot(hour: overview.hour, view: view).html }
        view.part(.consoleLatency) { latency }
        view.part(.consoleServers) { servers }
        view.part(.consoleChannels) { channels }
    }

    private var phases: HTML {
        HTML.element("ul", ["class": "figures"]) {
            for phase in PendingLogin.PhaseName.allCases {
                HTML.element("li") {
                    HTML.element("a", ["href": view.address("/console/logins?phase=\(phase.name)")])
                    { view.html(phase.phrase) }
                    HTML.element("strong") {
                        view.number(
                            overview.census.filter { $0.phase == phase }.reduce(0) { $0 + $1.count }
                        )
                    }
                }
            }
        }
    }

    private var latency: HTML {
        guard let latency = overview.hour.latency else {
            return HTML.element("p") { view.html(.consoleNoReports) }
        }
        return view.facts([
            (.consoleReports, view.number(latency.count)),
            (.consoleMedian, duration(latency.median)),
            (.consoleMost, duration(latency.most)),
            (.consoleLongest, duration(latency.longest)),
        ])
    }

    /// `120 ms` or `3.5 s`.
    private func duration(_ duration: Duration) -> HTML {
        let milliseconds = duration.milliseconds
        let text =
            milliseconds < 1000
            ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
        return HTML.element("bdi", ["dir": "ltr", "class": "number"]) { .text(text) }
    }

    private var servers: HTML {
        view.table(
            view.html(.consoleServers),
            [
                .init(.consoleServer), .init(.consoleState),
                .init(.consolePauses, isNumber: true), .init(.consoleWorkDue, isNumber: true),
                .init(.consoleWorkLater, isNumber: true),
            ],
            overview.servers.map { server in
                let depths = overview.queues.filter { $0.queue.server == server.id }
                return [
                    view.page.untrusted(server.id.value), state(server.state),
                    view.number(server.openings),
                    view.number(depths.reduce(0) { $0 + $1.due }),
                    view.number(depths.reduce(0) { $0 + $1.later }),
                ]
            }
        )
    }

    private var channels: HTML {
        view.table(
            view.html(.consoleChannels),
            [.init(.consoleChannel), .init(.consoleState)],
            overview.channels.map { [view.page.untrusted($0.id.value), state($0.state)] }
        )
    }

    private func state(_ state: CircuitBreaker.State) -> HTML {
        let (kind, phrase): (String, Phrase) =
            switch state {
            case .closed: ("state good", .consoleStateUsed)
            case .halfOpen: ("state probing", .consoleStateProbed)
            case .open: ("state bad", .consoleStatePaused)
            }
        return HTML.element("span", ["class": kind]) { view.html(phrase) }
    }
}

/// The logins that ended during an hour, as a plot and as a table with the same numbers.
struct EndingsPlot: Sendable {
    /// The kinds that the plot tells apart, from the bottom of a bar to its top.
    enum Kind: String, CaseIterable, Sendable {
        case approved, declined, expired, failed

        var endings: [LoginActivity.Ending] {
            switch self {
            case .approved: [.approved]
            case .declined: [.denied, .cancelled]
            case .expired: [.expired]
            case .failed: [.failed, .voided]
            }
        }

        var phrase: Phrase {
            switch self {
            case .approved: .outcomeApproved
            case .declined: .outcomeDenied
            case .expired: .outcomeExpired
            case .failed: .outcomeFailed
            }
        }
    }

    let hour: LoginActivity.Hour
    let view: ConsoleView

    /// Of the plot, in its own units.
    private static let height = 120
    private static let slot = 40
    private static let bar = 28

    private func count(_ kind: Kind, _ slice: LoginActivity.Slice) -> Int {
        kind.endings.reduce(0) { $0 + slice[$1] }
    }

    @HTMLBuilder var html: HTML {
        if hour.slices.allSatisfy({ $0.total == 0 }) {
            HTML.element("p") { view.html(.consoleNoEndings) }
        } else {
            HTML.element("div", ["class": "plot"]) { plot }
            legend
            HTML.element("details") {
                HTML.element("summary") { view.html(.consoleAsTable) }
                table
            }
        }
    }

    /// Each bar is a slice of time, as high as its share of the highest one.
    private var plot: HTML {
        let width = hour.slices.count * Self.slot
        let most = max(hour.slices.map(\.total).max() ?? 0, 1)
        return HTML.element(
            "svg",
            [
                "viewBox": "0 0 \(width) \(Self.height + 22)", "role": "img",
                "aria-labelledby": "plot-title",
            ]
        ) {
            HTML.element("title", ["id": "plot-title"]) { view.html(.consoleEndings) }
            HTML.element(
                "line",
                [
                    "class": "axis", "x1": "0", "x2": String(width), "y1": String(Self.height),
                    "y2": String(Self.height),
                ]
            )
            HTML.element("text", ["x": "0", "y": "10"]) { .text(String(most)) }
            for (index, slice) in hour.slices.enumerated() {
                bar(slice, at: index * Self.slot + (Self.slot - Self.bar) / 2, of: most)
                if index % 3 == 0 { label(slice, at: index * Self.slot) }
            }
        }
    }

    private func bar(_ slice: LoginActivity.Slice, at x: Int, of most: Int) -> HTML {
        var below = 0
        var html = HTML.empty
        for kind in Kind.allCases {
            let count = count(kind, slice)
            guard count > 0 else { continue }
            // Each end is rounded, not each part, so that parts do not add up to more than the bar.
            let low = below * Self.height / most
            below += count
            let high = max(below * Self.height / most, low + 1)
            html += HTML.element(
                "rect",
                [
                    "class": "part " + kind.rawValue, "x": String(x),
                    "y": String(Self.height - high), "width": String(Self.bar),
                    "height": String(high - low),
                ]
            )
        }
        return html
    }

    private func label(_ slice: LoginActivity.Slice, at x: Int) -> HTML {
        HTML.element("text", ["x": String(x + 4), "y": String(Self.height + 18)]) {
            .text(Self.time(slice.start))
        }
    }

    /// `14:35`, UTC.
    private static func time(_ moment: Timestamp) -> String {
        let text = RFC3339.format(milliseconds: moment.milliseconds)
        return String(text.dropFirst(11).prefix(5))
    }

    private var legend: HTML {
        HTML.element("ul", ["class": "legend"]) {
            for kind in Kind.allCases {
                HTML.element("li") {
                    HTML.element(
                        "svg",
                        ["viewBox": "0 0 12 12", "aria-hidden": "true"]
                    ) {
                        HTML.element(
                            "rect",
                            ["class": "part " + kind.rawValue, "width": "12", "height": "12"]
                        )
                    }
                    view.html(kind.phrase)
                    HTML.text(" ")
                    HTML.element("strong") {
                        view.number(hour.slices.reduce(0) { $0 + count(kind, $1) })
                    }
                }
            }
        }
    }

    private var table: HTML {
        view.table(
            view.html(.consoleEndings),
            [.init(.consoleTime)] + Kind.allCases.map { .init($0.phrase, isNumber: true) },
            hour.slices.map { slice in
                [
                    HTML.element("time", ["dir": "ltr"]) { .text(Self.time(slice.start)) }
                ] + Kind.allCases.map { view.number(count($0, slice)) }
            }
        )
    }
}
