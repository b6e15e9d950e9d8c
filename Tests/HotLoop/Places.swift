/// Every place of a route that a peer fills.
struct Places: Sendable {
    /// A request that the route accepts.
    var message: Message
    /// The path with the place's text in it; nil for a path without parameters.
    var path: (@Sendable (String) -> String)?
    /// The names that the route's form has.
    var form: [String] = []
    /// The names of the strings in the route's JSON, and those of its arrays of strings.
    var strings: [String] = []
    var arrays: [String] = []
    /// The fields of the head that some route reads, cookies, and one that nobody reads.
    var fields = [
        "Accept-Language", "Authorization", "Content-Type", "Cookie", "Forwarded", "Origin",
        "Sec-Fetch-Site", "X-Forwarded-For", "X-API-Key", "traceparent", "X-Unknown",
    ]
    /// Whether one or two fillings of each place are enough, because other routes read with the same code.
    var isBrief = false
    /// What the names of the places begin with.
    var label = ""

    // A little less than what `HTTPLimits` allows, with room for the rest of the request.
    private static let pathLimit = 7_600
    private static let headLimit = 15_000
    private static let bodyLimit = 64_000

    var all: [Place] {
        let places = paths + queries + headers + (form.isEmpty ? [] : forms) + json
        return places.map { Place(name: label + $0.name, limit: $0.limit, request: $0.request) }
    }

    private func place(
        _ name: String,
        _ filling: Filling,
        _ limit: Int,
        _ message: @escaping @Sendable (String) -> Message
    ) -> Place {
        Place(name: "\(name), \(filling.name)", limit: limit) {
            message(filling.text($0)).bytes
        }
    }

    private var paths: [Place] {
        var places: [Place] = []
        if !isBrief {
            let slashes = Filling(name: "slashes", unit: "/a")
            places = [
                place("path of no route", .letters, Self.pathLimit) { target("/" + $0) },
                place("path of no route", slashes, Self.pathLimit) { target($0) },
            ]
        }
        guard let path else { return places }
        let fillings: [Filling] = isBrief ? [.letters] : [.letters, .escapes, .escapedMarks]
        return places
            + fillings.map { filling in
                place("path", filling, Self.pathLimit) { target(path($0)) }
            }
    }

    private func target(_ target: String) -> Message {
        var message = message
        message.target = target
        return message
    }

    private var queries: [Place] {
        let parameters = Filling(name: "parameters", unit: "&")
        let fillings: [Filling] = isBrief ? [.escapedMarks] : [.escapedMarks, .letters]
        return fillings.flatMap { filling in
            [
                place("query name", filling, Self.pathLimit) {
                    target(message.target + "?seen" + $0)
                },
                place("query value", filling, Self.pathLimit) {
                    target(message.target + "?seen=s" + $0 + "&wait=1")
                },
            ]
        } + [
            Place(name: "query, \(parameters.name)", limit: Self.pathLimit) { count in
                target(message.target + "?" + Self.numbered(count, "&") { "p\($0)=" }).bytes
            }
        ]
    }

    private var headers: [Place] {
        let fillings: [Filling] =
            isBrief ? [.marks] : [.subtags, .list, .marks, .spaces, .pairs]
        var places = fields.flatMap { field in
            fillings.map { filling in
                Place(name: "header \(field.lowercased()), \(filling.name)", limit: Self.headLimit)
                {
                    // A value keeps no space at its end, so a letter stands there.
                    let start = message.fields.first { $0.name == field }?.value ?? "a"
                    return message.with(field, start + filling.text($0) + "a").bytes
                }
            }
        }
        guard !isBrief else { return places }
        places.append(
            Place(name: "header fields, many", limit: Self.headLimit) { count in
                var message = message
                for number in 0..<min(90, count / 170) {
                    message.fields.append(("X-\(number)", Filling.letters.text(160)))
                }
                return message.bytes
            }
        )
        return places
    }

    private var forms: [Place] {
        let fillings: [Filling] = isBrief ? [.escapedMarks] : [.escapedMarks, .letters, .escapes]
        var places = [
            Place(name: "form, many names", limit: Self.bodyLimit) { count in
                message.with(body: Self.numbered(count, "&") { "n\($0)=" }).bytes
            }
        ]
        for name in form {
            places += fillings.flatMap { filling in
                [
                    place("form \(name), value", filling, Self.bodyLimit) {
                        message.with(body: "\(message.body)&\(name)=a" + $0)
                    },
                    place("form \(name), longer name", filling, Self.bodyLimit) {
                        message.with(body: "\(name)" + $0 + "=a&\(message.body)")
                    },
                ]
            }
            places.append(
                Place(name: "form \(name), many values", limit: Self.bodyLimit) { count in
                    let values = Self.numbered(count, "&") { "\(name)=v\($0)" }
                    return message.with(body: "\(message.body)&\(values)").bytes
                }
            )
        }
        return places
    }

