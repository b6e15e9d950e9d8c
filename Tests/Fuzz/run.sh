#!/bin/bash
# Fuzzes for so many seconds each (60 if not said; 0 only checks that they compile) the targets that
# are named, or all: parser, canonical, jose, consent, language, form, number, grant, certificate,
# name, assertion, proof, idtoken, cookie, cbor, cose, authdata, clientdata, match, device, routes. Each begins with the corpus of its tests. Ends with an error and the offending input in .fuzz/found/
# when something is found.
set -euo pipefail
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(parser canonical jose consent language form number grant certificate name assertion proof idtoken cookie cbor cose authdata clientdata match device routes)
cd "$(dirname "$0")/../.."
work=.fuzz

# Our modules become one here, so what imports one of them must not say so.
# What needs other modules, as FoundConsents and ReportBody do, is left out.
gather() { # gather FOLDER FILE…
    local folder=$work/$1
    shift
    rm -rf "$folder"
    mkdir -p "$folder"
    for file in "$@"; do
        sed -E '/^(public |internal )?import (Texts|Dates|HTTP|JSON|Cryptography|JOSE|WebAuthn|Logins|Configuration|Access|Threads|Devices)$/d' "$file" \
            > "$folder/$(basename "$(dirname "$file")")-$(basename "$file")"
    done
}

