import Foundation
import HTTP
import JSON

extension Target {
    /// Answers requests that begin as those of the places and are changed at random. Whatever comes,
    /// the process goes on, the status is one that a handler gives, and JSON is JSON.
    func fuzz(seconds: Int, file: String) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = Mixed(state: seed)
        let places = try router.routes.flatMap { try self.places(of: $0) }
        guard let output = FileHandle(creating: file) else { throw Unusable(what: file) }
        let end = ContinuousClock.now + .seconds(seconds)
        var statuses: [Int: Int] = [:]
        while ContinuousClock.now < end {
            let place = places[random.below(places.count)]
            var request = place.request(1 + random.below(random.below(20) == 0 ? place.limit : 200))
            for _ in 0..<random.below(8) { Self.change(&request, &random) }
            output.replace(with: request)
            guard let response = try? await Self.answer(Self.completed(request), router) else {
                continue
            }
            guard
                [
                    200, 201, 202, 204, 303, 400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414,
                    415, 417, 422, 428, 429, 431, 501, 503, 505,
                ].contains(response.status)
            else { throw Unusable(what: "status \(response.status): see \(file)") }
            // Not lines of JSON.
            if ["/json", "+json"].contains(where: "\(response.contentType ?? "")".hasSuffix),
                !response.body.isEmpty,
                (try? JSONValue(response.body)) == nil
            {
                throw Unusable(what: "an answer that is not JSON: see \(file)")
            }
            statuses[response.status, default: 0] += 1
        }
        print("answers: \(statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })")
        guard statuses[200] != nil, statuses[400] != nil else {
            throw Unusable(what: "nothing was accepted, or nothing refused")
        }
    }

    /// What has misled readers before.
    private static let words =
        [
            "\0", "\r\n", "\r\n\r\n", "%", "%00", "%2e%2e", "..", "/", "\"", "\\u0000", "\\ud800",
            "\u{315}\u{300}",
            "\u{202E}", "\u{FEFF}", "1e-9223372036854775808", "9223372036854775808", "-0", "null",
            "[", "{",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:60+23:59", "=", "&", ";q=", ",", "\u{1F1E6}",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x80]]

    private static func change(_ bytes: inout [UInt8], _ random: inout Mixed) {
        guard !bytes.isEmpty else { return }
        let place = random.below(bytes.count)
        switch random.below(6) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.insert(contentsOf: words[random.below(words.count)], at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(8)))
        case 3:
            let slice = bytes[place..<min(bytes.count, place + 1 + random.below(32))]
            bytes.insert(contentsOf: slice, at: random.below(bytes.count))
        case 4: bytes[place] ^= UInt8(1 << random.below(8))
        default:
            let word = words[random.below(words.count)]
            bytes.replaceSubrange(place..<min(bytes.count, place + word.count), with: word)
        }
    }

    /// With the length that its body has now, so that most requests reach their handlers.
    private static func completed(_ bytes: [UInt8]) -> [UInt8] {
        let (name, blank) = (Array("Content-Length: ".utf8), Array("\r\n\r\n".utf8))
        guard let end = bytes.firstRange(of: blank), let start = bytes.firstRange(of: name),
            start.upperBound < end.lowerBound
        else { return bytes }
        let digits = bytes[start.upperBound...].prefix { (0x30...0x39).contains($0) }
        let length = Array(String(bytes.count - end.upperBound).utf8)
        return bytes[..<digits.startIndex] + length + bytes[digits.endIndex...]
    }
}

/// SplitMix64: the same requests for the same seed.
struct Mixed {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Int(mixed % UInt64(max(limit, 1)))
    }
}

extension FileHandle {
    fileprivate convenience init?(creating path: String) {
        guard FileManager.default.createFile(atPath: path, contents: nil) else { return nil }
        self.init(forWritingAtPath: path)
    }

    fileprivate func replace(with bytes: [UInt8]) {
        try? seek(toOffset: 0)
        write(Data(bytes))
        try? truncate(atOffset: UInt64(bytes.count))
    }
}
