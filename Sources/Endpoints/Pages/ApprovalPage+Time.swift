import Dates
import HTTP
import Localization
import Logins

extension ApprovalPage {
    /// `4 March 2031, 14:32 UTC−3`; the full timestamp is in the `datetime` attribute.
    func moment(_ moment: Timestamp) -> HTML {
        let local = local(moment)
        return element(moment, hasDate: true) {
            catalogue.html(
                local.isOneOClock ? .dateTimeOne : .dateTime,
                ["date": .text(catalogue.date(local.day)), "time": clock(local)]
            )
        }
    }

    /// `14:32 UTC−3`.
    func timeOfDay(_ moment: Timestamp) -> HTML {
        element(moment, hasDate: false) { clock(local(moment)) }
    }

    /// Whether the user's clock shows one o'clock or a later minute of that hour.
    func isOneOClock(_ moment: Timestamp) -> Bool { local(moment).isOneOClock }

    /// Where the user's zone is not known, the script writes the time in the browser's.
    private func element(_ moment: Timestamp, hasDate: Bool, _ content: () -> HTML) -> HTML {
        HTML.element(
            "time",
            [
                "datetime": RFC3339.format(milliseconds: moment.milliseconds),
                "data-zone": zone == nil ? (hasDate ? "date" : "time") : nil,
            ],
            content
        )
    }

    /// `14:32 UTC−3`: the user's time, or UTC when the zone is not known.
    private func clock(_ local: LocalTime) -> HTML {
        catalogue.html(
            .timeOfDay,
            [
                "time": .text(catalogue.time(minute: local.minute)),
                "zone": local.offset == 0
                    ? .text("UTC")
                    : HTML.element("bdi", ["dir": "ltr"]) { .text(Self.name(local.offset)) },
            ]
        )
    }

    /// `UTC−3` or `UTC+5:30` for an offset in seconds.
    private static func name(_ offset: Int) -> String {
        let minutes = Int(offset.magnitude / 60)
        let rest = minutes % 60 == 0 ? "" : ":" + digits(minutes % 60)
        return "UTC\(offset < 0 ? "\u{2212}" : "+")\(minutes / 60)\(rest)"
    }

    private static func digits(_ number: Int) -> String {
        (number < 10 ? "0" : "") + String(number)
    }

    private struct LocalTime {
        let day: CivilDay
        /// Of the day.
        let minute: Int
        /// From UTC, in seconds.
        let offset: Int
        var isOneOClock: Bool { minute / 60 == 1 }
    }

    private func local(_ moment: Timestamp) -> LocalTime {
        let seconds = Self.floor(Int(moment.milliseconds), 1000)
        let offset = zone?.rules.offset(at: seconds) ?? 0
        let days = Self.floor(seconds + offset, 86_400)
        return LocalTime(
            day: CivilDay(daysSince1970: days),
            minute: (seconds + offset - days * 86_400) / 60,
            offset: offset
        )
    }

    private static func floor(_ number: Int, _ divisor: Int) -> Int {
        (number >= 0 ? number : number - divisor + 1) / divisor
    }
}
