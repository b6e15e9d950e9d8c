/// The two forms of an ECDSA signature on P-256.
public enum ECDSASignature {
    /// R and S as 32 bytes each (RFC 7518 §3.4) of `ECDSA-Sig-Value` in DER (RFC 3279 §2.2.3). Nil
    /// unless it is the only DER form of these numbers.
    public static func numbers(ofDER signature: [UInt8]) -> [UInt8]? {
        guard let numbers = DER.fixedWidth(signature[...], width: 32) else { return nil }
        return der(numbers) == signature ? numbers : nil
    }

    /// The DER form of R and S; nil unless there are 64 bytes.
    public static func der(_ numbers: [UInt8]) -> [UInt8]? {
        guard numbers.count == 64 else { return nil }
        return DER.sequence([DER.integer(numbers[..<32]), DER.integer(numbers[32...])])
    }
}
