#!/bin/sh
# Fuzzes the request parser for so many seconds (60 if not said), beginning with the corpus of its
# tests. Ends with an error and the offending input in .fuzz/ when something is found.
set -eu
seconds=${1:-60}
cd "$(dirname "$0")/../.."
work=.fuzz
mkdir -p "$work/seeds" "$work/found"
swiftc -parse-as-library -o "$work/seeds-of-corpus" \
    Tests/HTTPTests/CorpusCase.swift Tests/Fuzz/Seeds.swift
"$work/seeds-of-corpus" Tests/HTTPTests/Corpus "$work/seeds"
# The reader imports the parser's module; here they are one module.
sed '/^import HTTP$/d' Tests/HTTPTests/RequestReader.swift > "$work/RequestReader.swift"
swiftc -sanitize=fuzzer,address -parse-as-library -O -module-name Fuzz -o "$work/parser-fuzz" \
    Sources/HTTP/*.swift Tests/HTTPTests/CorpusCase.swift "$work/RequestReader.swift" \
    Tests/Fuzz/ParserFuzz.swift
"$work/parser-fuzz" -max_total_time="$seconds" -max_len=8192 -timeout=5 -rss_limit_mb=2048 \
    -artifact_prefix="$work/found/" -print_final_stats=1 "$work/seeds"
