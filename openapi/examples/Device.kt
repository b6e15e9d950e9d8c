/**
 * A device of a user that approves logins with the device API of Beckon (`../beckon.yaml`, tag `device`).
 *
 * Copy this file into your app. It needs Java and org.json, which Android has; call it off the main thread.
 *
 *     val key = AndroidDeviceKey("beckon")     // below, in a comment: a key in the phone's secure hardware
 *     val device = Device("https://login.bank.example", key)
 *     device.enrol(codeFromTheUser, "My phone", pin = pin)
 *     device.events { id, state, _ ->           // or list the logins when the app opens
 *         if (state == "arrived") {
 *             val login = device.login(id)
 *             show(login)                       // everything in login.consent, as text
 *             device.decide("approve", login, Approval(pin = pin))   // after the user has agreed
 *         }
 *     }
 */

import java.net.HttpURLConnection
import java.net.URL
import java.net.URLEncoder
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.MessageDigest
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.Base64
import org.json.JSONArray
import org.json.JSONObject

/** A key on P-256. Its private half never leaves its keeper. */
interface DeviceKey {
    val publicKey: ECPublicKey
    /** ECDSA with SHA-256, as Java writes it (DER). */
    fun sign(data: ByteArray): ByteArray
}

/*
 * On Android:
 *
 *     class AndroidDeviceKey(private val alias: String) : DeviceKey {
 *         private val store = KeyStore.getInstance("AndroidKeyStore").apply { load(null) }
 *         init {
 *             if (!store.containsAlias(alias)) {
 *                 KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, "AndroidKeyStore").apply {
 *                     initialize(KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
 *                         .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
 *                         .setDigests(KeyProperties.DIGEST_SHA256).setIsStrongBoxBacked(true).build())
 *                 }.generateKeyPair()
 *             }
 *         }
 *         override val publicKey get() = store.getCertificate(alias).publicKey as ECPublicKey
 *         override fun sign(data: ByteArray): ByteArray = Signature.getInstance("SHA256withECDSA").run {
 *             initSign(store.getKey(alias, null) as PrivateKey); update(data); sign()
 *         }
 *     }
 */

/** A key in memory, for tests. */
class MemoryDeviceKey : DeviceKey {
    private val pair: KeyPair = KeyPairGenerator.getInstance("EC").run {
        initialize(ECGenParameterSpec("secp256r1"))
        generateKeyPair()
    }
    override val publicKey get() = pair.public as ECPublicKey
    override fun sign(data: ByteArray): ByteArray = Signature.getInstance("SHA256withECDSA").run {
        initSign(pair.private)
        update(data)
        sign()
    }
}

/** What an approval grants and proves. By default it grants every scope that was shown. */
class Approval(
    val accounts: List<String> = emptyList(),
    val scopes: List<String>? = null,
    val pin: String? = null,
    /** The number that the other device shows, if `number_matching` of the login asks for it. */
    val code: String? = null
)

/** An answer that is none of 2xx: `problem` is RFC 9457, with `attempts_left` after a wrong PIN. */
class DeviceException(val status: Int, val problem: JSONObject) :
    Exception(problem.optString("detail", problem.optString("title", status.toString())))

/** A login that waits. Show all of `consent`, as text and never as markup. */
class Login(val document: JSONObject) {
    val id: String = document.getString("id")
    private val canonical = document.optString("consent_canonical", "")
    val digest: ByteArray = sha256(canonical.toByteArray())
    val nonce: ByteArray = Base64.getUrlDecoder().decode(document.optString("challenge_nonce", ""))
    /** Read from the bytes whose digest is signed. */
    val consent: JSONObject

    init {
        check(canonical.isNotEmpty()) {
            "login $id cannot be decided: it is ${document.optString("outcome", document.optString("phase"))}"
        }
        check(document.getJSONObject("consent").getString("digest") == base64url(digest)) {
            "the digest is not that of the consent"
        }
        consent = JSONObject(canonical)
    }

    val accountChoice: String get() = document.getJSONObject("consent").getString("account_choice")
    val accounts: List<JSONObject> get() = objects(document.getJSONObject("consent").getJSONArray("accounts"))
    val scopes: List<JSONObject> get() = objects(consent.getJSONArray("scopes"))
}

class Device(private val service: String, private val key: DeviceKey) {
    /** Of the next proof (RFC 9449 section 8). */
    @Volatile private var nonce: String? = null

    /** Registers the key with an enrolment code. */
    fun enrol(
        code: String,
        name: String,
        platform: String = "android",
        protection: String = "hardware",
        pin: String? = null
    ): JSONObject = JSONObject(
        call(
            "POST", "/device/v1/enrolments",
            JSONObject().put("code", code).put("name", name).put("platform", platform)
                .put("protection", protection).putOpt("pin", pin)
        )
    )

    /** The logins that wait for the user. */
    fun logins(): List<Login> =
        objects(JSONObject(call("GET", "/device/v1/logins")).getJSONArray("logins")).map(::Login)

    fun login(id: String): Login = Login(JSONObject(call("GET", "/device/v1/logins/${segment(id)}")))

    /** Decides a login as it was shown, and returns the receipt. `choice` is approve, deny, cancel or fraud. */
    fun decide(choice: String, login: Login, approval: Approval = Approval()): JSONObject {
        val signature = sign(
            "beckon-decision+jwt",
            JSONObject().put("challenge", base64url(challenge(choice, login, approval)))
                .put("login", login.id).put("decision", choice).put("digest", base64url(login.digest))
        )
        val body = JSONObject().put("decision", choice).put("signature", signature)
        if (choice == "approve") {
            body.put("digest", base64url(login.digest)).putOpt("pin", approval.pin).putOpt("code", approval.code)
            if (approval.accounts.isNotEmpty()) body.put("accounts", JSONArray(approval.accounts))
            if (approval.scopes != null) body.put("scopes", JSONArray(approval.scopes))
        }
        return JSONObject(call("POST", "/device/v1/logins/${segment(login.id)}/decision", body))
    }

