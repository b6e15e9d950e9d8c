public import HTTP
public import Logins

/// Where the client's certificate of a request comes from: the TLS connection, or a header field of
/// a trusted proxy.
public protocol CertificateSource: Sendable {
    /// The certificate; nil if the client showed none. A refusal is not counted yet.
    ///
    /// - Throws: `CertificateRefusal` for one that cannot be used, which is never "none".
    func judge(
        _ request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate?

    /// Counts a refusal, once for each request.
    func count(_ refusal: CertificateRefusal)
}

extension CertificateSource {
    /// The certificate; nil if the client showed none. A refusal is counted.
    ///
    /// - Throws: `CertificateRefusal`.
    public func certificate(
        of request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate? {
        do throws(CertificateRefusal) {
            return try judge(request, at: now)
        } catch {
            count(error)
            throw error
        }
    }
}

/// Why a certificate cannot be used.
public struct CertificateRefusal: Error, Hashable, Sendable {
    /// What is counted.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// A header field came from somebody who is no trusted hop.
        case untrustedHop = "untrusted_hop"
        /// A header field was given more than once.
        case repeated
        /// There is no acceptable certificate in the header field.
        case unreadable
        /// The certificate has expired, or is not valid yet.
        case outOfDate = "out_of_date"
    }

    public let cause: Cause
    /// For the audit.
    public let reason: String

    public init(_ reason: String, cause: Cause = .unreadable) {
        self.cause = cause
        self.reason = reason
    }
}

/// The certificate of the TLS connection.
///
/// A request that carries a well-known header field with a certificate is refused: it is either
/// forged or from a proxy that this source does not expect, whose own certificate would be taken for
/// the client's.
public struct ConnectionCertificate: CertificateSource {
    private let onRefusal: @Sendable (CertificateRefusal) -> Void

    /// `onRefusal` is called with each refusal, to count it.
    public init(onRefusal: @escaping @Sendable (CertificateRefusal) -> Void = { _ in }) {
        self.onRefusal = onRefusal
    }

    public func count(_ refusal: CertificateRefusal) { onRefusal(refusal) }

    public func judge(
        _ request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate? {
        for name in Self.forbidden where request.valueRange(of: name.bytes) != nil {
            throw .untrustedHop(name.text, request.peer)
        }
        guard let certificate = request.peer.certificate else { return nil }
        guard now.seconds <= certificate.notAfter else { throw .expired("of the connection") }
        return certificate
    }

    private static let forbidden = CertificateFormat.knownHeaders.map {
        (text: $0, bytes: Array($0.utf8))
    }
}

extension CertificateRefusal {
    static func untrustedHop(_ header: String, _ peer: Peer) -> Self {
        Self("\(header) came from \(peer.hop), which is no trusted hop", cause: .untrustedHop)
    }

    static func expired(_ place: String) -> Self {
        Self("the certificate \(place) has expired", cause: .outOfDate)
    }
}

extension Timestamp {
    /// Whole seconds since 1970.
    var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000 }
}

extension Request {
    /// The position of the first value of a field, and whether it is the only one; nil if there is
    /// none. `name` is in lower case.
    func valueRange(of name: [UInt8]) -> (Range<Int>, isOnly: Bool)? {
        var found: Range<Int>?
        for field in fieldRanges where isNamed(field, name) {
            if let found { return (found, false) }
            found = Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
        return found.map { ($0, true) }
    }

    private func isNamed(_ field: FieldRange, _ name: [UInt8]) -> Bool {
        guard field.name.count == name.count else { return false }
        let start = Int(field.name.lowerBound)
        for index in name.indices {
            let (own, wanted) = (bytes[start + index], name[index])
            if own != wanted, own | 0x20 != wanted || wanted &- UInt8(ascii: "a") >= 26 {
                return false
            }
        }
        return true
    }
}
