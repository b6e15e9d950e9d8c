import PackagePlugin

/// Turns the gettext catalogues of a target into one Swift file at each build in which they changed.
@main struct CompileCatalogues: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let files = target.sourceModule?.sourceFiles(withSuffix: ".po") else { return [] }
        let catalogues = files.map(\.url)
        let output = context.pluginWorkDirectoryURL.appending(path: "Catalogues.swift")
        return [
            .buildCommand(
                displayName: "Compiling catalogues",
                executable: try context.tool(named: "catalogue-compiler").url,
                arguments: [output.path] + catalogues.map(\.path),
                inputFiles: catalogues,
                outputFiles: [output]
            )
        ]
    }
}
