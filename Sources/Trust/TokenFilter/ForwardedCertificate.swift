public import Access
public import Cryptography
public import HTTP
public import Logins
import Texts
import Threads

/// The proxies that are believed about the certificates of their clients. Each must terminate TLS
/// itself, and set or remove the header field in every request.
public struct TrustedHops: Sendable {
    public let ranges: [AddressRange]
    /// Names of the certificates that hops show to Beckon.
    public let names: [CertificateName]
    /// The addresses that were seen last: a few, because there are few hops.
    private let known = PerCore(Known.init)

    private struct Known {
        private var addresses: [(address: String, isInside: Bool)] = []
        private var next = 0

        func isInside(_ address: String) -> Bool? {
            for index in addresses.indices where addresses[index].address.isExactly(address) {
                return addresses[index].isInside
            }
            return nil
        }

        mutating func keep(_ address: String, _ isInside: Bool) {
            if addresses.count < 8 { return addresses.append((address, isInside)) }
            addresses[next] = (address, isInside)
            next = (next + 1) % addresses.count
        }
    }

    public init(ranges: [AddressRange] = [], names: [CertificateName] = []) {
        self.ranges = ranges
        self.names = names
    }

    private func contains(_ address: String) -> Bool {
        if let known = known.withLock({ $0.isInside(address) }) { return known }
        let isInside = ranges.contains { $0.contains(address) }
        known.withLock { $0.keep(address, isInside) }
        return isInside
    }

    /// Whether one of them has sent a request.
    func contains(_ peer: Peer, at now: Timestamp) -> Bool {
        if contains(peer.hop) { return true }
        guard let certificate = peer.certificate, now.seconds <= certificate.notAfter else {
            return false
        }
        return names.contains { $0.identifies(certificate) }
    }
}

/// The certificate in a header field that a trusted hop has set (RFC 9440 §2.4, §4).
///
/// The certificate of the connection is the hop's and never taken for the client's. Whoever connects
/// without a hop has no certificate here.
public final class ForwardedCertificate: CertificateSource {
    private let format: CertificateFormat
    /// The header field's name, in lower case.
    private let name: [UInt8]
    private let header: String
    private let hops: TrustedHops
    private let authorities: Authorities?
    private let onRefusal: @Sendable (CertificateRefusal) -> Void
    /// By the digests of header values: reading a certificate and checking its chain costs more than
    /// the rest of a call, and a client shows the same one each time.
    private let known = Locked(RecentValues<BytesKey, Reading>(capacity: 1024))
    /// Those that were used last, by a few bytes of the value: comparing a value takes less time than its
    /// digest.
    private let last = PerCore { [LastReading?](repeating: nil, count: 64) }

    private struct Reading {
        let certificate: PeerCertificate
        /// When it is valid and `isVerified` is right, in seconds since 1970.
        let judged: ClosedRange<Int64>
    }

    private final class LastReading: Sendable {
        let value: BytesKey
        let certificate: PeerCertificate
        let judged: ClosedRange<Int64>

        /// With a certificate of its own.
        init(_ value: ArraySlice<UInt8>, _ reading: Reading) {
            self.value = BytesKey(Array(value))
            certificate = reading.certificate.copy()
            judged = reading.judged
        }
    }

    /// Bytes of a value in `last`; certificates with their chain seldom have more.
    private static let longestKept = 8 << 10

    /// A chain that was not valid is checked again after so many seconds.
    private static let doubt: Int64 = 60

    /// - Parameters:
    ///   - format: how the hops write certificates.
    ///   - header: the field's name.
    ///   - hops: who is believed.
    ///   - authorities: those that a certificate must be from to be verified; nil verifies none.
    ///   - onRefusal: called with each refusal, to count it.
    public init(
        _ format: CertificateFormat,
        header: String,
        hops: TrustedHops,
        authorities: Authorities? = nil,
        onRefusal: @escaping @Sendable (CertificateRefusal) -> Void = { _ in }
    ) {
        self.format = format
        self.header = header.lowercased()
        name = Array(self.header.utf8)
        self.hops = hops
        self.authorities = authorities
        self.onRefusal = onRefusal
    }

    public func count(_ refusal: CertificateRefusal) { onRefusal(refusal) }

    public func judge(
        _ request: Request,
        at now: Timestamp
    ) throws(CertificateRefusal) -> PeerCertificate? {
        guard let (range, isOnly) = request.valueRange(of: name) else { return nil }
        guard hops.contains(request.peer, at: now) else {
            throw .untrustedHop(header, request.peer)
        }
        guard isOnly else {
            throw CertificateRefusal("\(header) was given twice", cause: .repeated)
        }
        let value = request.bytes[range]
        if format.isNone(value) { return nil }
        return try read(value, at: now.seconds)
    }

    private func read(
        _ value: ArraySlice<UInt8>,
        at seconds: Int64
    ) throws(CertificateRefusal) -> PeerCertificate {
        let place = Self.place(of: value)
        let certificate = last.withLock { last -> PeerCertificate? in
            guard let last = last[place], last.judged.contains(seconds),
                last.value.isEqual(to: value)
            else { return nil }
            return last.certificate
        }
        if let certificate { return certificate }
        let reading = try reading(of: value, at: seconds)
        if value.count <= Self.longestKept {
            let kept = LastReading(value, reading)
            last.withLock { $0[place] = kept }
        }
        return reading.certificate
    }

    /// By the last bytes, which are those of the signature.
    private static func place(of value: ArraySlice<UInt8>) -> Int {
        var mixed: UInt32 = 0
        for byte in value.suffix(12) { mixed = mixed &* 31 &+ UInt32(byte) }
        return Int(mixed >> 8 & 63)
    }

    private func reading(
        of value: ArraySlice<UInt8>,
        at seconds: Int64
    ) throws(CertificateRefusal) -> Reading {
        let digest = BytesKey(SHA256.digest(value.span))
        if let known = known.withLock({ $0[digest] }), known.judged.contains(seconds) {
            return known
        }
        let certificate: Certificate
        do throws(CertificateError) {
            certificate = try format.certificate(in: value)
        } catch {
            throw CertificateRefusal("the certificate in \(header) \(error)")
        }
        guard seconds >= certificate.notBefore else {
            throw CertificateRefusal(
                "the certificate in \(header) is not valid yet",
                cause: .outOfDate
            )
        }
        guard seconds <= certificate.notAfter else { throw .expired("in \(header)") }
        let chain = authorities?.chainValidity(of: certificate, at: seconds)
        let reading = Reading(
            certificate: PeerCertificate(certificate, isVerified: chain != nil),
            judged: chain ?? seconds...min(seconds + Self.doubt, certificate.notAfter)
        )
        known.withLock { $0[digest] = reading }
        return reading
    }
}

extension PeerCertificate {
    fileprivate convenience init(_ certificate: Certificate, isVerified: Bool) {
        self.init(
            thumbprint: certificate.thumbprint,
            subject: certificate.subject,
            dnsNames: certificate.dnsNames,
            uris: certificate.uris,
            addresses: certificate.addresses.map { AddressRange.text($0[...]) },
            emails: certificate.emails,
            keyInfo: certificate.keyInfo,
            isVerified: isVerified,
            notAfter: certificate.notAfter
        )
    }
}
