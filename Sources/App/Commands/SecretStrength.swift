/// An estimate of how hard a secret is to guess, for secrets that somebody thought of.
///
/// It reads a secret as a guesser would build it: repeats, sequences, rows of a keyboard, frequent
/// passwords and words cost few bits, everything else what its kinds of characters cost. It errs on
/// the low side; generated secrets are far above every limit.
struct SecretStrength {
    /// Characters of the secret in lower case, and as they were.
    private let lower: [Character]
    private let original: [Character]
    /// With digits and signs that stand for letters replaced by them.
    private let plain: [Character]
    private let bitsOfCharacter: Double

    /// Secrets below are weak: within reach of whoever has the hash.
    static let required = 50.0

    /// The estimate in bits.
    static func bits(of secret: String) -> Double { SecretStrength(secret).estimate() }

    private init(_ secret: String) {
        original = Array(secret)
        lower = Array(secret.lowercased())
        plain = lower.map { Self.letters[$0] ?? $0 }
        var kinds = 0
        if secret.contains(where: { $0.isASCII && $0.isLowercase }) { kinds += 26 }
        if secret.contains(where: { $0.isASCII && $0.isUppercase }) { kinds += 26 }
        if secret.contains(where: { $0.isASCII && $0.isNumber }) { kinds += 10 }
        if secret.contains(where: { !$0.isASCII || !($0.isLetter || $0.isNumber) }) { kinds += 32 }
        if secret.allSatisfy(\.isHexDigit) { kinds = min(kinds, 16) }
        bitsOfCharacter = Self.log2[min(kinds, Self.log2.count - 1)]
    }

    private func estimate() -> Double {
        // Without upper and lower case of the same length, words cannot be told apart.
        guard lower.count == original.count else { return Double(lower.count) * 4 }
        if (1...max(lower.count / 2, 1)).contains(where: { repetition(at: $0) == lower.count - $0 })
        {
            return 0
        }
        var bits = 0.0
        var position = 0
        while position < lower.count {
            let (length, cost) = part(at: position)
            bits += cost
            position += length
        }
        return bits
    }

    /// The part of the secret that a guesser would take at once, and its cost.
    private func part(at position: Int) -> (length: Int, bits: Double) {
        let candidates: [(length: Int, bits: Double)] = [
            (repetition(at: position), 3), (sequence(at: position), 6), (row(at: position), 6),
            (year(at: position), 7), (listed(at: position), 8),
        ]
        if let best = candidates.max(by: { $0.length < $1.length }), best.length >= 3 {
            return best
        }
        let run = letters(at: position)
        if run >= 4, isUniform(position, run) {
            let words = (run + 7) / 8
            if isLikeWords(position, run) { return (run, Double(words) * 11) }
            return (run, Double(run) * min(bitsOfCharacter, 4.7))
        }
        let isSeparator = !original[position].isLetter && !original[position].isNumber
        return (
            1, isSeparator && lower[..<position].contains(lower[position]) ? 1 : bitsOfCharacter
        )
    }

    /// The length of what stood before already and stands here again, perhaps overlapping.
    private func repetition(at position: Int) -> Int {
        var longest = 0
        for start in 0..<position {
            var length = 0
            while position + length < lower.count, lower[start + length] == lower[position + length]
            {
                length += 1
            }
            longest = max(longest, length)
        }
        return longest
    }

    /// `abc`, `321`, `aaa`.
    private func sequence(at position: Int) -> Int {
        func step(_ index: Int) -> Int? {
            guard index + 1 < lower.count, let first = lower[index].asciiValue,
                let second = lower[index + 1].asciiValue
            else { return nil }
            let step = Int(second) - Int(first)
            return abs(step) <= 1 ? step : nil
        }
        guard let first = step(position) else { return 1 }
        var length = 2
        while step(position + length - 1) == first { length += 1 }
        return length
    }

    /// The longest run along a row or column of a keyboard, in either direction.
    private func row(at position: Int) -> Int {
        var longest = 0
        for row in Self.rows {
            for row in [row, row.reversed()] {
                for start in row.indices where row[start] == lower[position] {
                    var length = 0
                    while position + length < lower.count, start + length < row.count,
                        row[start + length] == lower[position + length]
                    {
                        length += 1
                    }
                    longest = max(longest, length)
                }
            }
        }
        return longest
    }

    private func year(at position: Int) -> Int {
        guard position + 4 <= lower.count else { return 0 }
        let text = String(lower[position..<position + 4])
        return (text.hasPrefix("19") || text.hasPrefix("20")) && Int(text) != nil ? 4 : 0
    }

    private func listed(at position: Int) -> Int {
        var longest = 0
        for word in Self.words where word.count > longest && position + word.count <= plain.count {
            let end = position + word.count
            if plain[position..<end].elementsEqual(word)
                || lower[position..<end].elementsEqual(word)
            {
                longest = word.count
            }
        }
        return longest
    }

    private func letters(at position: Int) -> Int {
        var length = 0
        while position + length < lower.count, ("a"..."z").contains(lower[position + length]) {
            length += 1
        }
        return length
    }

    /// Whether letters are in one case, or only the first one is upper.
    private func isUniform(_ position: Int, _ length: Int) -> Bool {
        let rest = original[position + 1..<position + length]
        return rest.allSatisfy(\.isLowercase) || rest.allSatisfy(\.isUppercase)
    }

    /// Whether at least two thirds of the pairs of letters are frequent in words.
    private func isLikeWords(_ position: Int, _ length: Int) -> Bool {
        let pairs = (position..<position + length - 1).filter {
            Self.pairs.contains(String(lower[$0...$0 + 1]))
        }
        return pairs.count * 3 >= (length - 1) * 2
    }

    private static let letters: [Character: Character] = [
        "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i",
    ]

    private static let rows: [[Character]] = [
        "`1234567890-=", "!@#$%^&*()", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop",
        "azertyuiop", "qsdfghjklm", "yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
        "qazwsxedcrfvtgbyhnujm",
    ].map(Array.init)

    /// Of frequent passwords and of secrets that were meant to be replaced.
    private static let words: [[Character]] = """
        password passwort passphrase passwd pass secret secure security login logon letmein welcome
        admin administrator root user username guest test testing tester demo example sample default
        change changeme changeit replace please temp temporary qwerty azerty dragon monkey football
        baseball soccer hockey master superman batman shadow sunshine princess iloveyou love hello
        world freedom whatever trustno1 starwars pokemon computer internet server service client
        token apikey private public access account bank banking money payment company office summer
        winter spring autumn january february march april monday sunday michael jennifer jordan
        thomas robert daniel charlie andrew george jessica ashley beckon oauth openid
        webhook production staging develop database postgres mysql oracle docker kubernetes linux
        contrasena senha segredo motdepasse geheim schluessel hallo bonjour foobar lorem ipsum dolor
        thequickbrownfox correcthorsebatterystaple
        """.split(whereSeparator: \.isWhitespace).map(Array.init)

    /// The most frequent pairs of letters in English words.
    private static let pairs = Set(
        """
        th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve
        co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no
        ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts
        mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo
        sa ay ex ke ui fr oo ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi
        da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew
        mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    )

    /// The logarithms of 0 to 94 kinds of characters, rounded down to tenths.
    private static let log2: [Double] = (0...94).map { count in
        var (value, bits) = (Double(max(count, 1)), 0.0)
        while value >= 2 {
            value /= 2
            bits += 1
        }
        // Linear between powers of two, which is slightly too low.
        return bits + (value - 1)
    }
}