    /** Logins as they arrive, change, or can no longer be decided. Returns when the service ends it. */
    fun events(body: (id: String, state: String, reason: String?) -> Unit) {
        val connection = open("GET", "/device/v1/events", null)
        connection.inputStream.bufferedReader().useLines { lines ->
            lines.filter { it.startsWith("data: ") }.map { JSONObject(it.substring(6)) }.forEach {
                body(it.getString("id"), it.getString("state"), if (it.has("reason")) it.getString("reason") else null)
            }
        }
    }

    private fun call(method: String, path: String, body: JSONObject? = null): String =
        open(method, path, body).inputStream.bufferedReader().readText()

    /** One request with a proof of the key, and once more if the service asks for its nonce. */
    private fun open(method: String, path: String, body: JSONObject?): HttpURLConnection {
        val used = nonce
        var answer = send(method, path, body)
        if (answer.responseCode == 401 && nonce != used &&
            answer.getHeaderField("WWW-Authenticate").orEmpty().contains("use_dpop_nonce")
        ) {
            answer = send(method, path, body)
        }
        if (answer.responseCode in 200..299) return answer
        val text = answer.errorStream?.bufferedReader()?.readText().orEmpty()
        throw DeviceException(answer.responseCode, if (text.startsWith("{")) JSONObject(text) else JSONObject())
    }

    private fun send(method: String, path: String, body: JSONObject?): HttpURLConnection {
        val random = ByteArray(16).also { SecureRandom().nextBytes(it) }
        val claims = JSONObject().put("jti", base64url(random)).put("htm", method).put("htu", service + path)
            .put("iat", System.currentTimeMillis() / 1000).putOpt("nonce", nonce)
        val connection = URL(service + path).openConnection() as HttpURLConnection
        connection.requestMethod = method
        connection.setRequestProperty("DPoP", sign("dpop+jwt", claims, JSONObject().put("jwk", jwk())))
        if (body != null) {
            connection.doOutput = true
            connection.setRequestProperty("Content-Type", "application/json")
            connection.outputStream.use { it.write(body.toString().toByteArray()) }
        }
        connection.responseCode
        connection.getHeaderField("DPoP-Nonce")?.let { nonce = it }
        return connection
    }

    private fun jwk(): JSONObject {
        fun number(value: java.math.BigInteger) = base64url(fixed(value.toByteArray(), 32))
        return JSONObject().put("kty", "EC").put("crv", "P-256")
            .put("x", number(key.publicKey.w.affineX)).put("y", number(key.publicKey.w.affineY))
    }

    /** A compact JWS (RFC 7515) with ES256. */
    private fun sign(type: String, payload: JSONObject, header: JSONObject = JSONObject()): String {
        header.put("typ", type).put("alg", "ES256")
        val text = listOf(header, payload).joinToString(".") { base64url(it.toString().toByteArray()) }
        return text + "." + base64url(raw(key.sign(text.toByteArray())))
    }

    /** The two numbers of a signature in DER, 32 bytes each (RFC 7518 section 3.4). */
    private fun raw(der: ByteArray): ByteArray {
        val first = 4
        val second = first + der[3] + 2
        return fixed(der.copyOfRange(first, first + der[3]), 32) +
            fixed(der.copyOfRange(second, second + der[second - 1]), 32)
    }
}

/** What the key signs: this choice for this login, with exactly this grant and what was shown. */
fun challenge(choice: String, login: Login, approval: Approval): ByteArray {
    val isApproval = choice == "approve"
    // In the order in which they were shown, each once.
    val accounts = login.accounts.map { it.getString("id") }.distinct()
        .filter { isApproval && (login.accountChoice == "fixed" || it in approval.accounts) }
    val implicit = login.scopes.filter { it.optBoolean("implicit") }.map { it.getString("name") }
    val scopes = login.scopes.map { it.getString("name") }.distinct()
        .filter { isApproval && (it in implicit || approval.scopes?.contains(it) ?: true) }
    val grant = "{\"accounts\":${canonical(accounts)},\"scopes\":${canonical(scopes)}}"
    return sha256(
        ("beckon-decision-v1" + login.id + choice).toByteArray() + sha256(grant.toByteArray()) +
            login.digest + login.nonce
    )
}

/** Strings as RFC 8785 writes them. */
private fun canonical(texts: List<String>): String = texts.joinToString(",", "[", "]") { text ->
    text.map { letter ->
        when (letter) {
            '"' -> "\\\""
            '\\' -> "\\\\"
            '\b' -> "\\b"
            '\t' -> "\\t"
            '\n' -> "\\n"
            '\u000C' -> "\\f"
            '\r' -> "\\r"
            else -> if (letter < ' ') String.format("\\u%04x", letter.toInt()) else letter.toString()
        }
    }.joinToString("", "\"", "\"")
}

private fun sha256(data: ByteArray): ByteArray = MessageDigest.getInstance("SHA-256").digest(data)

private fun base64url(data: ByteArray): String = Base64.getUrlEncoder().withoutPadding().encodeToString(data)

/** A number in so many bytes. */
private fun fixed(number: ByteArray, length: Int): ByteArray =
    ByteArray(maxOf(0, length - number.size)) + number.takeLast(length).toByteArray()

private fun segment(id: String): String = URLEncoder.encode(id, "UTF-8").replace("+", "%20")

private fun objects(array: JSONArray): List<JSONObject> = (0 until array.length()).map { array.getJSONObject(it) }
