import Access
import Commands
import Glibc
import HTTP
import JSON
import Localization
import Logins
import Notifications

/// `beckon users add`: adds a user to the local directory, or changes one.
struct AddUser: RemoteAction {
    static let name = "users add"
    static let createsStore = true
    static let summary = "Add a user, or change an existing one."
    static let details = """
        For an existing user, options that are not given keep their values, and a disabled user stays
        disabled. To clear a value: --channels=all, --language=-, --time-zone=-, --document=-,
        --address=CHANNEL=-.

        A consent that names another CPF or CNPJ is rejected if a document of that kind is known.
        Otherwise the page shows in whose name the consent is.
        """
    static let options: [CommandOption] = [
        .user,
        .text("channels", "NAMES", "Allowed channels, comma-separated. All for a new user."),
        .text("language", "TAG", "The user's language (BCP 47), such as en or pt-BR."),
        .text("time-zone", "NAME", "The user's time zone, such as America/Sao_Paulo."),
        .text("document", "NUMBERS", "CPF of the user and CNPJ of companies, comma-separated."),
        .text(
            "address",
            "CHANNEL=ADDRESS",
            "Where a channel finds the user, such as mail=anna@b.example."
        ),
    ]
    /// The value of an option that takes back what was stored.
    private static let nothing = "-"

    private let user: UserID
    private let channels: [String]?
    private let language: String?
    private let timeZone: String?
    private let documents: Set<IdentityDocument>?
    private let address: (channel: String, text: String?)?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        user = try arguments.user()
        channels = arguments.text("channels")?.split(separator: ",").map(String.init)
        let languages = Language.allCases.map(\.rawValue).joined(separator: ", ")
        language = try arguments.parsed(
            "language",
            "must be a language of the pages: \(languages), also with a region such as en-GB"
        ) { tag in
            tag == Self.nothing || User.isLanguageTag(tag) && Language.named(tag) != nil
                ? tag : nil
        }
        timeZone = try arguments.parsed(
            "time-zone",
            "must be a name of the time zone database, such as America/Sao_Paulo"
        ) { $0 == Self.nothing || Self.isKnown($0) ? $0 : nil }
        documents = try arguments.parsed(
            "document",
            "must be CPF (11 digits) or CNPJ (14) with their check digits, with or without punctuation, "
                + "comma-separated"
        ) { text in
            if text == Self.nothing { return [] }
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            let documents = parts.compactMap { IdentityDocument(typed: String($0)) }
                .filter(\.hasCheckDigits)
            return documents.count == parts.count ? Set(documents) : nil
        }
        address = try arguments.parsed(
            "address",
            "must be CHANNEL=ADDRESS, with an address of at most 4096 bytes without spaces"
        ) { text in
            let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2, !text.hasPrefix("="), User.isAddress(halves[1]) else {
                return nil
            }
            return (halves[0], halves[1] == Self.nothing ? nil : halves[1])
        }
    }

    /// If the machine has the time zone database, the name must be in it.
    private static func isKnown(_ timeZone: String) -> Bool {
        let database = "/usr/share/zoneinfo"
        return User.isTimeZone(timeZone)
            && (access(database, F_OK) != 0 || isFile(database + "/" + timeZone))
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        func new(_ given: String?, _ old: String?) -> String? {
            given == Self.nothing ? nil : given ?? old
        }
        let chosen = try channels.map { (names) throws(CommandFailure) in
            try known(names, settings)
        }
        let located = try address.map { (address) throws(CommandFailure) in
            (channel: try known([address.channel], settings)?.first, text: address.text)
        }
        let result: (before: User?, after: User)
        do throws(UserDesk.Refusal) {
            result = try await stores.userDesk.put(user, by: .account, at: SystemTime.now()) {
                (before) throws(UserDesk.Refusal) in
                var addresses = before?.addresses ?? [:]
                if let channel = located?.channel { addresses[channel] = located?.text }
                return User(
                    id: user,
                    isActive: before?.isActive ?? true,
                    channels: chosen ?? before?.channels,
                    language: new(language, before?.language),
                    timeZone: new(timeZone, before?.timeZone),
                    documents: documents ?? before?.documents ?? [],
                    addresses: addresses
                )
            }
        } catch {
            throw CommandFailure(error, user)
        }
        terminal.output("\(result.before == nil ? "added" : "replaced") \(user)")
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let before = try await api.find(["users", user.value])
        func new(_ given: String?, _ name: String) -> JSONValue? {
            given == Self.nothing
                ? nil : given.map { JSONValue.string($0) } ?? before?.value[name]
        }
        let names: JSONValue? =
            channels == ["all"]
            ? nil : channels.map { JSONValue.texts($0) } ?? before?.value["channels"]
        let body = JSONValue.members([
            "channels": names,
            "language": new(language, "language"),
            "time_zone": new(timeZone, "time_zone"),
            "documents": documents.map { JSONValue.texts($0.sorted().map(\.number)) },
            "addresses": address.map { address in
                .object(
                    JSONObject([
                        JSONObject.Member(
                            name: address.channel,
                            value: address.text.map { .string($0) } ?? .null
                        )
                    ])
                )
            },
        ])
        let condition = before?.tag.map { Field("If-Match", $0) } ?? Field("If-None-Match", "*")
        _ = try await api.send(.put, ["users", user.value], body: body, fields: [condition])
        terminal.output("\(before == nil ? "added" : "replaced") \(user)")
    }

    /// Nil for all.
    private func known(
        _ names: [String],
        _ settings: OperatorSettings
    ) throws(CommandFailure) -> Set<ChannelID>? {
        let known = settings.channels
        if names == ["all"], !known.contains(where: { $0.value == "all" }) { return nil }
        for name in names where !known.contains(where: { $0.value == name }) {
            let list = known.map(\.value).joined(separator: ", ")
            throw CommandFailure(.usage, "\(name) is not a channel; there is \(list)")
        }
        return Set(known.filter { names.contains($0.value) })
    }
}

