import Access
import Cryptography
import Foundation
import HTTP
import Logins
import TestSupport
import Testing
import Threads
@testable import Trust

/// A header field, or several, and what is to be made of them.
struct HeaderCase: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable, Equatable {
        /// The name of the certificate.
        case taken(String)
        case none
        case refused(CertificateRefusal.Cause)
    }

    let format: CertificateFormat
    let name: String
    let expected: Expected
    let values: @Sendable (HeaderValues) -> [String]

    var testDescription: String { "\(format.rawValue): \(name)" }

    init(
        _ format: CertificateFormat,
        _ name: String,
        _ expected: Expected = .refused(.unreadable),
        _ values: @escaping @Sendable (HeaderValues) -> [String]
    ) {
        self.format = format
        self.name = name
        self.expected = expected
        self.values = values
    }

    /// The value of `client` in one form.
    static func one(
        _ format: CertificateFormat,
        _ form: String,
        _ expected: Expected = .refused(.unreadable)
    ) -> Self {
        Self(format, "a value as of \(form)", expected) { [$0.value("client", form)] }
    }

    /// What a sender of the format writes.
    static func form(_ format: CertificateFormat) -> String {
        switch format {
        case .pemURLEncoded: "nginx"
        case .pem: "spaces"
        case .derBase64: "haproxy"
        case .rfc9440: "rfc9440"
        case .awsALB: "alb"
        case .envoy: "envoy"
        }
    }

    /// Each way of writing under each format: none is guessed.
    static let forms: [Self] = {
        let accepted: [CertificateFormat: Set<String>] = [
            .pemURLEncoded: ["nginx", "alb", "crlf", "lower"], .pem: ["spaces", "tabs"],
            .derBase64: ["haproxy"], .rfc9440: ["rfc9440"],
            .awsALB: ["nginx", "alb", "crlf", "lower"], .envoy: ["envoy", "details"],
        ]
        let all = [
            "nginx", "alb", "crlf", "lower", "spaces", "tabs", "joined", "haproxy", "rfc9440",
            "urlsafe", "pluses", "form", "java", "envoy", "details", "hash",
        ]
        return CertificateFormat.allCases.flatMap { format in
            all.map { form in
                let isAccepted = accepted[format]?.contains(form) ?? false
                return one(format, form, isAccepted ? .taken("client") : .refused(.unreadable))
            }
        }
    }()

    /// The same attacks on every format.
    static let attacks: [Self] = CertificateFormat.allCases.flatMap { format in
        let form = form(format)
        return [
            Self(format, "the field twice", .refused(.repeated)) {
                [$0.value("client", form), $0.value("client", form)]
            },
            Self(format, "a forged field before it", .refused(.repeated)) {
                [$0.value("other", form), $0.value("client", form)]
            },
            Self(format, "an empty field after it", .refused(.repeated)) {
                [$0.value("client", form), ""]
            },
            Self(format, "two values in one field") {
                // Of Envoy's list the last element is the hop's.
                [
                    $0.value("client", form) + (format == .envoy ? ";" : ",")
                        + $0.value("other", form)
                ]
            },
            Self(format, "two values, one after the other") {
                [$0.value("client", form) + $0.value("other", form)]
            },
            Self(format, "trailing text") { [$0.value("client", form) + "x"] },
            Self(format, "a trailing null byte") { [$0.value("client", form) + "\0"] },
            Self(format, "an equals sign before it") { ["=" + $0.value("client", form)] },
            Self(format, "folded into two lines") { values in
                let value = values.value("client", form)
                return ["\(value.prefix(90))\r\n \(value.dropFirst(90))"]
            },
            Self(format, "a line feed within it") { values in
                let value = values.value("client", form)
                return ["\(value.prefix(90))\n\(value.dropFirst(90))"]
            },
            Self(format, "cut in the middle") { values in
                let value = values.value("client", form)
                return [String(value.prefix(value.utf8.count / 2))]
            },
            Self(format, "without its last character") { values in
                [
                    String(
                        values.value("client", form).dropLast(
                            format == .pemURLEncoded || format == .awsALB ? 4 : 1
                        )
                    )
                ]
            },
            Self(format, "a byte that is not UTF-8's") { values in
                let bytes = Array(values.value("client", form).utf8.prefix(80)) + [0xC3, 0xA9]
                return [String(decoding: bytes, as: UTF8.self)]
            },
            Self(format, "longer than 16 KiB") { values in
                [values.value("client", form) + String(repeating: "A", count: 16 << 10)]
            },
            Self(format, "nothing but As") { _ in [String(repeating: "A", count: 800)] },
            Self(format, "nothing but percent signs") { _ in [String(repeating: "%", count: 800)] },
            Self(format, "the thumbprint only") { [$0.value("client", "hash")] },
            Self(format, "a subject only") { _ in ["CN=client,O=Bank"] },
            Self(format, "a dash") { _ in ["-"] },
            Self(format, "null") { _ in ["null"] },
            Self(format, "an expired one", .refused(.outOfDate)) { [$0.value("expired", form)] },
            Self(format, "RSA of 1024 bits") { [$0.value("weak", form)] },
            Self(format, "P-521") { [$0.value("curve", form)] },
            Self(format, "RSA of 2048 bits", .taken("rsa")) { [$0.value("rsa", form)] },
            Self(format, "P-384", .taken("p384")) { [$0.value("p384", form)] },
            Self(format, "Ed25519", .taken("ed25519")) { [$0.value("ed25519", form)] },
        ]
    }

    /// What each format says of a client without a certificate.
    static let absent: [Self] = [
        Self(.pemURLEncoded, "empty", .none) { _ in [""] },
        Self(.pem, "empty", .none) { _ in [""] },
        Self(.pem, "Apache's null", .none) { _ in ["(null)"] },
        Self(.derBase64, "empty", .none) { _ in [""] },
        Self(.pemURLEncoded, "Apache's null") { _ in ["(null)"] },
        Self(.derBase64, "Apache's null") { _ in ["(null)"] },
        Self(.rfc9440, "empty") { _ in [""] }, Self(.rfc9440, "empty bytes") { _ in ["::"] },
        Self(.rfc9440, "a colon") { _ in [":"] }, Self(.awsALB, "empty") { _ in [""] },
        Self(.envoy, "empty") { _ in [""] },
    ]

    static let pem: [Self] = [
        Self(.pem, "two blanks for a line end", .taken("client")) {
            [
                $0.value("client", "spaces").replacing(" ", with: "  ").replacing(
                    "BEGIN  C",
                    with: "BEGIN C"
                ).replacing("END  C", with: "END C")
            ]
        },
        Self(.pem, "two blocks") {
            [$0.value("client", "spaces") + " " + $0.value("other", "spaces")]
        },
        Self(.pem, "a private key") { values in
            let key = (try? values.certificates.bytes(values.certificates.key("client"))) ?? []
            return [String(decoding: key, as: UTF8.self).replacing("\n", with: " ")]
        },
        Self(.pem, "a private key after it") { values in
            let key = (try? values.certificates.bytes(values.certificates.key("client"))) ?? []
            return [
                values.value("client", "spaces") + " "
                    + String(decoding: key, as: UTF8.self).replacing("\n", with: " ")
            ]
        },
        Self(.pem, "another label") {
            [$0.value("client", "spaces").replacing("CERTIFICATE", with: "X509 CERTIFICATE")]
        },
        Self(.pem, "no label") {
            [$0.value("client", "spaces").replacing("-----BEGIN CERTIFICATE----- ", with: "")]
        },
        Self(.pem, "vertical tabs") {
            [$0.value("client", "spaces").replacing(" M", with: "\u{B}M")]
        },
        Self(.pem, "line feeds") { values in
            [(try? values.pem("client")).map { String(decoding: $0, as: UTF8.self) } ?? ""]
        },
        Self(.pemURLEncoded, "two blocks") {
            [$0.value("client", "nginx") + $0.value("other", "nginx")]
        },
        Self(.pemURLEncoded, "a private key after it") { values in
            let key = (try? values.certificates.bytes(values.certificates.key("client"))) ?? []
            let text = String(decoding: key, as: UTF8.self)
                .addingPercentEncoding(withAllowedCharacters: .alphanumerics)
            return [values.value("client", "nginx") + (text ?? "")]
        },
        Self(.pemURLEncoded, "escaped twice") {
            [$0.value("client", "nginx").replacing("%", with: "%25")]
        },
        Self(.pemURLEncoded, "a broken escape") { [$0.value("client", "nginx") + "%"] },
        Self(.pemURLEncoded, "an escape that is no number") {
            [$0.value("client", "nginx").replacing("%0A", with: "%0G")]
        },
        Self(.pemURLEncoded, "a signed escape") {
            [$0.value("client", "nginx").replacing("%0A", with: "%+A")]
        },
        Self(.pemURLEncoded, "an escaped null byte") { [$0.value("client", "nginx") + "%00"] },
        Self(.pemURLEncoded, "an overlong escape") { [$0.value("client", "nginx") + "%C0%8A"] },
    ]

    static let base64: [Self] = [
        Self(.derBase64, "a blank within it") { values in
            let value = values.value("client", "haproxy")
            return ["\(value.prefix(64)) \(value.dropFirst(64))"]
        },
        Self(.derBase64, "a byte more inside") { values in
            let der = (try? values.certificate("client").encoded) ?? []
            return [Data(der + [0]).base64EncodedString()]
        },
        Self(.derBase64, "two certificates inside") { values in
            let der = (try? values.certificate("client").encoded) ?? []
            return [Data(der + der).base64EncodedString()]
        },
        Self(.derBase64, "PEM inside") { values in
            [Data((try? values.pem("client")) ?? []).base64EncodedString()]
        },
        Self(.derBase64, "the key inside") { values in
            [Data((try? values.certificate("client").keyInfo) ?? []).base64EncodedString()]
        },
        Self(.rfc9440, "parameters") { [$0.value("client", "rfc9440") + ";a=1"] },
        Self(.rfc9440, "a list of one") { [$0.value("client", "rfc9440") + ","] },
        Self(.rfc9440, "quotes") { ["\"\($0.value("client", "haproxy"))\""] },
        Self(.rfc9440, "no last colon") { [":" + $0.value("client", "haproxy")] },
        Self(.rfc9440, "blanks inside") { [": \($0.value("client", "haproxy")) :"] },
    ]

    static let envoy: [Self] = [
        Self(.envoy, "a forged element before the hop's own", .taken("client")) {
            [$0.value("other", "envoy") + "," + $0.value("client", "envoy")]
        },
        Self(.envoy, "a forged element, a comma and a blank before it", .taken("client")) {
            [$0.value("other", "envoy") + ", " + $0.value("client", "envoy")]
        },
        Self(.envoy, "a last element without a certificate") {
            [$0.value("client", "envoy") + ",By=spiffe://a;Hash=" + $0.value("other", "hash")]
        },
        Self(.envoy, "an open quote before it") {
            ["By=\"," + $0.value("client", "envoy")]
        },
        Self(.envoy, "an escaped quote before it") {
            ["By=\"\\\"," + $0.value("client", "envoy")]
        },
        Self(.envoy, "the hash of another") {
            [
                $0.value("client", "envoy").replacing(
                    $0.value("client", "hash"),
                    with: $0.value("other", "hash")
                )
            ]
        },
        Self(.envoy, "a hash that is none") {
            [$0.value("client", "envoy").replacing($0.value("client", "hash"), with: "x")]
        },
        Self(.envoy, "the hash in capital letters", .taken("client")) {
            [
                $0.value("client", "envoy").replacing(
                    $0.value("client", "hash"),
                    with: $0.value("client", "hash").uppercased()
                )
            ]
        },
        Self(.envoy, "keys in other letters", .taken("client")) {
            [
                $0.value("client", "envoy").replacing("Cert=", with: "CERT=").replacing(
                    "Hash=",
                    with: "hash="
                )
            ]
        },
        Self(.envoy, "only the certificate", .taken("client")) {
            ["Cert=\"\($0.value("client", "nginx"))\""]
        },
        Self(.envoy, "a certificate without quotes", .taken("client")) {
            ["Cert=\($0.value("client", "nginx"))"]
        },
        Self(.envoy, "two certificates in one element") {
            ["Cert=\"\($0.value("client", "nginx"))\";Cert=\"\($0.value("client", "nginx"))\""]
        },
        Self(.envoy, "a chain only") { ["Chain=\"\($0.value("client", "nginx"))\""] },
        Self(.envoy, "an empty element at the end") { [$0.value("client", "envoy") + ","] },
        Self(.envoy, "an empty element in front") { ["," + $0.value("client", "envoy")] },
        Self(.envoy, "an empty pair") { [$0.value("client", "envoy") + ";;DNS=a"] },
        Self(.envoy, "text after a quote") {
            [$0.value("client", "details").replacing("\";Subject", with: "\"x;Subject")]
        },
    ]

    static let all = forms + attacks + absent + pem + base64 + envoy
}

