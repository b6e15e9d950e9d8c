public import HTTP
public import Logins

/// Where the client's certificate of a request comes from: the TLS connection, or a header field of
/// a trusted proxy.
public protocol CertificateSource: Sendable {
    /// The certificate; nil if the client showed none.
    ///
    /// - Throws: `CertificateRefusal` for one that cannot be used, which is never "none".
    func certificate(
        of request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate?
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

    public func certificate(
        of request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate? {
        do throws(CertificateRefusal) {
            for name in CertificateFormat.knownHeaders
            where !request.valueRanges(of: Array(name.utf8)).isEmpty {
                throw .untrustedHop(name, request.peer)
            }
            guard let certificate = request.peer.certificate else { return nil }
            guard now.seconds <= certificate.notAfter else { throw .expired("of the connection") }
            return certificate
        } catch {
            onRefusal(error)
            throw error
        }
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
    /// The positions of all values of a field. `name` is in lower case.
    func valueRanges(of name: [UInt8]) -> [Range<Int>] {
        fieldRanges.compactMap { field in
            let own = bytes[Int(field.name.lowerBound)..<Int(field.name.upperBound)]
            guard own.count == name.count,
                zip(own, name).allSatisfy({
                    $0 == $1 || $0 | 0x20 == $1 && $1 &- UInt8(ascii: "a") < 26
                })
            else { return nil }
            return Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
    }
}
