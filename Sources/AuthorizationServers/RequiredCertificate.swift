import Access
import Configuration

/// Reading `require_client_certificate`.
struct RequiredCertificate {
    var isRequired = false
    /// Empty accepts every certificate of the authorities.
    var names: [CertificateName] = []

    init(_ section: Section) {
        let key = "require_client_certificate"
        let node = section.node(
            key,
            type: "true, false, or a list that names certificates.",
            default: "false",
            """
            Also require a client certificate, see listen.tls: with true any certificate of \
            client_authorities, else one that the list names by its thumbprint (x5t#S256), its \
            subject (RFC 4514, as openssl x509 -subject -nameopt RFC2253 prints it) or an \
            alternative name (dns, uri, ip, email), such as [{ dns: "acp.bank.example" }]. List the \
            old and the new one while rotating.
            """
        )
        switch node?.value {
        case nil: return
        case .bool(let flag): isRequired = flag
        case .object:
            isRequired = true
            add(node, section, key)
        case .array(let elements):
            isRequired = true
            if elements.isEmpty { section.problem(key, "must not be empty") }
            for (position, element) in elements.enumerated() {
                add(element, section, "\(key)[\(position)]")
            }
        default: section.problem(key, "must be true, false or a list, not \(node?.kind ?? "")")
        }
    }

    private mutating func add(_ node: ConfigurationNode?, _ section: Section, _ key: String) {
        guard let (name, text) = section.onlyText(node, at: key, among: CertificateName.keys) else {
            return
        }
        guard let read = CertificateName(key: name, text) else {
            section.problem("\(key).\(name)", "must be \(CertificateName.form(of: name))")
            return
        }
        names.append(read)
    }
}
