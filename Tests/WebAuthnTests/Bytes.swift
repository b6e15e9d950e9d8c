extension [UInt8] {
    /// The bytes of hexadecimal digits; spaces between bytes are ignored.
    init(hex text: String) {
        let digits = text.utf8.filter { $0 != 0x20 }
        self = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
        }
    }

    /// The bytes with the lowest bit of one changed.
    func flipped(at index: Int) -> [UInt8] {
        var bytes = self
        bytes[index] ^= 1
        return bytes
    }
}
