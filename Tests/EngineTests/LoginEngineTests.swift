import Engine
import Identity
import Logins
import TestSupport
import Testing

@Suite("Login engine", .timeLimit(.minutes(3)))
struct LoginEngineTests {
    @Test("The engine performs a thousand duties within its concurrency limit")
    func concurrency() async throws {
        let stage = try Stage()
        let count = 1000
        try await stage.withStore { store in
            try await withThrowingTaskGroup { group in
                for index in 1...count {
                    group.addTask {
                        try await store.insertNew(PendingLogin.Fixture(id: "login-\(index)").make())
                    }
                }
                try await group.waitForAll()
            }
        }
        stage.server.consentGate.close()
        try await stage.run(concurrency: 8) { _ in
            try await stage.server.consentGate.arrivals.wait(for: 8, "held duties")
            stage.server.consentGate.open()
            try await stage.webhook.asked.wait(for: count, "prompts")
        }
        #expect(stage.server.crowd.most == 8)
        #expect(Set(stage.webhook.asked.entries.map(\.prompt.number)).count == count)
        #expect(stage.webhook.asked.entries.count == count)
        #expect(stage.server.asked.entries.count == count)
    }

    @Test("An engine with concurrency zero claims nothing")
    func noConcurrency() async throws {
        let stage = try Stage()
        try await stage.run(concurrency: 0) { run in
            _ = try await run.start()
            #expect(try await run.store.nextDue() == stage.start)
        }
        #expect(stage.server.asked.entries.isEmpty)
    }

    @Test("A stopped engine finishes work under way and leaves the rest to the next one")
    func stopFinishesWorkUnderWay() async throws {
        let stage = try Stage()
        stage.server.consentGate.close()
        // Full with one duty, so that the second login can only be taken after the first.
        try await stage.run(concurrency: 1) { run in
            _ = try await run.start("first")
            try await stage.server.consentGate.arrivals.wait(for: 1, "held duties")
            run.engine.stop()
            _ = try await run.start("second")
        }
        // The store is closed as soon as the engine returns: what is here was written before.
        let last = stage.heard.entries.last?.login
        #expect(last?.key.login == .named("first"))
        #expect(last?.phase.name == .waiting)
        #expect(stage.server.asked.entries == [.named("first")])
        #expect(stage.webhook.asked.entries.isEmpty)
        // The row of the first still owes its notification.
        try await stage.run { _ in
            try await stage.webhook.asked.wait(for: 2, "prompts")
        }
        #expect(stage.server.asked.entries == [.named("first"), .named("second")])
    }

    @Test("A login whose notification hangs leaves its slot for preparations to the next one")
    func slotOfPrepared() async throws {
        let stage = try Stage()
        stage.server.consentGate.close()
        stage.webhook.gate.close()
        try await stage.run(concurrency: 1) { run in
            _ = try await run.start("login-1")
            try await stage.server.consentGate.arrivals.wait(for: 1, "held preparations")
            for index in 2...10 { _ = try await run.start("login-\(index)") }
            stage.server.consentGate.open()
            // None of them is answered, and the clock stands still.
            try await stage.webhook.gate.arrivals.wait(for: 10, "held notifications")
        }
        #expect(stage.server.crowd.most == 1)
        let order = (1...10).map { LoginID.named("login-\($0)") }
        #expect(stage.server.asked.entries == order)
    }

    @Test("A prepared login is notified later if no slot for notifications is free")
    func noSlotForNotification() async throws {
        let stage = try Stage()
        stage.webhook.gate.close()
        // One call at a time to the server, and so sixteen to the channels.
        try await stage.run(concurrency: 1) { run in
            for index in 1...17 {
                let number = try await run.start("login-\(index)")
                try await stage.login(number, reaching: .waiting)
            }
            try await stage.webhook.gate.arrivals.wait(for: 16, "held notifications")
            #expect(run.engine.underWay[LoginQueue(stage.server.id, .notify)] == 16)
            #expect(stage.webhook.asked.entries.count == 16)
            stage.webhook.gate.open()
            try await stage.webhook.asked.wait(for: 17, "prompts")
        }
        #expect(stage.webhook.asked.entries.count == 17)
    }