@Suite("A certificate in a header field")
struct CertificateHeaderTests {
    let values: HeaderValues
    private static let hop = Peer(address: "10.20.0.1")
    private static let hops = TrustedHops(ranges: ["10.20.0.0/24"].compactMap { AddressRange($0) })

    init() throws { values = try HeaderValues.shared.get() }

    private func now() throws -> Timestamp {
        Timestamp(milliseconds: (try values.certificate("client").notBefore + 60) * 1000)
    }

    private func request(_ fields: [Field], from peer: Peer = hop) -> Request {
        .example(.post, "/oauth2/token", fields: fields, peer: peer)
    }

    // trust: A-7
    // trust: A-21
    // trust: A-23
    @Test(
        "is read as its format says, means none only as its senders say, or else is refused",
        arguments: HeaderCase.all
    )
    func formats(row: HeaderCase) throws {
        let counted = Locked<[CertificateRefusal.Cause]>([])
        let source = ForwardedCertificate(
            row.format,
            header: "X-Certificate",
            hops: Self.hops
        ) { refusal in counted.withLock { $0.append(refusal.cause) } }
        let texts = row.values(values)
        let request = request(texts.map { Field("x-cErtificate", $0) })
        let now = try now()
        // The second time from what the first one has kept.
        for round in 1...2 {
            let found = Result { () throws(CertificateRefusal) in
                try source.certificate(of: request, at: now)
            }
            switch (row.expected, found) {
            case (.taken(let name), .success(let certificate?)):
                let expected = try values.certificate(name)
                #expect(certificate.thumbprint == expected.thumbprint)
                #expect(certificate.keyInfo == expected.keyInfo)
                #expect(certificate.subject == "CN=\(name)")
                #expect(!certificate.isVerified, "no authorities are configured")
                if name == "client" {
                    #expect(certificate.dnsNames == ["client.test"])
                    #expect(certificate.uris == ["spiffe://bank/client"])
                    #expect(certificate.addresses == ["192.0.2.9"])
                    #expect(certificate.emails == ["a@b.test"])
                }
            case (.none, .success(nil)): break
            case (.refused(let cause), .failure(let refusal)): #expect(refusal.cause == cause)
            default: Issue.record("\(texts): \(found)")
            }
            var causes: [CertificateRefusal.Cause] = []
            if case .refused(let cause) = row.expected {
                causes = Array(repeating: cause, count: round)
            }
            #expect(counted.withLock { $0 } == causes)
        }
    }

