// outbound-bench CONCURRENCY SECONDS URL AUTHORITIES: reports a second that our client makes.
// Prints one number, as Peers/client.go does for Go's.
//
// outbound-bench push SECONDS: Web Push messages that one core makes a second, and key agreements.

import CurlClient
import Glibc
import HTTP
import Synchronization
import Threads

let json =
    #"{"granted_scopes":["openid","profile"],"id":"5f0c2f6be1f04c0f9a5d0b8f2f7d6a11","#
    + #""login_state":"0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa"}"#
let body = Array(json.utf8)
let words = CommandLine.arguments
if words.count == 3, words[1] == "push", let seconds = Double(words[2]) {
    let rates = try await PushBench.run(seconds: seconds)
    print(Int(rates.messages), Int(rates.agreements))
    exit(0)
}
guard words.count == 5, let concurrency = Int(words[1]), let seconds = Double(words[2]) else {
    print("usage: outbound-bench CONCURRENCY SECONDS URL AUTHORITIES")
    exit(2)
}
let request = OutboundRequest(
    .post,
    words[3],
    fields: [
        Field("Content-Type", "application/json"),
        Field("Authorization", "Bearer 8d67dc78-7faa-4d41-aabd-67707b374255"),
    ],
    body: body,
    destination: Destination(authorities: words[4], proxy: "")
)
let client = CurlHTTPClient()
let calls = Atomic<Int>(0)
let end = ContinuousClock.now + .milliseconds(Int(seconds * 1000))
await withTaskGroup(of: Void.self) { group in
    for _ in 0..<concurrency {
        group.addTask {
            while ContinuousClock.now < end {
                guard let answer = try? await client.send(request), answer.status == 200 else {
                    print("a call failed")
                    exit(1)
                }
                calls.add(1, ordering: .relaxed)
            }
        }
    }
}
print(Int(Double(calls.load(ordering: .relaxed)) / seconds))
client.shutdown()
