import Dates
import HTTP
import Localization
import Logins

extension ApprovalPage {
    /// `4 March 2031, 14:32`; the full timestamp is in the `datetime` attribute.
    func moment(_ moment: Timestamp) -> HTML {
        let local = local(moment)
        return element(moment) {
            catalogue.html(
                .dateTime,
                ["date": .text(catalogue.date(local.day)), "time": clock(local.minute)]
            )
        }
    }

    /// `14:32`.
    func timeOfDay(_ moment: Timestamp) -> HTML {
        element(moment) { clock(local(moment).minute) }
    }

    /// `America/Sao Paulo`.
    func name(_ zone: TimeZone) -> HTML {
        HTML.element("bdi", ["dir": "ltr"]) { .text(zone.name.replacing("_", with: " ")) }
    }

    private func element(_ moment: Timestamp, _ content: () -> HTML) -> HTML {
        let text = RFC3339.format(milliseconds: moment.milliseconds)
        return HTML.element("time", ["datetime": text], content)
    }

    /// In UTC, and marked as such, when the user's time zone is not known.
    private func clock(_ minute: Int) -> HTML {
        let hours = minute / 60
        let minutes = minute % 60
        let text = HTML.text(
            "\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
        )
        return catalogue.html(zone == nil ? .timeOfDay : .clock, ["time": text])
    }

    /// The day, and the minute of that day.
    private func local(_ moment: Timestamp) -> (day: CivilDay, minute: Int) {
        let seconds = Self.floor(Int(moment.milliseconds), 1000)
        let local = seconds + (zone?.rules.offset(at: seconds) ?? 0)
        let days = Self.floor(local, 86_400)
        return (CivilDay(daysSince1970: days), (local - days * 86_400) / 60)
    }

    private static func floor(_ number: Int, _ divisor: Int) -> Int {
        (number >= 0 ? number : number - divisor + 1) / divisor
    }
}
