import Configuration
import Cryptography
import Telemetry

/// When the certificate of a listener expires, as its files are now.
struct ListenerCertificate: Sendable {
    private let listener: String
    private let chain: String
    private let key: String

    /// `listener` is its name in the log and in metrics.
    init(_ settings: TLSListenSettings, of listener: String) {
        self.listener = listener
        chain = settings.certificate
        key = settings.key
    }

    func register(in registry: MetricsRegistry) {
        registry.gauge(
            "beckon_listener_certificate_expiry_timestamp_seconds",
            "Expiry of a listener's certificate, in seconds since 1970.",
            [("listener", listener)]
        ) { expiry ?? .nan }
    }

    /// Seconds since 1970; nil if the files cannot be read.
    private var expiry: Double? {
        let environment = Environment.real(directory: ".")
        guard case .success(let certificate) = environment.read(chain),
            case .success(let key) = environment.read(key),
            let certified = try? CertifiedKey(certificate: certificate, key: key)
        else { return nil }
        return Double(certified.notAfter)
    }
}
