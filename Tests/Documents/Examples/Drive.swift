// Enrols the device of the example in Swift and approves the next login: SERVICE CODE FOLDER. Linux has no
// Secure Enclave, so openssl has the key, in the folder.

import Foundation

struct OpenSSLKey: DeviceKey {
    let folder: String

    init(folder: String) throws {
        self.folder = folder
        _ = try run([
            "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder + "/key.pem",
        ])
    }

    private func run(_ words: [String], _ input: Data = Data()) throws -> Data {
        let name = folder + "/input"
        try input.write(to: URL(fileURLWithPath: name))
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words
        process.standardInput = FileHandle(forReadingAtPath: name)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return data
    }

    var publicKey: Data {
        let info = try? run(["ec", "-in", folder + "/key.pem", "-pubout", "-outform", "DER"])
        return Data((info ?? Data()).suffix(64))
    }

    func sign(_ data: Data) throws -> Data {
        let der = [UInt8](try run(["dgst", "-sha256", "-sign", folder + "/key.pem"], data))
        let first = Int(der[3])
        let second = Int(der[5 + first])
        return [der[4..<(4 + first)], der[(6 + first)..<(6 + first + second)]].reduce(Data()) {
            sum,
            number in
            let bytes = number.suffix(32)
            return sum + Data(repeating: 0, count: 32 - bytes.count) + bytes
        }
    }

    func sha256(_ data: Data) throws -> Data { try run(["dgst", "-sha256", "-binary"], data) }
}

@main enum Drive {
    struct Wrong: Error { let what: String }

    static func main() async throws {
        let words = CommandLine.arguments
        let device = Device(service: words[1], key: try OpenSSLKey(folder: words[3]))
        do {
            try await device.enrol(code: "ZZZZ-ZZZZ-ZZZZ", name: "wrong")
            throw Wrong(what: "a wrong code was taken")
        } catch let refusal as DeviceError {
            guard refusal.status == 404 else { throw refusal }
        }
        try await device.enrol(code: words[2], name: "swift", platform: "other", pin: "2468")
        guard try await device.logins().isEmpty else { throw Wrong(what: "a login waits already") }
        print("enrolled")
        fflush(nil)
        // The example's events are for Apple's platforms: a line says that a login waits.
        _ = readLine()
        guard let login = try await device.logins().first else {
            throw Wrong(what: "no login came")
        }
        do {
            try await device.decide(.approve, login, Approval(pin: "1357"))
            throw Wrong(what: "a wrong PIN was taken")
        } catch let refusal as DeviceError {
            guard String(decoding: refusal.problem, as: UTF8.self).contains("attempts_left") else {
                throw refusal
            }
        }
        let receipt = try await device.decide(.approve, login, Approval(pin: "2468"))
        let names = try JSONEncoder().encode(login.consent.scopes.map(\.name))
        let texts = [names, receipt].map { String(decoding: $0, as: UTF8.self) }
        print(#"{"shown":\#(texts[0]),"receipt":\#(texts[1])}"#)
    }
}
