/// A QR code of bytes (ISO/IEC 18004): byte mode, error correction level M, versions 1 to 10. That is
/// enough for an address with a code; longer texts have none.
struct QRCode: Hashable, Sendable {
    /// Modules of a side.
    let size: Int
    /// The modules row by row; true is dark.
    let modules: [Bool]

    /// The most bytes that fit: those of version 10.
    static let longest = 213

    /// Codewords of a version.
    private struct Layout {
        /// Error correction codewords of each block.
        let correction: Int
        /// Data codewords of each block, the shorter blocks first.
        let blocks: [Int]
        /// Where the centers of alignment patterns are, in both directions.
        let centers: [Int]

        var capacity: Int { blocks.reduce(0, +) }
    }

    private static let layouts: [Layout] = [
        Layout(correction: 10, blocks: [16], centers: []),
        Layout(correction: 16, blocks: [28], centers: [6, 18]),
        Layout(correction: 26, blocks: [44], centers: [6, 22]),
        Layout(correction: 18, blocks: [32, 32], centers: [6, 26]),
        Layout(correction: 24, blocks: [43, 43], centers: [6, 30]),
        Layout(correction: 16, blocks: [27, 27, 27, 27], centers: [6, 34]),
        Layout(correction: 18, blocks: [31, 31, 31, 31], centers: [6, 22, 38]),
        Layout(correction: 22, blocks: [38, 38, 39, 39], centers: [6, 24, 42]),
        Layout(correction: 22, blocks: [36, 36, 36, 37, 37], centers: [6, 26, 46]),
        Layout(correction: 26, blocks: [43, 43, 43, 43, 44], centers: [6, 28, 50]),
    ]

    /// The smallest code for these bytes, with the mask that the standard prefers; nil if they are too
    /// many. Only tests name a mask.
    init?(_ bytes: [UInt8], mask wanted: Int? = nil) {
        guard
            let index = Self.layouts.indices.first(where: { index in
                // Mode and length take 12 bits, 20 from version 10 on.
                bytes.count + (index < 9 ? 2 : 3) <= Self.layouts[index].capacity
            })
        else { return nil }
        let layout = Self.layouts[index]
        let codewords = Self.codewords(bytes, version: index + 1, layout)
        var canvas = Canvas(version: index + 1, centers: layout.centers)
        canvas.place(codewords)
        let masks = wanted.map { [$0 & 7] } ?? Array(0..<8)
        let masked = masks.map { canvas.masked($0) }
        guard let best = masked.min(by: { $0.penalty < $1.penalty }) else { return nil }
        size = best.size
        modules = best.dark
    }

    /// Whether a module is dark.
    subscript(row: Int, column: Int) -> Bool { modules[row * size + column] }

    // MARK: Codewords

    private static func codewords(_ bytes: [UInt8], version: Int, _ layout: Layout) -> [UInt8] {
        var bits = Bits()
        bits.append(0b0100, 4)
        bits.append(bytes.count, version < 10 ? 8 : 16)
        for byte in bytes { bits.append(Int(byte), 8) }
        bits.append(0, min(4, layout.capacity * 8 - bits.count))
        bits.append(0, (8 - bits.count % 8) % 8)
        var data = bits.bytes
        var isFirst = true
        while data.count < layout.capacity {
            data.append(isFirst ? 0xEC : 0x11)
            isFirst.toggle()
        }
        var blocks: [(data: [UInt8], correction: [UInt8])] = []
        var start = 0
        for length in layout.blocks {
            let block = Array(data[start..<start + length])
            blocks.append((block, ReedSolomon.remainder(of: block, count: layout.correction)))
            start += length
        }
        var result: [UInt8] = []
        for position in 0..<(layout.blocks.max() ?? 0) {
            for block in blocks where position < block.data.count {
                result.append(block.data[position])
            }
        }
        for position in 0..<layout.correction {
            for block in blocks { result.append(block.correction[position]) }
        }
        return result
    }

    private struct Bits {
        private(set) var bytes: [UInt8] = []
        private(set) var count = 0

