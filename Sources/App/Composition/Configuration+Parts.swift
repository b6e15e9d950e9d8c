import Configuration
import HTTP
import Net
import TLS

// The configuration's words in the words of the parts.

extension SocketAddressText {
    var net: SocketAddress { SocketAddress(host: host, port: UInt16(clamping: port)) }
}

extension ServiceConfiguration {
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
