/// A color of sRGB, as `#rrggbb`.
public struct ThemeColor: Hashable, Sendable, CustomStringConvertible {
    private let red: UInt8
    private let green: UInt8
    private let blue: UInt8

    /// Nil for anything but `#` and six hexadecimal digits.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 7, bytes[0] == UInt8(ascii: "#"),
            bytes.dropFirst().allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let number = UInt32(text.dropFirst(), radix: 16)
        else { return nil }
        self.init(number)
    }

    init(_ number: UInt32) {
        red = UInt8(truncatingIfNeeded: number >> 16)
        green = UInt8(truncatingIfNeeded: number >> 8)
        blue = UInt8(truncatingIfNeeded: number)
    }

    static let white = ThemeColor(0xFFFFFF)
    static let black = ThemeColor(0x000000)

    public var description: String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Relative luminance, 0 for black to 1 for white (WCAG 2.2).
    var luminance: Double {
        0.2126 * Self.linear[Int(red)] + 0.7152 * Self.linear[Int(green)]
            + 0.0722 * Self.linear[Int(blue)]
    }

    /// The contrast with another color, 1 to 21 (WCAG 2.2).
    public func contrast(with other: ThemeColor) -> Double {
        let (first, second) = (luminance, other.luminance)
        return (max(first, second) + 0.05) / (min(first, second) + 0.05)
    }

    /// This color with a share of another one, in percent.
    func mixed(with other: ThemeColor, percent: Int) -> ThemeColor {
        func mix(_ first: UInt8, _ second: UInt8) -> UInt32 {
            UInt32((Int(first) * (100 - percent) + Int(second) * percent + 50) / 100)
        }
        return ThemeColor(
            mix(red, other.red) << 16 | mix(green, other.green) << 8 | mix(blue, other.blue)
        )
    }

    /// The linear value of each value of a channel: ((v + 0.055) / 1.055) ^ 2.4, and v / 12.92 for the
    /// darkest ones.
    private static let linear: [Double] = (0..<256).map { value in
        let share = Double(value) / 255
        return share <= 0.04045 ? share / 12.92 : power((share + 0.055) / 1.055)
    }

    /// The power of 2.4 of a number from 0 to 1: the fifth root of its twelfth power, by Newton's method.
    private static func power(_ number: Double) -> Double {
        let square = number * number
        let fourth = square * square
        let twelfth = fourth * fourth * fourth
        guard twelfth > 0 else { return 0 }
        var root = 1.0
        for _ in 0..<100 {
            let next = (4 * root + twelfth / (root * root * root * root)) / 5
            guard next < root else { break }
            root = next
        }
        return root
    }
}