    // trust: A-20
    @Test(
        "counts only from a trusted hop and is refused and counted from anybody else",
        arguments: CertificateFormat.allCases
    )
    func hops(format: CertificateFormat) throws {
        let dns = try #require(CertificateName(key: "dns", "proxy.test"))
        let thumbprint = try #require(
            CertificateName(key: "x5t#S256", Base64URL.encode([UInt8](repeating: 7, count: 32)))
        )
        let now = try now()
        let counted = Locked(0)
        let source = ForwardedCertificate(
            format,
            header: "X-Certificate",
            hops: TrustedHops(ranges: Self.hops.ranges, names: [dns, thumbprint])
        ) { refusal in
            counted.withLock { $0 += refusal.cause == .untrustedHop ? 1 : 0 }
        }
        func proxy(_ name: String, _ byte: UInt8, _ isVerified: Bool, life: Int64 = 60) -> Peer {
            Peer(
                address: "192.0.2.1",
                isSecure: true,
                certificate: PeerCertificate(
                    thumbprint: [UInt8](repeating: byte, count: 32),
                    subject: "CN=proxy",
                    dnsNames: [name],
                    isVerified: isVerified,
                    notAfter: now.milliseconds / 1000 + life
                )
            )
        }
        let rows: [(Peer, Bool)] = [
            (Peer(address: "10.20.0.1"), true), (Peer(address: "10.20.1.1"), false),
            (Peer(address: "::ffff:10.20.0.1"), true),
            // The hop has told whose request this is; its own address counts.
            (Peer(address: "192.0.2.1", hop: "10.20.0.1"), true),
            (Peer(address: "10.20.0.1", hop: "192.0.2.1"), false),
            (proxy("proxy.test", 1, true), true), (proxy("proxy.test", 1, false), false),
            (proxy("other.test", 1, true), false), (proxy("other.test", 7, false), true),
            (proxy("proxy.test", 1, true, life: -1), false),
        ]
        let field = Field("X-Certificate", values.value("client", HeaderCase.form(format)))
        var refused = 0
        for (peer, isTrusted) in rows {
            for fields in [[field], [field, field], [Field("X-Certificate", "")]] {
                let found = Result { () throws(CertificateRefusal) in
                    try source.certificate(of: request(fields, from: peer), at: now)
                }
                if case .failure(let refusal) = found, refusal.cause == .untrustedHop {
                    #expect(!isTrusted, "\(peer)")
                    refused += 1
                } else {
                    #expect(isTrusted, "\(peer)")
                }
            }
        }
        #expect(refused == 15 && counted.withLock { $0 } == refused)
    }

    // trust: A-22
    @Test("is the client's, and the connection's own is never taken for it")
    func connection() throws {
        let source = ForwardedCertificate(.derBase64, header: "X-Certificate", hops: Self.hops)
        let own = PeerCertificate(thumbprint: [1], subject: "CN=proxy")
        let value = values.value("client", "haproxy")
        for address in ["10.20.0.1", "192.0.2.1"] {
            let peer = Peer(address: address, isSecure: true, certificate: own)
            // Without the field the client has shown none.
            let request = request([], from: peer)
            #expect(try source.certificate(of: request, at: try now()) == nil)
        }
        let peer = Peer(address: "10.20.0.1", isSecure: true, certificate: own)
        let found = try source.certificate(
            of: request([Field("X-Certificate", value)], from: peer),
            at: try now()
        )
        #expect(found?.subject == "CN=client")
    }

    @Test("is another one if any byte differs, also when both end alike")
    func alike() throws {
        let source = ForwardedCertificate(.derBase64, header: "X-Certificate", hops: Self.hops)
        let der = try #require(Base64.decode(values.value("client", "haproxy")))
        let name = try #require(der.firstRange(of: Array("client.test".utf8)))
        var other = der
        other[name.lowerBound] = UInt8(ascii: "k")
        var found: [[UInt8]] = []
        for bytes in [der, other, der, other] {
            let field = Field("X-Certificate", Base64.encode(bytes))
            let certificate = try source.certificate(of: request([field]), at: try now())
            found.append(try #require(certificate).thumbprint)
        }
        #expect(found == [der, other, der, other].map { SHA256.digest($0) })
    }

    // trust: A-6
    @Test(
        "is the same certificate as that of the connection",
        arguments: CertificateFormat.allCases
    )
    func same(format: CertificateFormat) throws {
        let own = try values.certificate("client")
        let authorities = try Authorities(
            pem: try values.certificates.bytes(values.certificates.authority)
        )
        let source = ForwardedCertificate(
            format,
            header: "X-Certificate",
            hops: Self.hops,
            authorities: authorities
        )
        let field = Field("X-Certificate", values.value("client", HeaderCase.form(format)))
        let found = try source.certificate(of: request([field]), at: try now())
        let shown = PeerCertificate(
            thumbprint: own.thumbprint,
            subject: "CN=client",
            dnsNames: ["client.test"],
            uris: ["spiffe://bank/client"],
            addresses: ["192.0.2.9"],
            emails: ["a@b.test"],
            keyInfo: own.keyInfo,
            isVerified: true,
            notAfter: own.notAfter
        )
        func content(_ certificate: PeerCertificate?) throws -> [String] {
            let certificate = try #require(certificate)
            // Whatever is stored, also what is added one day.
            return Mirror(reflecting: certificate).children.map { "\($0.label ?? ""): \($0.value)" }
        }
        let peer = Peer(address: "192.0.2.1", isSecure: true, certificate: shown)
        let direct = try ConnectionCertificate().certificate(
            of: request([], from: peer),
            at: try now()
        )
        #expect(found == shown && direct == shown)
        // The last time from what the core has kept.
        for _ in 0..<2 {
            let found = try source.certificate(of: request([field]), at: try now())
            #expect(try content(found) == content(shown))
        }
    }

    @Test("counts from each of many hops, and from nobody between them")
    func hops() {
        let ranges = ["192.0.2.0/25", "2001:db8::/32"].compactMap(AddressRange.init)
        let hops = TrustedHops(ranges: ranges)
        let now = Timestamp(milliseconds: 0)
        for _ in 0..<3 {
            for number in 0..<24 {
                let (inside, outside) = ("192.0.2.\(number)", "192.0.2.\(number + 128)")
                #expect(hops.contains(Peer(address: inside), at: now))
                #expect(!hops.contains(Peer(address: outside), at: now))
                #expect(hops.contains(Peer(address: "2001:db8::\(number)"), at: now))
            }
        }
    }

    // trust: A-23
    @Test("is checked against the clock and the authorities at each call, also when it is known")
    func time() throws {
        let root = try values.certificate("ca")
        let authorities = try Authorities(
            pem: try values.certificates.bytes(values.certificates.authority)
        )
        let source = ForwardedCertificate(
            .derBase64,
            header: "X-Certificate",
            hops: Self.hops,
            authorities: authorities
        )
        func judge(_ name: String, at seconds: Int64) -> String {
            let field = Field("X-Certificate", values.value(name, "haproxy"))
            let now = Timestamp(milliseconds: seconds * 1000)
            do throws(CertificateRefusal) {
                let found = try source.certificate(of: request([field]), at: now)
                return found.map { $0.isVerified ? "verified" : "not verified" } ?? "none"
            } catch {
                return error.cause.rawValue
            }
        }
        for _ in 1...2 {
            let client = try values.certificate("client")
            #expect(judge("client", at: client.notBefore - 1) == "out_of_date")
            #expect(judge("client", at: client.notBefore) == "verified")
            #expect(judge("client", at: client.notAfter - 1) == "verified")
            #expect(judge("client", at: client.notAfter + 1) == "out_of_date")
            #expect(judge("stranger", at: client.notBefore + 60) == "not verified")
            // The authority's own certificate ends before this one.
            #expect(judge("long", at: root.notAfter - 1) == "verified")
            #expect(judge("long", at: root.notAfter + 1) == "not verified")
        }
    }

    @Test("is not kept for good: of many, those that were used last are known")
    func bounded() {
        var recent = RecentValues<[UInt8], Int>(capacity: 16)
        for number in 0..<100 {
            recent[[UInt8(number)]] = number
            #expect(recent.count <= 16)
            #expect(recent[[0]] == 0, "it is used all the time")
            if number >= 3 { #expect(recent[[UInt8(number - 2)]] == number - 2) }
        }
        #expect(recent[[50]] == nil)
    }
}
