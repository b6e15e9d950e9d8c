/// An identifier that another system issued: 1–512 characters, no control characters. Its type says
/// what it identifies, so that a user cannot be passed for a client.
///
/// Two identifiers are equal if their bytes are. They are not normalized, because the issuer compares
/// bytes too.
public struct Identifier<Named>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The greatest length, in characters. Longer ones are refused.
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

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] < 0x20 || bytes[index] >= 0x7F {
            return false
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

    // `String` compares characters, so a composed and a decomposed letter are equal to it.

    public static func == (left: Self, right: Self) -> Bool {
        let (left, right) = (left.value.utf8Span.span, right.value.utf8Span.span)
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        var value = value
        value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Compares bytes, which gives the order of code points.
    public static func < (left: Self, right: Self) -> Bool {
        left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
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
}

/// The store's number of a login, ascending by arrival. It is never sent to an authorization server,
/// but every ticket carries it.
public struct LoginNumber: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
