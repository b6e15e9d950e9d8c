/** Enrols the device of the example in Kotlin and approves the next login: SERVICE CODE. */
fun main(arguments: Array<String>) {
    val (service, code) = arguments
    val device = Device(service, MemoryDeviceKey())
    try {
        device.enrol("ZZZZ-ZZZZ-ZZZZ", "wrong")
        error("a wrong code was taken")
    } catch (refusal: DeviceException) {
        check(refusal.status == 404) { refusal }
    }
    device.enrol(code, "kotlin", pin = "2468")
    check(device.logins().isEmpty()) { "a login waits already" }
    println("enrolled")
    System.out.flush()
    device.events { id, state, _ ->
        if (state == "arrived") {
            val login = device.login(id)
            try {
                device.decide("approve", login, Approval(pin = "1357"))
                error("a wrong PIN was taken")
            } catch (refusal: DeviceException) {
                check(refusal.problem.getInt("attempts_left") > 0) { refusal }
            }
            val receipt = device.decide("approve", login, Approval(pin = "2468"))
            val shown = org.json.JSONArray(login.scopes.map { it.getString("name") })
            println(org.json.JSONObject().put("shown", shown).put("receipt", receipt))
            System.exit(0)
        }
    }
}
