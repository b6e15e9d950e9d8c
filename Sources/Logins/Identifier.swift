import Texts

/// An identifier that another system issued: 1–512 characters, no control characters. Its type says
/// what it identifies, so that a user cannot be passed for a client.
///
/// Two identifiers are equal if their bytes are (`ExactText`). They are not normalized, because the
/// issuer compares bytes too.
public struct Identifier<Named>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The greatest length, in characters. Longer ones are refused [DE-2].
    public static var maximumLength: Int { 512 }

    /// The text as it was received.
    public let value: String

    /// Nil if the text is empty, is too long or has a control character.
    public init?(_ value: String) {
        // Nearly every identifier is ASCII, where bytes are characters.
        guard
            Self.isPlain(value.utf8Span.span)
                ? value.utf8.count <= Self.maximumLength : Self.isName(value),
            !value.isEmpty
        else { return nil }
        self.value = value
    }

    /// One that the program itself names, in printable ASCII.
    init(plain value: StaticString) { self.value = value.description }

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        // Eight bytes at a time: less than 0x20 borrows the top bit, and 0x7F carries into it.
        while index + 8 <= bytes.count {
            let word = bytes.eightBytes(at: index)
            let low = (word &- 0x2020_2020_2020_2020) & ~word
            let high = word | (word &+ 0x0101_0101_0101_0101)
            guard (low | high) & 0x8080_8080_8080_8080 == 0 else { return false }
            index += 8
        }
        while index < bytes.count {
            guard bytes[index] >= 0x20, bytes[index] < 0x7F else { return false }
            index += 1
        }
        return true
    }

    private static func isName(_ value: String) -> Bool {
        var length = 0
        for scalar in value.unicodeScalars {
            length += 1
            // C0, DEL and C1 could forge lines of a log (RFC 20, ISO 6429).
            let code = scalar.value
            if code < 0x20 || (0x7F...0x9F).contains(code) || length > maximumLength {
                return false
            }
        }
        return true
    }

    public var description: String { value }

    public static func == (left: Self, right: Self) -> Bool { left.value.isExactly(right.value) }

    public func hash(into hasher: inout Hasher) { hasher.combine(value.exact) }

    /// Compares bytes, which gives the order of code points.
    public static func < (left: Self, right: Self) -> Bool {
        left.value.exact < right.value.exact
    }
}

/// What an `Identifier` identifies. Only used as type parameters.
public enum Names {
    public enum Login {}
    public enum User {}
    public enum Client {}
    public enum Tenant {}
    public enum Workspace {}
    public enum AuthorizationServer {}
    public enum Channel {}
    public enum Consent {}
    public enum APIClient {}
    public enum Device {}
    public enum Credential {}
}

/// The authorization server's identifier of a login: Cloudentity `login_id`, Keycloak `jti`,
/// Gravitee `tid`.
public typealias LoginID = Identifier<Names.Login>
/// The user, as the authorization server identifies them.
public typealias UserID = Identifier<Names.User>
/// The OAuth client whose login it is.
public typealias ClientID = Identifier<Names.Client>
/// A tenant of an authorization server.
public typealias TenantID = Identifier<Names.Tenant>
/// A workspace of a tenant (Cloudentity `server_id`).
public typealias WorkspaceID = Identifier<Names.Workspace>
/// A configured authorization server.
public typealias AuthorizationServerID = Identifier<Names.AuthorizationServer>
/// A configured notification channel.
public typealias ChannelID = Identifier<Names.Channel>
/// A consent that a third party lodged (`openbanking_intent_id`).
public typealias ConsentID = Identifier<Names.Consent>

/// A client of Beckon's own token endpoint.
public typealias APIClientID = Identifier<Names.APIClient>

/// A registered device of a user.
public typealias DeviceID = Identifier<Names.Device>
/// A key with which a user can decide: that of a device, or a passkey.
public typealias CredentialID = Identifier<Names.Credential>

/// What identifies a login when it is delivered again: its server, tenant and identifier there.
public struct LoginKey: Hashable, Sendable {
    public let server: AuthorizationServerID
    /// Nil if the server has no tenants.
    public let tenant: TenantID?
    public let login: LoginID

    public init(server: AuthorizationServerID, tenant: TenantID?, login: LoginID) {
        self.server = server
        self.tenant = tenant
        self.login = login
    }

    /// Whether both identify one login. A tenant that is missing in one of them does not matter,
    /// because servers leave it out at times [ST-2].
    public func isSame(as other: LoginKey) -> Bool {
        login == other.login && sharesConsents(with: other)
    }

    /// Whether a consent that both logins name is one consent: those of a server and tenant.
    public func sharesConsents(with other: LoginKey) -> Bool {
        server == other.server && (tenant == other.tenant || tenant == nil || other.tenant == nil)
    }
}

/// The store's number of a login, ascending by arrival. It is never sent to an authorization server,
/// but every ticket carries it.
public struct LoginNumber: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Span<UInt8> {
    /// Eight bytes.
    fileprivate func eightBytes(at index: Int) -> UInt64 {
        // allowed: the caller compares the index with the count first.
        precondition(index >= 0 && index + 8 <= count, "the bytes lie within the span")
        return bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
    }
}
