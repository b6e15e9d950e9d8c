/// A name that somebody else gave, checked once: 1 to 512 characters, none of them a control
/// character. What it names is in its type, so that a user cannot be passed for a client.
///
/// It keeps the bytes as they came; it does not normalise, because equal means byte-equal to the
/// server that issued it.
public struct Identifier<Named>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Longer identifiers are refused [DE-2].
    public static var maximumLength: Int { 512 }

    public let value: String

    /// Nil when the text is empty, too long, or has a control character.
    public init?(_ value: String) {
        // Nearly every name is ASCII, for which bytes are characters.
        guard
            Self.isPlain(value.utf8Span.span)
                ? value.utf8.count <= Self.maximumLength : Self.isName(value),
            !value.isEmpty
        else { return nil }
        self.value = value
    }

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        // Eight bytes at a time: less than 0x20 borrows the top bit, and 0x7F carries into it.
        while index + 8 <= bytes.count {
            let word = bytes.word(at: index)
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
            // C0, DEL and C1 (RFC 20, ISO 6429): nothing that could forge a line of a log.
            let code = scalar.value
            if code < 0x20 || (0x7F...0x9F).contains(code) || length > maximumLength {
                return false
            }
        }
        return true
    }

    public var description: String { value }

    // `String` compares characters, and so takes a composed and a decomposed letter for equal.

    public static func == (left: Self, right: Self) -> Bool {
        let (left, right) = (left.value.utf8Span.span, right.value.utf8Span.span)
        guard left.count == right.count else { return false }
        var index = 0
        while index + 8 <= left.count {
            guard left.word(at: index) == right.word(at: index) else { return false }
            index += 8
        }
        while index < left.count {
            guard left[index] == right[index] else { return false }
            index += 1
        }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        var value = value
        value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The order of bytes, which is the order of code points.
    public static func < (left: Self, right: Self) -> Bool {
        left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
    }
}

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

/// The authorization server's name of a login: Cloudentity `login_id`, Keycloak `jti`, Gravitee `tid`.
public typealias LoginID = Identifier<Names.Login>
/// Who is asked, as the authorization server names them.
public typealias UserID = Identifier<Names.User>
/// The OAuth client whose login it is.
public typealias ClientID = Identifier<Names.Client>
/// A tenant of an authorization server.
public typealias TenantID = Identifier<Names.Tenant>
/// A workspace of a tenant: what Cloudentity calls `server_id`.
public typealias WorkspaceID = Identifier<Names.Workspace>
/// A configured authorization server.
public typealias AuthorizationServerID = Identifier<Names.AuthorizationServer>
/// A configured notification channel.
public typealias ChannelID = Identifier<Names.Channel>
/// The consent a third party lodged: `openbanking_intent_id`.
public typealias ConsentID = Identifier<Names.Consent>

/// What makes a login the same login when it is delivered again: the identity it has at its
/// server [ST-2].
public struct LoginKey: Hashable, Sendable {
    public let server: AuthorizationServerID
    public let tenant: TenantID?
    public let login: LoginID

    public init(server: AuthorizationServerID, tenant: TenantID?, login: LoginID) {
        self.server = server
        self.tenant = tenant
        self.login = login
    }
}

/// The store's own, ascending number of a login. Never sent to an authorization server.
public struct LoginNumber: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Span<UInt8> {
    /// Eight bytes.
    fileprivate func word(at index: Int) -> UInt64 {
        precondition(index >= 0 && index + 8 <= count, "the bytes lie within the span")
        return bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
    }
}
