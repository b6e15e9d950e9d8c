/// An estimate of how hard a secret is to guess, for secrets that somebody thought of.
///
/// It reads a secret as a guesser would build it: repeats, sequences, rows of a keyboard, frequent
/// passwords and phrases cost few bits, each other word about as much as one of 2,000 words, and
/// everything else what its kinds of characters cost. Separators and capitals change little. It errs
/// on the low side; generated secrets are far above every limit, and so are five random words.
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
            (interleaved(at: position), 10), (year(at: position), 7), (listed(at: position), 8),
        ]
        if let best = candidates.max(by: { $0.length < $1.length }), best.length >= 3 {
            return best
        }
        let run = letters(at: position)
        if run > 0 {
            if let bits = word(at: position, run) { return (run, bits) }
            return run < 4
                ? (1, bitsOfCharacter) : (run, Double(run) * min(bitsOfCharacter, 4.7))
        }
        if lower[position].isNumber { return (1, min(bitsOfCharacter, 3.4)) }
        guard isSeparator(position) else { return (1, bitsOfCharacter) }
        return (1, lower[..<position].contains(lower[position]) ? 1 : 3)
    }

    /// What letters cost that look like a word, or like words without separators; nil for others.
    private func word(at position: Int, _ length: Int) -> Double? {
        let pairs = (position..<position + length - 1).filter {
            Self.pairs.contains(String(lower[$0...$0 + 1]))
        }
        let isAlone =
            (position == 0 || isSeparator(position - 1))
            && (position + length == lower.count || isSeparator(position + length))
        switch length {
        case 1: return isAlone ? 3 : nil
        case 2...3:
            let text = String(lower[position..<position + length])
            let hasVowel = text.contains { "aeiouy".contains($0) }
            return hasVowel && (!pairs.isEmpty || text == "my") ? Double(length) * 2 : nil
        case 4...10 where isAlone && pairs.count * 2 >= length - 1: return 11
        default:
            guard pairs.count * 3 >= (length - 1) * 2 else { return nil }
            return length <= 10 ? 11 : Double((length + 5) / 6) * 11
        }
    }

    private func isSeparator(_ position: Int) -> Bool {
        original[position].isASCII && !original[position].isLetter && !original[position].isNumber
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
            return (-1...1).contains(step) ? step : nil
        }
        guard let first = step(position) else { return 1 }
        var length = 2
        while step(position + length - 1) == first { length += 1 }
        return length
    }

    /// Two to four sequences in turn, such as `a1b2c3` and `ab12cd34ef56`.
    private func interleaved(at position: Int) -> Int {
        func step(_ index: Int, _ stride: Int) -> Int? {
            guard index + stride < lower.count, let first = lower[index].asciiValue,
                let second = lower[index + stride].asciiValue
            else { return nil }
            // 0 follows 9, and a follows z.
            if (first, second) == (0x39, 0x30) || (first, second) == (0x7A, 0x61) { return 1 }
            let step = Int(second) - Int(first)
            return (-stride...stride).contains(step) ? step : nil
        }
        var longest = 0
        for stride in 2...4 {
            let steps = (0..<stride).map { step(position + $0, stride) }
            guard !steps.contains(nil) else { continue }
            var length = 2 * stride
            while step(position + length - stride, stride) == steps[length % stride] { length += 1 }
            if length >= 3 * stride { longest = max(longest, length) }
        }
        return longest
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
        return ["17", "18", "19", "20"].contains { text.hasPrefix($0) } && Int(text) != nil ? 4 : 0
    }

    /// A frequent password or phrase, whatever separates its letters.
    private func listed(at position: Int) -> Int {
        var longest = 0
        for word in Self.words {
            var index = position
            var isMatch = true
            for letter in word {
                while index > position, index < lower.count, isSeparator(index),
                    plain[index] != letter
                { index += 1 }
                guard index < lower.count, plain[index] == letter || lower[index] == letter else {
                    isMatch = false
                    break
                }
                index += 1
            }
            if isMatch { longest = max(longest, index - position) }
        }
        return longest
    }

    /// Letters in one case, of which only the first may be upper.
    private func letters(at position: Int) -> Int {
        func isLetter(_ index: Int) -> Bool {
            index < lower.count && ("a"..."z").contains(lower[index])
        }
        guard isLetter(position) else { return 0 }
        var end = position + 1
        let isUpper = original[position].isUppercase && isLetter(end) && original[end].isUppercase
        while isLetter(end), original[end].isUppercase == isUpper { end += 1 }
        return end - position
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
        jesus christ liverpool arsenal chelsea
        thequickbrownfox jumpsoverthelazydog correcthorsebatterystaple tobeornottobe
        tobeornottobethatisthequestion thatisthequestion jesuschristislord ourfatherwhoartinheaven
        thelordismyshepherd forgodsolovedtheworld inthebeginning godsavetheking godsavethequeen
        maytheforcebewithyou iamyourfather youshallnotpass winteriscoming ithinkthereforeiam
        onceuponatime allyouneedislove letitbe wearethechampions iwillalwaysloveyou
        nevergonnagiveyouup happybirthdaytoyou rosesareredvioletsareblue maryhadalittlelamb
        twinkletwinklelittlestar knockknockwhosthere opensesame houstonwehaveaproblem
        toinfinityandbeyond lifeislikeaboxofchocolates elementarymydearwatson ihaveadream
        wethepeople fourscoreandsevenyearsago itwasthebestoftimes callmeishmael romeoandjuliet
        livelongandprosper theanswerisfortytwo thereisnoplacelikehome whatdoesthefoxsay
        thisismypassword thisisasecret donttellanyone
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