build() { # build NAME OPTION… ; takes the gathered files
    local name=$1
    shift
    if [ "$seconds" -eq 0 ]; then
        swiftc -swift-version 6 -package-name beckon -parse-as-library -module-name Fuzz -typecheck \
            "$@" "$work/$name"/*.swift
        return
    fi
    swiftc -swift-version 6 -package-name beckon -sanitize=fuzzer,address -parse-as-library -O -module-name Fuzz \
        -o "$work/$name-fuzz" "$@" "$work/$name"/*.swift
}

run() { # run NAME LONGEST
    if [ "$seconds" -eq 0 ]; then
        echo "ok      $1 fits the sources"
        return
    fi
    mkdir -p "$work/seeds/$1" "$work/found"
    echo "== $1, $seconds seconds"
    "$work/$1-fuzz" -max_total_time="$seconds" -max_len="$2" -timeout=5 -rss_limit_mb=2048 \
        -artifact_prefix="$work/found/$1-" -print_final_stats=1 "$work/seeds/$1"
}

for target in "${targets[@]}"; do
    mkdir -p "$work/seeds/$target"
    case $target in
    parser)
        swiftc -parse-as-library -o "$work/seeds-of-corpus" \
            Tests/HTTPTests/CorpusCase.swift Tests/Fuzz/Seeds.swift
        "$work/seeds-of-corpus" Tests/HTTPTests/Corpus "$work/seeds/parser"
        gather parser Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift Tests/HTTPTests/CorpusCase.swift \
            Tests/HTTPTests/RequestReader.swift Tests/Fuzz/ParserFuzz.swift
        build parser
        run parser 8192
        ;;
    canonical)
        python3 Tests/Fuzz/seeds.py canonical "$work/seeds/canonical"
        gather canonical Sources/Texts/*.swift Sources/JSON/*.swift Tests/Fuzz/CanonicalFuzz.swift
        build canonical
        run canonical 4096
        ;;
    jose)
        python3 Tests/Fuzz/seeds.py jose "$work/seeds/jose"
        gather jose Sources/Texts/*.swift Sources/JSON/*.swift Sources/Cryptography/*.swift Sources/JOSE/*.swift \
            Tests/Fuzz/JOSEFuzz.swift
        build jose -I Sources/COpenSSL -lcrypto -lssl
        run jose 8192
        ;;
    consent)
        python3 Tests/Fuzz/seeds.py consent "$work/seeds/consent"
        gather consent Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift Sources/JSON/*.swift \
            Sources/Cryptography/*.swift Sources/Configuration/*.swift \
            Sources/Logins/*.swift Sources/Logins/*/*.swift \
            Sources/AuthorizationServers/Cloudentity/Consents/{[!FR]*,RequestParameters,RequestWords}.swift \
            Sources/AuthorizationServers/Cloudentity/Families/*.swift \
            Tests/Fuzz/ConsentFuzz.swift
        build consent -I Sources/COpenSSL -lcrypto -lssl
        run consent 16384
        ;;
    language)
        python3 Tests/Fuzz/seeds.py language "$work/seeds/language"
        gather language Sources/Texts/*.swift Sources/Localization/Language+Choice.swift \
            Sources/Localization/Digits.swift Tests/Fuzz/LanguageFuzz.swift
        build language
        run language 16384
        ;;
    form)
        python3 Tests/Fuzz/seeds.py form "$work/seeds/form"
        gather form Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Tests/Fuzz/FormFuzz.swift
        build form
        run form 65536
        ;;
    number)
        python3 Tests/Fuzz/seeds.py number "$work/seeds/number"
        gather number Sources/Texts/*.swift Sources/JSON/*.swift Tests/Fuzz/NumberFuzz.swift
        build number
        run number 4096
        ;;
    grant)
        python3 Tests/Fuzz/seeds.py grant "$work/seeds/grant"
        gather grant Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/JSON/*.swift Sources/Cryptography/*.swift Sources/Configuration/*.swift \
            Sources/Logins/*.swift Sources/Logins/*/*.swift \
            Sources/AuthorizationServers/Cloudentity/Consents/{[!FR]*,RequestParameters,RequestWords}.swift \
            Sources/AuthorizationServers/Cloudentity/Families/*.swift \
            Sources/AuthorizationServers/Cloudentity/ScopeGrant.swift Tests/Fuzz/GrantFuzz.swift
        build grant -I Sources/COpenSSL -lcrypto -lssl
        run grant 16384
        ;;
    certificate)
        python3 Tests/Fuzz/seeds.py certificate "$work/seeds/certificate"
        gather certificate Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/Cryptography/*.swift Sources/Logins/*.swift Sources/Logins/*/*.swift \
            Sources/Threads/{Locked,PerCore,WorkerThread}.swift Sources/Access/{CertificateName,DistinguishedName}.swift \
            Sources/Trust/TokenFilter/{Certificate*,Envoy*,Forwarded*,Recent*}.swift \
            Tests/Fuzz/CertificateFuzz.swift
        build certificate -I Sources/COpenSSL -I Sources/CLinux -lcrypto -lssl
        run certificate 16384
        ;;
    name)
        python3 Tests/Fuzz/seeds.py name "$work/seeds/name"
        gather name Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/Cryptography/*.swift \
            Sources/Access/{CertificateName,DistinguishedName}.swift Tests/Fuzz/NameFuzz.swift
        build name -I Sources/COpenSSL -lcrypto -lssl
        run name 4096
        ;;
    assertion)
        python3 Tests/Fuzz/seeds.py assertion "$work/seeds/assertion"
        gather assertion Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/JSON/*.swift Sources/Cryptography/*.swift Sources/JOSE/*.swift \
            Sources/Logins/*.swift Sources/Logins/*/*.swift Sources/Threads/Locked.swift \
            Sources/Access/*.swift Sources/Trust/TrustSettings.swift \
            Sources/Trust/TokenEndpoint/{ClientClaim,ClientAuthenticator,Proof*,TokenRefusal}.swift \
            Tests/Fuzz/AssertionFuzz.swift
        build assertion -I Sources/COpenSSL -lcrypto -lssl
        run assertion 16384
        ;;
    proof)
        python3 Tests/Fuzz/seeds.py proof "$work/seeds/proof"
        gather proof Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/JSON/*.swift Sources/Cryptography/*.swift Sources/JOSE/*.swift \
            Sources/Logins/*.swift Sources/Logins/*/*.swift Sources/Threads/Locked.swift \
            Sources/Access/*.swift Sources/Trust/TrustSettings.swift \
            Sources/Trust/TokenEndpoint/{ClientClaim,ClientAuthenticator,Proof*,TokenRefusal}.swift \
            Tests/Fuzz/ProofFuzz.swift
        build proof -I Sources/COpenSSL -lcrypto -lssl
        run proof 8192
        ;;
    idtoken)
        python3 Tests/Fuzz/seeds.py idtoken "$work/seeds/idtoken"
        gather idtoken Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift Sources/JSON/*.swift \
            Sources/Cryptography/*.swift Sources/JOSE/*.swift Sources/Logins/*.swift Sources/Logins/*/*.swift \
            Sources/Trust/SignOn/{IDToken*,LogoutToken}.swift Tests/Fuzz/IDTokenFuzz.swift
        build idtoken -I Sources/COpenSSL -lcrypto -lssl
        run idtoken 8192
        ;;
    cookie)
        python3 Tests/Fuzz/seeds.py cookie "$work/seeds/cookie"
        gather cookie Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/Endpoints/SignOn/RequestCookies.swift Tests/TestSupport/Request+Example.swift \
            Tests/Fuzz/CookieFuzz.swift
        build cookie
        run cookie 8192
        ;;
    cbor | cose | authdata | clientdata)
        python3 Tests/Fuzz/seeds.py "$target" "$work/seeds/$target"
        gather "$target" Sources/Texts/*.swift Sources/JSON/*.swift Sources/Cryptography/*.swift \
            Sources/WebAuthn/*.swift Tests/Fuzz/PasskeyFuzz.swift
        build "$target" -I Sources/COpenSSL -lcrypto -lssl
        run "$target" 4096
        ;;
    match)
        python3 Tests/Fuzz/seeds.py match "$work/seeds/match"
        gather match Sources/Texts/*.swift Sources/Logins/{BindingMessage,MessageRule,NumberMatching}.swift \
            Tests/Fuzz/MatchFuzz.swift
        build match
        run match 1024
        ;;
    device)
        python3 Tests/Fuzz/seeds.py device "$work/seeds/device"
        gather device Sources/Texts/*.swift Sources/Dates/*.swift Sources/HTTP/*.swift \
            Sources/JSON/*.swift Sources/Cryptography/*.swift Sources/JOSE/*.swift \
            Sources/Logins/*.swift Sources/Logins/*/*.swift Sources/Devices/{Device,EnrolmentCode}.swift \
            Sources/Endpoints/{Problem,DocumentNames}.swift Sources/Endpoints/API/BodyMembers.swift \
            Sources/Endpoints/Devices/{DecisionBody,DeviceMembers}.swift \
            Tests/TestSupport/Request+Example.swift Tests/Fuzz/DeviceFuzz.swift
        build device -I Sources/COpenSSL -lcrypto -lssl
        run device 16384
        ;;
    routes)
        # The whole service, so it is built as it is: without coverage, but with a real store.
        # The hot loop's test builds it, too.
        [ "$seconds" -gt 0 ] || continue
        ${SWIFT:-swift} build ${SWIFTFLAGS:-} --product hot-loop 2>&1 | tail -5
        mkdir -p "$work/found"
        echo "== routes, $seconds seconds"
        .build/debug/hot-loop fuzz "$seconds" "$work/found/routes-last"
        rm -f "$work/found/routes-last"
        ;;
    *)
        echo "There is no target $target." >&2
        exit 2
        ;;
    esac
done
