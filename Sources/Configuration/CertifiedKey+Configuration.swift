public import Cryptography
import HTTP
public import Logins

extension Section {
    /// Notes what is wrong with a certificate and its key, read from the keys `certificate` and
    /// `key`, and warns of one that is invalid now or soon will be.
    ///
    /// An expired one is not a problem: the service must be able to restart while somebody looks
    /// for a new one, because the logins that it accepts must not be lost.
    public func checkCertifiedKey(_ chain: String, key: String) {
        guard case .success(let certificateBytes) = environment.read(chain),
            case .success(let keyBytes) = environment.read(key)
        else { return }
        if let warning = environment.warning(private: key) { warn("key", "\(key) \(warning)") }
        do throws(CertifiedKey.Problem) {
            let certified = try CertifiedKey(certificate: certificateBytes, key: keyBytes)
            if let now = environment.now, let warning = certified.warning(at: now) {
                warn("certificate", "\(chain) \(warning)")
            }
        } catch {
            let (key, reason) = error.explained(chain, key: key)
            problem(key, reason)
        }
    }
}

extension CertifiedKey {
    /// A certificate that expires sooner than this is worth a warning.
    private static let notice = Duration.seconds(14 * 86_400)

    private var begins: Timestamp { Timestamp(milliseconds: notBefore * 1000) }
    private var ends: Timestamp { Timestamp(milliseconds: notAfter * 1000) }

    /// Why a certificate is invalid at a moment, as the rest of a sentence; nil when it is valid.
    public func unusable(at now: Timestamp) -> String? {
        if now > ends { return "expired at " + Self.text(ends) }
        return now < begins ? "is not valid before " + Self.text(begins) : nil
    }

    /// Why a certificate deserves attention, as the rest of a sentence.
    func warning(at now: Timestamp) -> String? {
        unusable(at: now) ?? (now > ends - Self.notice ? "expires at " + Self.text(ends) : nil)
    }

    private static func text(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }
}

extension CertifiedKey.Problem {
    /// The key of the configuration that it concerns, and the problem in words.
    public func explained(_ chain: String, key: String) -> (key: String, reason: String) {
        switch self {
        case .noCertificate: ("certificate", "\(chain) is not a chain of PEM certificates")
        case .noKey: ("key", "\(key) is not an unencrypted PEM key")
        case .mismatch: ("key", "\(key) is not the key of the certificate in \(chain)")
        }
    }
}