    @Test("A login continues after a restart from where it was", arguments: [true, false])
    func restart(isDecided: Bool) async throws {
        let stage = try Stage()
        let phases: [PendingLogin.PhaseName] = [.preparing, .waiting, .reporting]
        let numbers = try await stage.withStore { store in
            var numbers: [LoginNumber] = []
            for phase in phases {
                var login = PendingLogin.inPhase(phase, PendingLogin.Fixture(id: "\(phase)"))
                // The earlier process ended while it was reporting.
                if phase == .reporting { try login.apply(.reportBegun, at: stage.start) }
                numbers.append(try await store.insertNew(login))
            }
            return numbers
        }
        try await stage.run { run in
            try await stage.login(numbers[2], reaching: .settled)
            let asked = try await stage.webhook.asked.wait(for: 2, "prompts")
            #expect(Set(asked.map(\.prompt.number)) == Set(numbers[0...1]))
            guard isDecided else { return }
            for prompt in asked.map(\.prompt) { try await run.decide(.deny, prompt.ticket) }
            for number in numbers { try await stage.login(number, reaching: .settled) }
        }
        #expect(stage.server.asked.entries == [.named("preparing")])
        let doubts = Dictionary(
            stage.server.reports.entries.map { ($0.login.value, $0.inDoubt) },
            uniquingKeysWith: { _, _ in false }
        )
        #expect(
            doubts
                == (isDecided
                    ? ["reporting": true, "preparing": false, "waiting": false]
                    : ["reporting": true])
        )
    }

    @Test(
        "After a restart the same link is sent, or a new one if the key was lost; the old one still works",
        arguments: [true, false]
    )
    func linksAfterRestart(isKept: Bool) async throws {
        let stage = try Stage()
        let key = TicketKey()
        stage.webhook.answer(.later("busy", after: .seconds(5)))
        try await stage.run(tickets: key) { run in
            let (number, _) = try await run.prompt()
            _ = try await stage.nextDelivery(number, attempt: 1)
        }
        stage.clock.advance(by: .seconds(5))
        try await stage.run(tickets: isKept ? key : TicketKey()) { run in
            let asked = try await stage.webhook.asked.wait(for: 2, "prompts")
            #expect((asked[0].prompt == asked[1].prompt) == isKept)
            #expect((asked[0].prompt.ticket == asked[1].prompt.ticket) == isKept)
            for prompt in asked.map(\.prompt) {
                #expect(try await run.desk.login(opening: prompt.ticket).number == prompt.number)
            }
        }
    }

    @Test(
        "Work that could not be recorded is not done again",
        arguments: [StoreError.full, .locked, .unavailable("disk")]
    )
    func recording(_ error: StoreError) async throws {
        let stage = try Stage()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await stage.login(number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries[0].state == .delivered(at: stage.start)
            }
            // The engine's own writes fail three times; the desk's do not.
            run.troubled.fail(.update, error, times: 3)
            try await run.decide(.approve, ticket)
            for time in 1...3 {
                try await run.troubled.failed.wait(for: time, "failures")
                try await stage.clock.alarm(by: stage.clock.now() + .seconds(1))
                #expect(try await run.store.login(number)?.login.phase.name == .reporting)
                stage.clock.advance(by: .seconds(1))
            }
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.count == 1)
        #expect(stage.log.events.filter { $0 == "engine.store_failed" }.count == 3)
    }

    @Test("A user is not notified twice when a delivery could not be recorded")
    func recordingDelivery() async throws {
        let stage = try Stage()
        stage.webhook.gate.close()
        try await stage.run { run in
            let (number, _) = try await run.prompt()
            run.troubled.fail(.update, times: 2)
            stage.webhook.gate.open()
            for time in 1...2 {
                try await run.troubled.failed.wait(for: time, "failures")
                try await stage.clock.alarm(by: stage.clock.now() + .seconds(1))
                stage.clock.advance(by: .seconds(1))
            }
            try await stage.login(number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries[0].state == .delivered(at: stage.start + .seconds(2))
            }
        }
        #expect(stage.webhook.asked.entries.count == 1)
    }

    @Test(
        "The engine continues when the store works again, also if the clock is set meanwhile",
        arguments: [InstrumentedStore.Operation.dueWork, .recover],
        [Int64(0), -3_600]
    )
    func storeBack(_ operation: InstrumentedStore.Operation, step: Int64) async throws {
        let stage = try Stage()
        let number = try await stage.withStore { store in
            var login = PendingLogin.inPhase(.waiting)
            try login.apply(.delivered(.named("webhook")), at: stage.start)
            return try await store.insertNew(login)
        }
        // Nothing is due until the prompt ends; the store fails while the engine finds that out.
        try await stage.run(trouble: { $0.fail(operation, times: 2) }) { run in
            for time in 1...2 {
                try await run.troubled.failed.wait(for: time, "failures")
                try await stage.clock.alarm(by: stage.clock.now() + .seconds(1))
                stage.clock.set(stage.clock.now() + .seconds(step))
                stage.clock.advance(by: .seconds(1))
            }
            stage.clock.advance(by: PendingLogin.Fixture().promptEnds - stage.clock.now())
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.outcome) == [.expired])
    }
}
