// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    // Generic types are found by the accessors of their metadata, which know what they conform to. By
    // their mangled names, which is the compiler's default, the runtime would search all conformances
    // of the program for each: a ninth of the time until the first answer.
    .unsafeFlags(
        ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
        .when(configuration: .release)
    ),
]

/// A target of ours. `bridgesC` marks the few that import a C module: there every unsafe
/// expression must say `unsafe`. `exclude` names documents beside the code.
func module(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = [],
    bridgesC: Bool = false,
    plugins: [Target.PluginUsage] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: bridgesC ? strict + [.strictMemorySafety()] : strict,
        plugins: plugins
    )
}

/// `exclude` names folders that tests read or run and that are not built.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: strict
    )
}

let package = Package(
    name: "beckon",
    products: [
        .executable(name: "beckon", targets: ["beckon"]),
        .executable(name: "beckon-lab", targets: ["beckon-lab"]),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CSpawn"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "COpenSSLStart", dependencies: ["COpenSSL"]),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        // Not linked but loaded when it is first needed, so its functions are named here once more.
        .target(name: "CCurl"),
        // The same, and not even its header is needed.
        .target(name: "CPostgres"),

        // The domain and the pure formats.
        module("Dates"),
        module("Texts"),
        module("Logins", ["Texts"]),
        module("JSON", ["Texts"]),
        module("HTTP", ["Dates", "Texts"]),

        module("Mail", ["Cryptography", "HTTP"]),

        // What touches the machine.
        module("Threads", ["CLinux"], bridgesC: true),
        module("Cryptography", ["COpenSSL", "COpenSSLStart"], bridgesC: true),
        module("JOSE", ["Cryptography", "JSON", "Texts"]),
        module("WebAuthn", ["Cryptography", "JSON", "Texts"]),
        module("TLS", ["COpenSSL", "Cryptography"], bridgesC: true),
        module("Net", ["CLinux", "Cryptography", "HTTP", "TLS", "Threads"], bridgesC: true),
        module("CurlClient", ["CCurl", "HTTP", "Mail", "Threads"], bridgesC: true),
        module("Telemetry", ["HTTP", "JSON", "Threads"]),

        // A consent as bytes: stored, digested, compared, signed.
        module("Consents", ["Cryptography", "JSON", "Logins"]),

        // Who calls Beckon's own interfaces: clients, tokens, delegation, sessions, audit; pure.
        module("Access", ["Cryptography", "HTTP", "JOSE", "JSON", "Logins", "Texts", "Threads"]),

        // The devices and keys with which users decide; pure.
        module("Devices", ["Access", "Cryptography", "JOSE", "JSON", "Logins", "Texts"]),

        // Reads a configuration file; each adapter reads its own section with it.
        module("Configuration", ["Cryptography", "HTTP", "JSON", "Logins"]),

        // Adapters of the domain's ports.
        module(
            "SQLStore",
            [
                "Access", "CPostgres", "CSQLite", "Consents", "Cryptography", "Devices", "HTTP",
                "JOSE", "JSON",
                "Logins", "Threads",
            ],
            bridgesC: true
        ),
        // Beckon as an OAuth client.
        module(
            "OAuthClient",
            [
                "Configuration", "Cryptography", "HTTP", "JOSE", "JSON", "Logins", "Telemetry",
                "Texts", "Threads",
            ]
        ),
        module(
            "AuthorizationServers",
            [
                "Access", "Configuration", "Cryptography", "HTTP", "JSON", "Logins", "OAuthClient",
                "Telemetry",
                "Texts", "Threads",
            ],
            exclude: ["Cloudentity/Contract.md"]
        ),
        module(
            "Notifications",
            [
                "CSpawn", "Configuration", "Consents", "Cryptography", "HTTP", "JOSE", "JSON",
                "Localization", "Logins", "Mail", "Telemetry", "Texts", "Threads",
            ],
            bridgesC: true
        ),
        module(
            "Identity",
            ["Configuration", "Cryptography", "HTTP", "JSON", "Logins", "Texts", "Threads"]
        ),

        // Beckon as an authorization server for its own interfaces.
        module(
            "Trust",
            [
                "Access", "Configuration", "Cryptography", "HTTP", "JOSE", "JSON", "Logins",
                "OAuthClient",
                "Telemetry", "Texts", "Threads",
            ],
            exclude: ["Contract.md"]
        ),

        // Texts, numbers and dates in the user's language. Its catalogues are compiled by a plugin.
        .executableTarget(
            name: "catalogue-compiler",
            path: "Sources/CatalogueCompiler",
            swiftSettings: strict
        ),
        .plugin(
            name: "CompileCatalogues",
            capability: .buildTool(),
            dependencies: ["catalogue-compiler"],
            path: "Sources/CompileCatalogues"
        ),
        module(
            "Localization",
            ["Dates", "Logins", "Texts", "Threads"],
            plugins: ["CompileCatalogues"]
        ),

        // What runs them.
        module(
            "Engine",
            [
                "Access", "Consents", "Cryptography", "Devices", "Identity", "JOSE", "JSON",
                "Logins",
                "Telemetry",
                "Texts",
                "Threads",
                "WebAuthn",
            ]
        ),
        module(
            "Endpoints",
            [
                "Access", "Consents", "Cryptography", "Devices", "Dates", "Engine", "HTTP",
                "Identity", "JOSE",
                "JSON", "Localization", "Logins", "Telemetry", "Texts", "Threads", "Trust",
                "WebAuthn",
            ]
        ),
        // The frame of a program of commands: arguments, help, exit codes.
        module("Commands", ["Configuration", "Threads"]),
        module(
            "App",
            [
                "Access", "AuthorizationServers", "Commands", "Configuration", "Consents",
                "Cryptography", "CurlClient", "Devices", "Endpoints", "Engine", "HTTP", "Identity",
                "JOSE", "JSON", "Localization", "Logins", "Mail", "Net", "Notifications",
                "OAuthClient",
                "SQLStore", "TLS", "Telemetry", "Texts", "Threads", "Trust",
                "WebAuthn",
            ]
        ),
        .executableTarget(name: "beckon", dependencies: ["App"], swiftSettings: strict),

        // Not part of the product: what Beckon is tried with and tested against.
        module(
            "Lab",
            ["Cryptography", "HTTP", "JOSE", "JSON", "Net", "TLS", "Threads"],
            exclude: ["Contract.md"]
        ),
        .executableTarget(
            name: "beckon-lab",
            dependencies: [
                "App", "Commands", "Configuration", "Cryptography", "CurlClient", "HTTP", "JOSE",
                "JSON", "Lab", "Net", "Threads",
            ],
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: [
                "Access", "Commands", "Consents", "Cryptography", "HTTP", "Identity", "JOSE",
                "JSON", "Logins", "Telemetry", "Threads",
            ],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "outbound-bench",
            dependencies: [
                "Cryptography", "CurlClient", "HTTP", "JOSE", "JSON", "Logins", "Notifications",
                "Telemetry", "TestSupport", "Threads",
            ],
            path: "Tests/Bench/OutboundBench",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "store-bench",
            dependencies: [
                "Access", "Cryptography", "JSON", "Logins", "SQLStore", "TestSupport", "Threads",
            ],
            path: "Tests/Bench/StoreBench",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "gallery",
            dependencies: ["Consents", "Identity", "JSON", "Logins", "SQLStore", "TestSupport"],
            path: "Tests/Browser/Gallery",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hot-loop",
            dependencies: [
                "Access", "App", "Consents", "Cryptography", "Devices", "HTTP", "Identity", "JOSE",
                "JSON", "Logins", "SQLStore", "TestSupport", "Texts", "Threads",
            ],
            path: "Tests/HotLoop",
            exclude: ["hotloop.py", "test.sh"],
            swiftSettings: strict
        ),
        tests("LoginsTests", ["Logins", "TestSupport"]),
        tests("ConsentsTests", ["Consents", "Cryptography", "JSON", "Logins", "TestSupport"]),
        tests(
            "AccessTests",
            ["Access", "Cryptography", "HTTP", "JOSE", "JSON", "Logins", "TestSupport"]
        ),
        tests(
            "TrustTests",
            [
                "Access", "Configuration", "Cryptography", "HTTP", "JOSE", "JSON", "Logins",
                "OAuthClient",
                "SQLStore", "Telemetry", "TestSupport", "Texts", "Threads", "Trust",
            ]
        ),
        tests("ConfigurationTests", ["Configuration", "Cryptography", "HTTP", "TestSupport"]),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("HTTPTests", ["HTTP", "TestSupport"], exclude: ["Corpus"]),
        tests("NetTests", ["Cryptography", "HTTP", "Net", "TLS", "TestSupport", "Threads"]),
        tests("CryptographyTests", ["Cryptography", "TestSupport"]),
        tests(
            "JOSETests",
            ["Cryptography", "JOSE", "JSON", "TestSupport"],
            exclude: ["Vectors"]
        ),
        tests(
            "WebAuthnTests",
            ["Cryptography", "JSON", "TestSupport", "Texts", "WebAuthn"],
            exclude: ["Vectors"]
        ),
        tests("TelemetryTests", ["HTTP", "JSON", "Telemetry", "TestSupport"]),
        tests(
            "StoreTests",
            [
                "Access", "Consents", "Cryptography", "Devices", "HTTP", "JOSE", "JSON", "Logins",
                "SQLStore", "TestSupport", "Threads",
            ]
        ),
        tests(
            "DevicesTests",
            ["Access", "Cryptography", "Devices", "JOSE", "JSON", "Logins", "TestSupport"]
        ),
        tests(
            "CurlClientTests",
            ["CurlClient", "HTTP", "JSON", "TestSupport", "Threads"],
            exclude: ["Peers"]
        ),
        tests(
            "NotificationsTests",
            [
                "Configuration", "Cryptography", "CurlClient", "HTTP", "JOSE", "JSON", "Logins",
                "Mail", "Notifications", "Telemetry", "TestSupport", "Threads",
            ],
            exclude: ["Peers"]
        ),
        tests(
            "IdentityTests",
            [
                "Configuration", "Cryptography", "HTTP", "Identity", "JSON", "Logins",
                "TestSupport", "Threads",
            ]
        ),
        tests(
            "OAuthClientTests",
            [
                "Cryptography", "HTTP", "JOSE", "JSON", "Logins", "OAuthClient", "Telemetry",
                "TestSupport", "Threads",
            ]
        ),
        tests(
            "AuthorizationServersTests",
            [
                "Access", "AuthorizationServers", "Cryptography", "Endpoints", "Engine", "HTTP",
                "JOSE",
                "JSON", "Localization", "Logins", "OAuthClient", "SQLStore", "Telemetry",
                "TestSupport", "Texts", "Threads",
            ],
            exclude: ["Sheets"]
        ),
        tests(
            "EngineTests",
            [
                "Access", "Consents", "Cryptography", "Devices", "Engine", "Identity", "JSON",
                "Logins",
                "SQLStore",
                "Telemetry",
                "TestSupport", "Threads",
                "WebAuthn",
            ]
        ),
        tests(
            "LocalizationTests",
            [
                "Dates", "HTTP", "JSON", "Localization", "Logins", "TestSupport",
                "catalogue-compiler",
            ]
        ),
        tests(
            "EndpointsTests",
            [
                "Access", "Configuration", "Consents", "Cryptography", "Devices", "Endpoints",
                "Engine",
                "HTTP", "Identity", "JOSE", "JSON", "Localization", "Logins", "OAuthClient",
                "SQLStore",
                "Telemetry", "TestSupport", "Texts", "Threads", "Trust",
                "WebAuthn",
            ]
        ),
        tests(
            "LabTests",
            [
                "App", "AuthorizationServers", "Commands", "Configuration", "Consents",
                "Cryptography", "CurlClient", "HTTP", "JOSE", "JSON", "Lab", "Logins", "Net",
                "OAuthClient",
                "Telemetry", "TestSupport", "Threads", "beckon-lab",
            ]
        ),
        tests(
            "AppTests",
            [
                "Access", "App", "AuthorizationServers", "Commands", "Configuration",
                "Cryptography", "Devices",
                "CurlClient", "Endpoints", "Engine", "HTTP", "Identity", "JOSE", "JSON", "Lab",
                "Logins", "Net", "Notifications", "OAuthClient", "SQLStore", "TLS",
                "Telemetry", "TestSupport", "Threads",
                "WebAuthn",
            ],
            exclude: ["Peers"]
        ),
    ]
)
