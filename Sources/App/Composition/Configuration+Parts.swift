import AuthorizationServers
import HTTP
import Logins
import Net
import TLS
import Telemetry

// The configuration's words in the words of the parts.

extension DestinationSettings {
    func http(allowsInternal: Bool = true, proxyResolves: Bool = false) -> Destination {
        Destination(
            authorities: authorities,
            certificate: certificate,
            key: key,
            allowsInternalAddresses: allowsInternal,
            proxyResolvesNames: proxyResolves
        )
    }
}

extension OutboundSettings.DomainMode {
    var adapter: CloudentityOutbound.DomainMode {
        switch self {
        case .standard: .standard
        case .tenantVanity: .tenantVanity
        case .serverVanity: .serverVanity
        }
    }
}

extension OutboundSettings.RejectOnExpiry {
    var domain: PendingLogin.ExpiryRule {
        switch self {
        case .never: .never
        case .consents: .lodgedConsents
        case .always: .always
        }
    }
}

extension OutboundSettings.SameConsent {
    var domain: LoginLimits.SameConsent {
        switch self {
        case .keepFirst: .keepFirst
        case .supersede: .supersede
        }
    }
}

extension SocketAddressText {
    var net: SocketAddress { SocketAddress(host: host, port: UInt16(clamping: port)) }
}

extension Configuration {
    /// What the listener for everybody is told.
    var server: ServerConfiguration {
        ServerConfiguration(
            address: listen.address.net,
            limits: HTTPLimits(head: limits.headBytes, body: limits.bodyBytes),
            deadlines: Deadlines(
                handshake: limits.handshake,
                header: limits.header,
                body: limits.body,
                idle: limits.idle,
                handler: limits.handler,
                write: limits.write
            ),
            maximumConnections: limits.connections,
            tls: listen.tls?.net
        )
    }
}

extension TLSListenSettings {
    var net: TLSSettings {
        TLSSettings(
            certificate: certificate,
            key: key,
            clientCertificates: clientAuthorities.map { authorities in
                switch clientCertificates {
                case .off: .off
                case .optional: .optional(authorities: authorities)
                case .required: .required(authorities: authorities)
                }
            } ?? .off
        )
    }
}

extension LogSettings.Format {
    var line: LineSink.Format { self == .json ? .json : .text }
}

extension LogSettings.Requests {
    var selection: RequestLog.Selection {
        switch self {
        case .all: .all
        case .errors: .errors
        case .off: .off
        }
    }
}