/// `beckon users list`: the users of the local directory, one per line.
struct ListUsers: RemoteAction {
    static let name = "users list"
    static let summary = "List the users in the local store."
    static let details = """
        Tab-separated, one user per line: identifier, active or disabled, channels, language, time
        zone. --json prints an array with one object per user. It shows whether documents are known
        and for which channels there is an address, but neither the documents nor the addresses.
        """
    static let options: [CommandOption] = [.flag("json", "Print JSON.")]
    /// Users read at a time.
    private static let page = 500

    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) { writesJSON = arguments.has("json") }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var last: UserID?
        var separator = "["
        while true {
            let users = try await stores.users.users(after: last, limit: Self.page)
            for user in users {
                terminal.output(writesJSON ? separator + Self.json(user) : Self.line(user))
                separator = ","
            }
            guard users.count == Self.page else { break }
            last = users.last?.id
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        var separator = "["
        let limit = [Field("limit", "\(Self.page)")]
        try await api.each("users", ["users"], query: limit) { user in
            let json = separator + String(decoding: user.bytes, as: UTF8.self)
            terminal.output(writesJSON ? json : Self.line(user))
            separator = ","
            return true
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    private static func line(_ user: JSONValue) -> String {
        func text(_ name: String) -> String? { user[name]?.string.map(LoginText.harmless) }
        let channels = user["channels"]?.strings.map { $0.joined(separator: ",") } ?? "all"
        let state = user["active"]?.bool == true ? "active" : "disabled"
        return [
            text("user") ?? "", state, LoginText.harmless(channels), text("language") ?? "-",
            text("time_zone") ?? "-",
        ].joined(separator: "\t")
    }

    private static func json(_ user: User) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("user", user.id.value)
            json.member("active", user.isActive)
            if let channels = user.channels {
                json.member("channels", channels.map(\.value).sorted())
            }
            json.member("language", user.language)
            json.member("time_zone", user.timeZone)
            json.member("has_documents", !user.documents.isEmpty)
            if !user.addresses.isEmpty {
                json.member("channels_with_address", user.addresses.keys.map(\.value).sorted())
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func line(_ user: User) -> String {
        let channels =
            user.channels.map { $0.map(\.value).sorted().joined(separator: ",") } ?? "all"
        let state = user.isActive ? "active" : "disabled"
        return [user.id.value, state, channels, user.language ?? "-", user.timeZone ?? "-"]
            .joined(separator: "\t")
    }
}

/// `beckon users enable`, `disable` and `remove`: changes a user who exists.
struct ChangeUser<Change: UserChange>: RemoteAction {
    static var name: String { "users " + Change.verb }
    static var summary: String { Change.summary }
    static var options: [CommandOption] { [.user] }

    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) { user = try arguments.user() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        do throws(UserDesk.Refusal) {
            try await Change.perform(on: user, of: stores.userDesk)
        } catch {
            throw CommandFailure(error, user)
        }
        terminal.output("\(Change.verb)d \(user)")
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let path = ["users", user.value]
        _ =
            Change.isRemoval
            ? try await api.send(.delete, path) : try await api.send(.post, path + [Change.verb])
        terminal.output("\(Change.verb)d \(user)")
    }
}

/// What `ChangeUser` does. Its verb ends in e.
protocol UserChange: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    static var isRemoval: Bool { get }
    static func perform(on user: UserID, of desk: UserDesk) async throws(UserDesk.Refusal)
}

extension UserChange {
    static var isRemoval: Bool { false }
}

enum EnableUser: UserChange {
    static let verb = "enable"
    static let summary = "Enable a disabled user."
    static func perform(on user: UserID, of desk: UserDesk) async throws(UserDesk.Refusal) {
        try await desk.setActive(true, user, by: .account, at: SystemTime.now())
    }
}

enum DisableUser: UserChange {
    static let verb = "disable"
    static let summary = "Disable a user. New logins of the user fail."
    static func perform(on user: UserID, of desk: UserDesk) async throws(UserDesk.Refusal) {
        try await desk.setActive(false, user, by: .account, at: SystemTime.now())
    }
}

enum RemoveUser: UserChange {
    static let verb = "remove"
    static let isRemoval = true
    static let summary = "Remove a user. The user's logins stay in the store."
    static func perform(on user: UserID, of desk: UserDesk) async throws(UserDesk.Refusal) {
        try await desk.remove(user, by: .account, at: SystemTime.now())
    }
}

extension CommandOption {
    fileprivate static let user = text(
        "user",
        "IDENTIFIER",
        "The identifier that the authorization server uses.",
        required: true
    )
}

extension ParsedArguments {
    func user() throws(CommandFailure) -> UserID {
        guard let user = UserID(text("user", default: "")) else {
            throw CommandFailure(
                .usage,
                "--user must have 1 to 512 characters and no control characters"
            )
        }
        return user
    }
}

extension Stores {
    fileprivate var userDesk: UserDesk { UserDesk(users: users, access: access) }
}

extension CommandFailure {
    fileprivate init(_ refusal: UserDesk.Refusal, _ user: UserID) {
        switch refusal {
        case .missing: self.init(.failed, "there is no user \(user)")
        case .changed, .used:
            self.init(.busy, "user \(user) was changed in the meantime; try again")
        case .directory(let error): self.init(.unavailable, "\(error)")
        case .store(let error): self.init(error)
        }
    }
}
