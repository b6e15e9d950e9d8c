import Configuration
import Net
import TLS

extension SocketAddressText {
    var net: SocketAddress { SocketAddress(host: host, port: UInt16(clamping: port)) }
}

extension ServiceConfiguration {
    /// Of the public listener.
    var server: ServerConfiguration {
        ServerConfiguration(
            address: listen.address.net,
            limits: limits.http,
            deadlines: limits.deadlines,
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