        mutating func append(_ value: Int, _ length: Int) {
            for position in stride(from: length - 1, through: 0, by: -1) {
                if count % 8 == 0 { bytes.append(0) }
                if value >> position & 1 == 1 { bytes[count / 8] |= 0x80 >> UInt8(count % 8) }
                count += 1
            }
        }
    }

    // MARK: Modules

    private struct Canvas {
        let size: Int
        var dark: [Bool]
        /// Modules that no data goes to.
        private var isFixed: [Bool]

        init(version: Int, centers: [Int]) {
            size = 17 + 4 * version
            dark = Array(repeating: false, count: size * size)
            isFixed = dark
            for position in 0..<size {
                set(6, position, position % 2 == 0)
                set(position, 6, position % 2 == 0)
            }
            for (row, column) in [(3, 3), (3, size - 4), (size - 4, 3)] { finder(row, column) }
            for row in centers {
                for column in centers where !isCorner(row, column) { alignment(row, column) }
            }
            reserveFormat()
            if version >= 7 { setVersion(version) }
        }

        private mutating func set(_ row: Int, _ column: Int, _ isDark: Bool) {
            dark[row * size + column] = isDark
            isFixed[row * size + column] = true
        }

        /// Where a finder pattern is.
        private func isCorner(_ row: Int, _ column: Int) -> Bool {
            (row == 6 && (column == 6 || column == size - 7)) || (row == size - 7 && column == 6)
        }

        private mutating func finder(_ row: Int, _ column: Int) {
            for y in -4...4 {
                for x in -4...4 {
                    let (r, c) = (row + y, column + x)
                    guard (0..<size).contains(r), (0..<size).contains(c) else { continue }
                    let distance = max(abs(x), abs(y))
                    set(r, c, distance != 2 && distance != 4)
                }
            }
        }

        private mutating func alignment(_ row: Int, _ column: Int) {
            for y in -2...2 {
                for x in -2...2 { set(row + y, column + x, max(abs(x), abs(y)) != 1) }
            }
        }

        private mutating func reserveFormat() {
            for (first, second) in formatPlaces {
                set(first.row, first.column, false)
                set(second.row, second.column, false)
            }
            set(size - 8, 8, true)
        }

        /// Where the bits of the format are, from the lowest on, each at two places.
        private var formatPlaces: [((row: Int, column: Int), (row: Int, column: Int))] {
            (0..<15).map { bit in
                let first: (Int, Int) =
                    switch bit {
                    case 0...5: (bit, 8)
                    case 6: (7, 8)
                    case 7: (8, 8)
                    case 8: (8, 7)
                    default: (8, 14 - bit)
                    }
                let second = bit < 8 ? (8, size - 1 - bit) : (size - 15 + bit, 8)
                return (first, second)
            }
        }

        private mutating func setVersion(_ version: Int) {
            var remainder = version
            for _ in 0..<12 { remainder = remainder << 1 ^ (remainder >> 11) * 0x1F25 }
            let bits = version << 12 | remainder
            for bit in 0..<18 {
                let isDark = bits >> bit & 1 == 1
                let (long, short) = (size - 11 + bit % 3, bit / 3)
                set(long, short, isDark)
                set(short, long, isDark)
            }
        }

        /// Level M, whose indicator is 00.
        private mutating func setFormat(_ mask: Int) {
            var remainder = mask
            for _ in 0..<10 { remainder = remainder << 1 ^ (remainder >> 9) * 0x537 }
            let bits = (mask << 10 | remainder) ^ 0x5412
            for (bit, (first, second)) in formatPlaces.enumerated() {
                let isDark = bits >> bit & 1 == 1
                set(first.row, first.column, isDark)
                set(second.row, second.column, isDark)
            }
        }