    // MARK: JSON

    private var json: [Place] {
        guard !strings.isEmpty else { return [] }
        // One string is tried with all of them; the others, which are read by the same code, with two.
        let fillings: [Filling] = [.marks, .words, .letters, .unicodeEscapes, .flags, .joiners]
        var places: [Place] = []
        for (position, name) in strings.enumerated() {
            let most = isBrief ? 2 : fillings.count
            places += fillings.prefix(position == 0 ? most : isBrief ? 1 : 2).map { filling in
                place("JSON \(name)", filling, Self.bodyLimit) { member(name, "\"a\($0)\"") }
            }
        }
        for name in arrays {
            places.append(
                Place(name: "JSON \(name), many strings", limit: Self.bodyLimit) { count in
                    let texts = Self.numbered(count, ",") { "\"s\($0)\"" }
                    return member(name, "[\(texts)]").bytes
                }
            )
            places.append(
                place("JSON \(name), one string", .marks, Self.bodyLimit) {
                    member(name, "[\"a\($0)\"]")
                }
            )
        }
        return places + unknown
    }

    /// What a peer may add, wherever objects may have unknown members.
    private var unknown: [Place] {
        let open = Filling(name: "nesting", unit: "[")
        let digits = Filling(name: "digits", unit: "1")
        let zeros = Filling(name: "zeros", unit: "0")
        let escapes = Filling(name: "escapes", unit: "\\u0041")
        let name = strings[0]
        return [
            Place(name: "JSON members, many", limit: Self.bodyLimit) { count in
                member("x", "{\(Self.numbered(count, ",") { "\"m\($0)\":0" })}").bytes
            },
            Place(name: "JSON members of the body, many", limit: Self.bodyLimit) { count in
                added(Self.numbered(count, ",") { "\"m\($0)\":0" }).bytes
            },
            Place(name: "JSON members, alike", limit: Self.bodyLimit) { count in
                // One length and one first byte: nothing but the whole name tells them apart.
                added(Self.numbered(count, ",") { "\"m\(1_000_000 + $0)\":0" }).bytes
            },
            place("JSON member name", .marks, Self.bodyLimit) { added("\"\(name)\($0)\":0") },
            place("JSON member name, escaped", .unicodeEscapes, Self.bodyLimit) {
                added("\"\(name)\($0)\":0")
            },
            place("JSON member names with a secret", .letters, Self.bodyLimit) {
                added("\"cod\($0)\":0")
            },
            place("JSON array", open, Self.bodyLimit) { member("x", $0) },
            place("JSON objects", Filling(name: "nesting", unit: "{\"a\":"), Self.bodyLimit) {
                member("x", $0)
            },
            place("JSON number", digits, Self.bodyLimit) { member("x", $0) },
            place("JSON fraction", zeros, Self.bodyLimit) { member("x", "0.\($0)1") },
            place("JSON exponent", digits, Self.bodyLimit) { member("x", "1e\($0)") },
            place("JSON text", escapes, Self.bodyLimit) { member("x", "\"\($0)\"") },
            place("JSON white space", .spaces, Self.bodyLimit) { member("x", $0 + "0") },
        ]
    }

    /// The body with a member set; one of that name is replaced.
    private func member(_ name: String, _ value: String) -> Message {
        var parts = message.body.dropFirst().dropLast().split(separator: ",")
            .filter { !$0.hasPrefix("\"\(name)\"") }.map(String.init)
        parts.append("\"\(name)\":\(value)")
        return message.with(body: "{\(parts.joined(separator: ","))}")
    }

    private func added(_ members: String) -> Message {
        message.with(body: message.body.dropLast() + ",\(members)}")
    }

    /// About so many bytes of parts with numbers.
    private static func numbered(
        _ count: Int,
        _ separator: String,
        _ part: (Int) -> String
    ) -> String {
        var text = ""
        var number = 0
        while text.utf8.count < count {
            if number > 0 { text += separator }
            text += part(number)
            number += 1
        }
        return text
    }
}
