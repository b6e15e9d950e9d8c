import Configuration
import HTTP
import JSON
import Logins
import Texts

/// Where a start says from where its request comes: the members of `request_context`, whose contents
/// client and authorization server agree upon (FAPI-CIBA §5.3).
struct RequestContextRule: Hashable, Sendable {
    static let member = "request_context"

    /// The names of the members.
    var address = "ip_address"
    var agent = "user_agent"
    var place = "location"

    /// The rule; nil without the group, which is the default.
    static func read(_ section: Section) -> RequestContextRule? {
        let group = section.group(
            member,
            """
            Reads request_context of a start (FAPI-CIBA section 5.3), and shows users from where the \
            request comes. The values are names of members in it. Without this group it is not read.
            """
        )
        var rule = RequestContextRule()
        rule.address =
            group.text("address", default: rule.address, "The device's numeric IP address.")
            ?? rule.address
        rule.agent =
            group.text("user_agent", default: rule.agent, "The device's User-Agent.")
            ?? rule.agent
        rule.place = group.text("place", default: rule.place, "The place in words.") ?? rule.place
        group.end()
        return section.has(member) ? rule : nil
    }

    /// What is usable of a value. Anything else counts as absent.
    func context(of value: JSONValue?) -> RequestContext? {
        guard let object = value?.object else { return nil }
        func text(_ name: String) -> String? {
            object[name]?.string?.firstBytes(RequestContext.longest).unlessEmpty
        }
        return RequestContext(
            address: object[address]?.string.flatMap(AddressRange.canonical),
            agent: text(agent),
            place: text(place)
        )
    }
}
