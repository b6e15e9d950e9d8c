import Dates
import Foundation
import HTTP
import Testing

@testable import Localization

@Suite("A day or a moment on a page")
struct TimeTests {
    private static func seconds(_ text: String) throws -> Int {
        Int(try #require(RFC3339.parse(text))) / 1000
    }

    @Test(
        "Days convert to days since 1970 and back",
        arguments: [
            ("1970-01-01", 0, 4), ("2000-02-29", 11_016, 2), ("2031-03-04", 22_342, 2),
            ("1969-12-31", -1, 3), ("1600-03-01", -135_080, 3), ("2100-03-01", 47_541, 1),
        ]
    )
    func calendar(text: String, days: Int, weekday: Int) throws {
        let day = try #require(CivilDay(text))
        #expect(day.daysSince1970 == days)
        #expect(CivilDay(daysSince1970: days) == day)
        #expect(day.weekday == weekday)
    }

    @Test(
        "A day that does not exist is refused",
        arguments: [
            "2031-02-29", "2031-13-01", "2031-00-10", "2031-1-1", "31-01-01", "", "2100-02-29",
            "2031-01-01T",
        ]
    )
    func noDay(text: String) {
        #expect(CivilDay(text) == nil)
    }

    /// CLDR 47, long date; English in the order of `en-001`.
    @Test(
        "A date is written as in the CLDR",
        arguments: [
            (Language.en, "4 March 2031"), (.ptBR, "4 de março de 2031"),
            (.es, "4 de marzo de 2031"), (.fr, "4 mars 2031"),
            (.de, "4. März 2031"), (.ar, "4 مارس 2031"),
        ]
    )
    func written(language: Language, text: String) throws {
        #expect(Catalogue(language).date(try #require(CivilDay("2031-03-04"))) == text)
    }

    /// From the published rules of each zone: the moment before and of a change of its clocks, in
    /// the years of the table and in those of the footer.
    @Test(
        "Offsets of real time zones are right before and after each change",
        arguments: [
            ("Europe/London", "2026-03-29T00:59:59Z", 0),
            ("Europe/London", "2026-03-29T01:00:00Z", 1),
            ("Europe/London", "2026-10-25T00:59:59Z", 1),
            ("Europe/London", "2026-10-25T01:00:00Z", 0),
            ("Europe/London", "2099-07-01T00:00:00Z", 1),
            ("Europe/London", "2099-12-01T00:00:00Z", 0),
            ("Europe/London", "1970-06-01T00:00:00Z", 1),
            ("Europe/Berlin", "2060-03-28T00:59:59Z", 1),
            ("Europe/Berlin", "2060-03-28T01:00:00Z", 2),
            ("America/Sao_Paulo", "2019-01-01T00:00:00Z", -2),
            ("America/Sao_Paulo", "2031-01-01T00:00:00Z", -3),
            ("America/New_York", "2031-03-09T06:59:59Z", -5),
            ("America/New_York", "2031-03-09T07:00:00Z", -4),
            ("Australia/Sydney", "2031-01-01T00:00:00Z", 11),
            ("Australia/Sydney", "2080-07-01T00:00:00Z", 10),
            ("Australia/Sydney", "2080-12-31T23:00:00Z", 11),
            ("Asia/Riyadh", "2031-07-01T00:00:00Z", 3), ("UTC", "2031-07-01T00:00:00Z", 0),
        ]
    )
    func zones(name: String, moment: String, hours: Int) throws {
        let zone = try #require(TimeZones.standard.zone(named: name))
        #expect(zone.rules.offset(at: try Self.seconds(moment)) == hours * 3600)
    }

    @Test("Offsets agree with Foundation in zones with unusual rules")
    func oracle() throws {
        let names = [
            "America/Nuuk", "Africa/Casablanca", "Asia/Kathmandu", "Australia/Lord_Howe",
            "Pacific/Chatham", "Europe/Dublin", "America/Havana", "Asia/Tehran", "Pacific/Apia",
            "Antarctica/Troll", "America/St_Johns", "Asia/Gaza",
        ]
        for name in names {
            let zone = try #require(TimeZones.standard.zone(named: name))
            let found = Foundation.TimeZone(identifier: name)
            let other = try #require(found)
            for step in 0..<50 {
                let moment = 600_000_000 + step * 29_000_017
                let date = Date(timeIntervalSince1970: Double(moment))
                let theirs = other.secondsFromGMT(for: date)
                #expect(zone.rules.offset(at: moment) == theirs, "\(name) \(date)")
            }
        }
    }

    @Test(
        "POSIX rules of time zones are read",
        arguments: [
            ("<-03>3", "2031-07-01T00:00:00Z", -10_800),
            ("EST5EDT,M3.2.0,M11.1.0", "2031-07-01T00:00:00Z", -14_400),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", "2031-07-01T00:00:00Z", 3600),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", "2031-12-01T00:00:00Z", 0),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2031-01-01T00:00:00Z", 39_600),
            ("AAA3BBB,J60,J300", "2028-02-29T12:00:00Z", -10_800),
            ("AAA3BBB,J60,J300", "2028-03-01T12:00:00Z", -7200),
            ("AAA3BBB,59/0,300", "2028-02-29T12:00:00Z", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2031-03-30T00:59:59Z", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2031-03-30T01:00:00Z", -3600),
        ]
    )
    func rules(text: String, moment: String, offset: Int) throws {
        let rule = try #require(ClockRule(text))
        #expect(rule.offset(at: try Self.seconds(moment)) == offset)
    }

    @Test(
        "Malformed POSIX rules are refused",
        arguments: [
            "", "GMT", "G0", "GMT0BST", "GMT0BST,M13.1.0,M1.1.0", "GMT0BST,M3.5.0", "GMT0 ", "<A",
            "AAA999", "GMT0BST,M3.6.0,M1.1.0", "GMT0BST,J0,J1",
        ]
    )
    func badRules(text: String) {
        #expect(ClockRule(text) == nil)
    }

    @Test("A damaged time zone file does not crash")
    func damaged() throws {
        let file = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/London"))
        let bytes = [UInt8](file)
        #expect(TimeZoneRules(bytes) != nil)
        for length in stride(from: 0, to: bytes.count - 40, by: 7) {
            #expect(TimeZoneRules(Array(bytes.prefix(length))) == nil, "\(length) bytes")
        }
        for index in stride(from: 0, to: bytes.count, by: 3) {
            var changed = bytes
            changed[index] ^= 0xFF
            _ = TimeZoneRules(changed)?.offset(at: 1_800_000_000)
        }
    }

    @Test(
        "Names that are not of a time zone are refused",
        arguments: [
            "../passwd", "/etc/passwd", "Europe//London", "", "Europe/London/", "Europe/Nowhere",
            "Europe", "zone.tab", "a b", "A/B/C/D", String(repeating: "a", count: 65),
        ]
    )
    func names(name: String) {
        #expect(TimeZones.standard.zone(named: name) == nil)
    }
}