        /// In columns of two, from the lower right, up and down in turn.
        mutating func place(_ codewords: [UInt8]) {
            var bit = 0
            var right = size - 1
            while right >= 1 {
                // The timing pattern has a column of its own.
                if right == 6 { right = 5 }
                let isUp = (right + 1) & 2 == 0
                for step in 0..<size {
                    let row = isUp ? size - 1 - step : step
                    for column in [right, right - 1] where !isFixed[row * size + column] {
                        if bit < codewords.count * 8 {
                            let byte = codewords[bit / 8]
                            dark[row * size + column] = byte >> UInt8(7 - bit % 8) & 1 == 1
                        }
                        bit += 1
                    }
                }
                right -= 2
            }
        }

        func masked(_ mask: Int) -> Canvas {
            var canvas = self
            for row in 0..<size {
                for column in 0..<size where !isFixed[row * size + column] {
                    if Self.flips(mask, row, column) { canvas.dark[row * size + column].toggle() }
                }
            }
            canvas.setFormat(mask)
            return canvas
        }

        private static func flips(_ mask: Int, _ row: Int, _ column: Int) -> Bool {
            switch mask {
            case 0: (row + column) % 2 == 0
            case 1: row % 2 == 0
            case 2: column % 3 == 0
            case 3: (row + column) % 3 == 0
            case 4: (row / 2 + column / 3) % 2 == 0
            case 5: row * column % 2 + row * column % 3 == 0
            case 6: (row * column % 2 + row * column % 3) % 2 == 0
            default: ((row + column) % 2 + row * column % 3) % 2 == 0
            }
        }

        // MARK: Penalty

        /// How hard it is to read: the least counts (ISO/IEC 18004 §7.8.3).
        var penalty: Int {
            let rows = (0..<size).map { Array(dark[$0 * size..<($0 + 1) * size]) }
            let columns = (0..<size).map { column in rows.map { $0[column] } }
            let lines = (rows + columns).reduce(0) { $0 + Self.penalty(of: $1) }
            var squares = 0
            for row in 1..<size {
                for column in 1..<size {
                    let color = rows[row][column]
                    if rows[row][column - 1] == color, rows[row - 1][column] == color,
                        rows[row - 1][column - 1] == color
                    {
                        squares += 3
                    }
                }
            }
            let share = dark.count { $0 } * 100 / dark.count
            return lines + squares + abs(share - 50) / 5 * 10
        }

        private static let finderLike: [[Bool]] = ["10111010000", "00001011101"].map { text in
            text.map { $0 == "1" }
        }

        private static func penalty(of line: [Bool]) -> Int {
            var sum = 0
            var run = 0
            for (index, color) in line.enumerated() {
                run = index > 0 && line[index - 1] == color ? run + 1 : 1
                if run == 5 { sum += 3 } else if run > 5 { sum += 1 }
            }
            for start in line.indices.dropLast(10) {
                let part = line[start..<start + 11]
                if finderLike.contains(where: { part.elementsEqual($0) }) { sum += 40 }
            }
            return sum
        }
    }

    /// The field with 256 elements of QR codes (polynomial 0x11D).
    private enum ReedSolomon {
        static func remainder(of data: [UInt8], count: Int) -> [UInt8] {
            let divisor = generator(count)
            var remainder = [UInt8](repeating: 0, count: count)
            for byte in data {
                let factor = byte ^ remainder.removeFirst()
                remainder.append(0)
                for index in 0..<count { remainder[index] ^= product(divisor[index], factor) }
            }
            return remainder
        }

        /// Without its highest coefficient, which is one.
        private static func generator(_ count: Int) -> [UInt8] {
            var result = [UInt8](repeating: 0, count: count)
            result[count - 1] = 1
            var root: UInt8 = 1
            for _ in 0..<count {
                for index in 0..<count {
                    result[index] = product(result[index], root)
                    if index + 1 < count { result[index] ^= result[index + 1] }
                }
                root = product(root, 2)
            }
            return result
        }

        private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
            var result: UInt8 = 0
            for bit in stride(from: 7, through: 0, by: -1) {
                result = result << 1 ^ (result >> 7) * 0x1D
                if right >> UInt8(bit) & 1 == 1 { result ^= left }
            }
            return result
        }
    }
}
