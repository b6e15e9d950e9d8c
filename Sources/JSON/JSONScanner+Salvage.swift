extension JSONScanner {
    /// Reads what can be read of an object that is not valid JSON, or that was cut off.
    ///
    /// `member` is called at the value of each member of the outermost object whose name can be read.
    /// It consumes the value, or throws; then the value is passed over. A byte order mark, missing
    /// commas, repeated names, deep nesting and whatever follows the object do not matter.
    ///
    /// Reads each byte twice at most.
    public static func salvage(
        _ bytes: [UInt8],
        in range: Range<Int>,
        _ member: (inout JSONScanner, String) throws(JSONError) -> Void
    ) {
        var json = JSONScanner(bytes, in: range)
        if bytes[range].starts(with: [0xEF, 0xBB, 0xBF]) { json.offset += 3 }
        json.passSpace()
        guard json.offset < json.limit, bytes[json.offset] == 0x7B else { return }
        json.offset += 1
        while json.findMember() {
            let name = json.salvagedString()
            json.passSpace()
            // Without a colon it was no name.
            guard json.offset < json.limit, bytes[json.offset] == 0x3A else { continue }
            json.offset += 1
            json.passSpace()
            var value = JSONScanner(bytes, in: json.offset..<json.limit)
            if let name, (try? member(&value, name)) != nil {
                json.offset = value.offset
            } else {
                json.passValue()
            }
        }
    }

    /// Goes to the next quotation mark of this object. False at its end.
    private mutating func findMember() -> Bool {
        while offset < limit {
            switch bytes[offset] {
            case 0x22: return true
            case 0x7D: return false
            case 0x5B, 0x7B: passValue()
            default: offset += 1
            }
        }
        return false
    }

    /// Nil for a string that cannot be read; it is passed over all the same.
    private mutating func salvagedString() -> String? {
        let start = offset
        if let text = try? string() { return text }
        offset = start
        passString()
        return nil
    }

    /// Passes over a value, up to the comma or the bracket that follows it.
    private mutating func passValue() {
        var depth = 0
        while offset < limit {
            switch bytes[offset] {
            case 0x22: passString()
            case 0x5B, 0x7B:
                depth += 1
                offset += 1
            case 0x5D, 0x7D:
                guard depth > 0 else { return }
                depth -= 1
                offset += 1
                if depth == 0 { return }
            case 0x2C where depth == 0: return
            default: offset += 1
            }
        }
    }

    /// Passes over a string, from its quotation mark on.
    private mutating func passString() {
        offset += 1
        while offset < limit {
            switch bytes[offset] {
            case 0x22:
                offset += 1
                return
            case 0x5C: offset = min(offset + 2, limit)
            default: offset += 1
            }
        }
    }

    private mutating func passSpace() {
        while offset < limit, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
    }
}
