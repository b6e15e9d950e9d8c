import Configuration
import HTTP
import Net
import TLS

extension SocketAddressText {
    var net: SocketAddress { SocketAddress(host: host, port: UInt16(clamping: port)) }
}

extension ServiceConfiguration {
    /// The listener for every audience that has none of its own.
    var server: ServerConfiguration {
        limits.server(listen.address, listen.tls, listen.trustedProxies)
    }
}

extension AudienceSettings {
    var server: ServerConfiguration { limits.server(address, tls, trustedProxies) }
}

extension ManagementSettings {
    var server: ServerConfiguration { limits.server(address, tls, []) }
}

extension LimitSettings {
    fileprivate func server(
        _ address: SocketAddressText,
        _ tls: TLSListenSettings?,
        _ proxies: [AddressRange]
    ) -> ServerConfiguration {
        ServerConfiguration(
            address: address.net,
            limits: http,
            deadlines: deadlines,
            maximumConnections: connections,
            pendingInput: pendingInput,
            pendingInputPerAddress: pendingInputPerAddress,
            trustedProxies: proxies,
            strictTransport: tls?.strictTransport ?? .zero,
            tls: tls?.net
        )
    }
}

extension TLSListenSettings {
    /// Why a listener cannot use the files, although they can be read: OpenSSL may find a key too short
    /// or a signature too weak. Nil if it can.
    var obstacle: String? {
        do throws(TLSError) {
            _ = try TLSContext(server: net)
            return nil
        } catch {
            return "\(error)"
        }
    }

    var net: TLSSettings {
        TLSSettings(
            certificate: certificate,
            key: key,
            clientCertificates: requestedCertificates,
            clientRevocations: clientRevocations
        )
    }

    private var requestedCertificates: TLS.ClientCertificates {
        switch (clientCertificates, clientAuthorities) {
        case (.any, let authorities): .any(authorities: authorities)
        case (.optional, let authorities?): .optional(authorities: authorities)
        case (.required, let authorities?): .required(authorities: authorities)
        case (.off, _), (_, nil): .off
        }
    }
}
