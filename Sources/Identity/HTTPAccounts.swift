public import Configuration
public import HTTP
import JSON
public import Logins
import Texts

/// Accounts that the bank's own API lists (`openapi/bank-accounts.yaml`), one GET for each user.
///
/// Nothing is cached: the user sees the current accounts. An answer that breaks a rule is refused as
/// a whole, because a list with gaps would look complete.
public struct HTTPAccounts: AccountDirectory {
    /// Maximum number of accounts in one answer.
    private static let limit = 500
    /// Bytes of an answer: 2 KiB for each account.
    private static let responseLimit = 1 << 20

    private let lookup: UserLookup

    /// A list of accounts at the service of `settings`.
    public init(_ settings: UserLookup.Settings, client: any OutboundHTTP) {
        lookup = UserLookup(settings, responseLimit: Self.responseLimit, client: client)
    }

    /// The configuration's `accounts`. Nil when it is absent: then no consent that needs accounts
    /// can be approved.
    public static func settings(_ section: Section) -> UserLookup.Settings? {
        defer { section.end() }
        let settings = UserLookup.Settings(
            section,
            example: "https://accounts.bank.example/beckon/v1/users/{user}/accounts",
            token: "ACCOUNTS_TOKEN",
            timeLimit: .seconds(2)
        )
        if section.isPresent, !section.has("token"), !section.has("certificate"),
            !section.isDevelopment
        {
            section.warn("", "calls the bank without a token or a certificate")
        }
        return settings
    }

    public func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount] {
        guard let body = try await lookup.body(about: user) else { return [] }
        return try Self.accounts(body)
    }

    private static func accounts(_ body: [UInt8]) throws(DirectoryError) -> [BankAccount] {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(body)
        } catch {
            // The error may contain the name of a repeated member, which may be personal data.
            throw .unavailable("the answer is not JSON with each member once")
        }
        let answer = try AnswerMembers(value)
        var accounts: [BankAccount] = []
        var ids: Set<ExactText> = []
        for (position, element) in try answer.array("accounts", limit: limit).enumerated() {
            let members = try AnswerMembers(element, at: "accounts[\(position)]")
            let account = try account(members)
            guard ids.insert(account.id.exact).inserted else {
                throw members.broken("id", "is already used by an earlier account")
            }
            accounts.append(account)
        }
        return accounts
    }

    private static func account(_ members: AnswerMembers) throws(DirectoryError) -> BankAccount {
        let display = try members.text("display", 1...64)
        return BankAccount(
            id: try members.text("id", 1...256),
            // An account without a name goes by its number.
            name: try members.name("name", 1...128) ?? display,
            display: display,
            kind: try members.word("kind"),
            currency: try currency(members),
            purposes: try members.words("purposes"),
            number: try members.optional("number").map { value throws(DirectoryError) in
                try number(value, at: members.path(of: "number"))
            },
            numbers: try numbers(members),
            resourceType: try members.optionalText("resource_type", 1...64),
            customerID: try members.optionalText("customer_id", 1...256)
        )
    }

    private static func currency(_ members: AnswerMembers) throws(DirectoryError) -> String? {
        guard let value = members.optional("currency") else { return nil }
        guard let code = value.string, code.utf8.count == 3,
            code.utf8.allSatisfy({ $0 &- UInt8(ascii: "A") < 26 })
        else { throw members.broken("currency", "must be three capital letters (ISO 4217)") }
        return code
    }

    /// Further numbers of the same account.
    private static func numbers(
        _ members: AnswerMembers
    ) throws(DirectoryError) -> [Consent.NamedAccount] {
        guard members.optional("numbers") != nil else { return [] }
        var numbers: [Consent.NamedAccount] = []
        for (position, value) in try members.array("numbers", limit: 10).enumerated()
        where value.withoutUnset.object?.members.isEmpty != true {
            numbers.append(try number(value, at: "\(members.path(of: "numbers"))[\(position)]"))
        }
        return numbers
    }

    /// A number of Open Banking, which has a scheme, or of Open Finance Brasil, which has an
    /// institution.
    private static func number(
        _ value: JSONValue,
        at path: String
    ) throws(DirectoryError) -> Consent.NamedAccount {
        let parts = try AnswerMembers(value, at: path)
        if parts.optional("ispb") != nil { return try brazilian(parts) }
        for name in ["issuer", "account_type"] where parts.optional(name) != nil {
            throw parts.broken(name, "requires ispb")
        }
        return Consent.NamedAccount(
            scheme: try parts.text("scheme", 1...64),
            identification: try parts.text("identification", 1...256),
            secondary: try parts.optionalText("secondary", 1...64)
        )
    }

    /// The codes of `accountType` in Open Finance Brasil.
    private enum BrazilianType: String, CaseIterable {
        case current = "CACC"
        case salary = "SLRY"
        case savings = "SVGS"
        case prepaid = "TRAN"
    }

    private static func brazilian(
        _ parts: AnswerMembers
    ) throws(DirectoryError) -> Consent.NamedAccount {
        for name in ["scheme", "secondary"] where parts.optional(name) != nil {
            throw parts.broken(name, "cannot be combined with ispb")
        }
        let type: BrazilianType = try parts.word("account_type")
        // Only a prepaid account has no branch.
        let hasIssuer = type != .prepaid || parts.optional("issuer") != nil
        return Consent.NamedAccount(
            identification: try parts.digits("identification", 3...20),
            ispb: try parts.digits("ispb", 8...8),
            issuer: hasIssuer ? try parts.digits("issuer", 1...4) : nil,
            accountType: type.rawValue
        )
    }
}
