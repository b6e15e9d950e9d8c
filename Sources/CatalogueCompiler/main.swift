import Glibc

// catalogue-compiler OUTPUT CATALOGUE…
//
// Checks gettext catalogues and writes them as one Swift file. Problems go to standard error as
// `file:line: error: text`, which `swift build` shows.

func contents(of path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(file, &chunk, chunk.count)
        guard count >= 0 else { return nil }
        guard count > 0 else { break }
        bytes += chunk.prefix(count)
    }
    return String(validating: bytes, as: UTF8.self)
}

func report(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func compile(_ arguments: [String]) -> Int32 {
    guard arguments.count >= 2 else {
        report("usage: catalogue-compiler OUTPUT CATALOGUE...\n")
        return 2
    }
    do {
        let files = try arguments.dropFirst().map { path in
            guard let text = contents(of: path) else {
                throw CatalogueFile.Problem(path: path, line: 1, text: "cannot be read as UTF-8")
            }
            return try CatalogueFile(path: path, text: text)
        }
        let swift = try Catalogues(files).swift()
        guard let output = fopen(arguments[0], "w"), fputs(swift, output) >= 0,
            fclose(output) == 0
        else {
            report("\(arguments[0]): error: cannot be written\n")
            return 1
        }
        return 0
    } catch let failure as Catalogues.Failure {
        for problem in failure.problems { report(problem.description) }
    } catch let problem as CatalogueFile.Problem {
        report(problem.description)
    } catch {
        report("error: \(error)\n")
    }
    return 1
}

exit(compile(Array(CommandLine.arguments.dropFirst())))
