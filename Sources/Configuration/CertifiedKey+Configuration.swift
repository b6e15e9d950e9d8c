import Cryptography
import HTTP
import Logins

extension Section {
    /// Notes what is wrong with a certificate and its key, which stand under `certificate` and
    /// `key`, and warns of one that is of no use or soon will be.
    ///
    /// That it has expired is no problem: the service must be able to start again while somebody
    /// looks for a new one, because what it takes in is not to be lost.
    func checkCertifiedKey(_ chain: String, key: String) {
        guard case .success(let certificateBytes) = surroundings.read(chain),
            case .success(let keyBytes) = surroundings.read(key)
        else { return }
        do throws(CertifiedKey.Problem) {
            let certified = try CertifiedKey(certificate: certificateBytes, key: keyBytes)
            guard let now = surroundings.now, let warning = certified.warning(at: now) else {
                return
            }
            notes.warn(path(of: "certificate"), line(of: "certificate"), "\(chain) \(warning)")
        } catch {
            let (place, reason) = error.explained(chain, key: key)
            problem(place, reason)
        }
    }
}

extension CertifiedKey {
    /// A certificate that ends sooner than this is worth a warning.
    private static let notice = Duration.seconds(14 * 86_400)

    private var begins: Timestamp { Timestamp(milliseconds: notBefore * 1000) }
    private var ends: Timestamp { Timestamp(milliseconds: notAfter * 1000) }

    /// Why a certificate is of no use at a moment, as the rest of a sentence.
    func unusable(at now: Timestamp) -> String? {
        if now > ends { return "expired at " + Self.text(ends) }
        return now < begins ? "is not good before " + Self.text(begins) : nil
    }

    /// What is to be said of a certificate that is of no use, or soon will be.
    func warning(at now: Timestamp) -> String? {
        unusable(at: now) ?? (now > ends - Self.notice ? "expires at " + Self.text(ends) : nil)
    }

    private static func text(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }
}

extension CertifiedKey.Problem {
    /// The key of the configuration that it concerns, and the problem in words.
    func explained(_ chain: String, key: String) -> (key: String, reason: String) {
        switch self {
        case .noCertificate: ("certificate", "\(chain) is not a chain of PEM certificates")
        case .noKey: ("key", "\(key) is not an unencrypted PEM key")
        case .mismatch: ("key", "\(key) is not the key of the certificate in \(chain)")
        }
    }
}
