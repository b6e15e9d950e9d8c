/**
 * A device of a user that approves logins with the device API of Beckon (`../beckon.yaml`, tag `device`).
 *
 * Copy this file into your app. It needs `fetch` and WebCrypto and nothing else: browsers, Node 20.
 *
 *     const device = await Device.enrol("https://login.bank.example", codeFromTheUser, { name: "My laptop" });
 *     await keep(device.keys);                        // IndexedDB takes a CryptoKeyPair as it is
 *     for await (const event of device.events()) {    // or list the logins when the app opens
 *       if (event.state !== "arrived") continue;
 *       const login = await device.login(event.id);
 *       show(login);                                  // everything in login.consent, as text
 *       await device.decide("approve", login);        // after the user has agreed
 *     }
 */

/** What a login asks for. Show all of it, as text and never as markup. */
export interface Login {
  id: string;
  /** Read from the bytes whose digest is signed. */
  consent: {
    kind: string;
    client_name?: string;
    scopes: { name: string; display?: string; explanation?: string; optional?: boolean; implicit?: boolean }[];
    facts: ({ label?: string; further?: string } & Record<string, unknown>)[];
  };
  /** Accounts that can be granted, and how many of them. */
  accounts: { id: string; name: string; display: string }[];
  accountChoice: "none" | "one" | "several" | "fixed";
  bindingMessage?: string;
  numberMatching?: { mode: string; number?: string; numbers?: string[]; digits?: number };
  /** The methods that this device can use, such as `device_key_pin`; each is enough. */
  methods: string[];
  expiresAt: Date;
  /** The clock of the service. Count down with it: the device's own may be wrong. */
  serverTime: Date;
  digest: Uint8Array;
  nonce: Uint8Array;
}

export type Choice = "approve" | "deny" | "cancel" | "fraud";

/** What an approval grants and proves. By default it grants every scope that was shown. */
export interface Approval {
  accounts?: string[];
  scopes?: string[];
  pin?: string;
  /** The number that the other device shows, if `numberMatching` asks for it. */
  code?: string;
}

/** An answer that is none of 2xx: `problem` is RFC 9457, with `attempts_left` after a wrong PIN. */
export class DeviceError extends Error {
  constructor(readonly status: number, readonly problem: Record<string, unknown>) {
    super(String(problem.detail ?? problem.title ?? status));
  }
}

const utf8 = new TextEncoder();
const ES256 = { name: "ECDSA", hash: "SHA-256" };

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export class Device {
  /** Of the next proof (RFC 9449 section 8). */
  private nonce?: string;

  /** `service` is the address of the service without a slash at its end. */
  constructor(readonly service: string, readonly keys: CryptoKeyPair) {}

  /** Makes a key that cannot be exported, and registers it with an enrolment code. */
  static async enrol(
    service: string,
    code: string,
    about: { name: string; platform?: string; languages?: string[]; pin?: string },
  ): Promise<Device> {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const device = new Device(service, keys);
    await device.call("POST", "/device/v1/enrolments", { platform: "web", protection: "software", ...about, code });
    return device;
  }

  /** The logins that wait for the user. */
  async logins(): Promise<Login[]> {
    const { logins } = await (await this.call("GET", "/device/v1/logins")).json();
    return Promise.all(logins.map(read));
  }

  async login(id: string): Promise<Login> {
    return read(await (await this.call("GET", `/device/v1/logins/${encodeURIComponent(id)}`)).json());
  }

  /** Decides a login as it was shown, and returns the receipt. */
  async decide(choice: Choice, login: Login, approval: Approval = {}): Promise<Record<string, unknown>> {
    const isApproval = choice === "approve";
    const { accounts, scopes, pin, code } = isApproval ? approval : ({} as Approval);
    const body = {
      decision: choice, accounts, scopes, pin, code,
      digest: isApproval ? base64url(login.digest) : undefined,
      signature: await this.sign("beckon-decision+jwt", {
        challenge: base64url(await challenge(choice, login, approval)),
        login: login.id,
        decision: choice,
        digest: base64url(login.digest),
        server_time: login.serverTime.toISOString(),
      }),
    };
    return (await this.call("POST", `/device/v1/logins/${encodeURIComponent(login.id)}/decision`, body)).json();
  }

  /** Logins as they arrive, change, or can no longer be decided. Call it again when it ends. */
  async *events(): AsyncGenerator<{ id: string; state: "arrived" | "changed" | "withdrawn"; reason?: string }> {
    const answer = await this.call("GET", "/device/v1/events");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const messages = text.split("\n\n");
      text = messages.pop()!;
      for (const message of messages) {
        const data = message.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        if (data.length > 0) yield JSON.parse(data.join("\n"));
      }
    }
  }

  /** One request with a proof of the key, and once more if the service asks for its nonce. */
  private async call(method: string, path: string, body?: unknown): Promise<Response> {
    const used = this.nonce;
    let answer = await this.send(method, path, body);
    const challenge = answer.headers.get("WWW-Authenticate") ?? "";
    if (answer.status === 401 && this.nonce !== used && challenge.includes("use_dpop_nonce")) {
      answer = await this.send(method, path, body);
    }
    if (answer.ok) return answer;
    throw new DeviceError(answer.status, await answer.json().catch(() => ({})));
  }

  private async send(method: string, path: string, body?: unknown): Promise<Response> {
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", this.keys.publicKey);
    const claims = {
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: this.service + path,
      iat: Math.floor(Date.now() / 1000),
      nonce: this.nonce,
    };
    const answer = await fetch(this.service + path, {
      method,
      cache: "no-store",
      headers: {
        DPoP: await this.sign("dpop+jwt", claims, { jwk: { kty, crv, x, y } }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    this.nonce = answer.headers.get("DPoP-Nonce") ?? this.nonce;
    return answer;
  }

  /** A compact JWS (RFC 7515) with ES256. */
  private async sign(typ: string, payload: object, header: object = {}): Promise<string> {
    const parts = [{ typ, alg: "ES256", ...header }, payload].map((part) => base64url(utf8.encode(JSON.stringify(part))));
    const text = parts.join(".");
    const signature = await crypto.subtle.sign(ES256, this.keys.privateKey, utf8.encode(text));
    return text + "." + base64url(new Uint8Array(signature));
  }
}

/** Reads a login, and refuses one whose digest is not that of what will be shown. */
async function read(document: any): Promise<Login> {
  if (typeof document.consent_canonical !== "string") {
    throw new Error(`login ${document.id} cannot be decided: it is ${document.outcome ?? document.phase}`);
  }
  const digest = await sha256(utf8.encode(document.consent_canonical));
  if (base64url(digest) !== document.consent.digest) throw new Error("the digest is not that of the consent");
  return {
    id: document.id,
    consent: JSON.parse(document.consent_canonical),
    accounts: document.consent.accounts,
    accountChoice: document.consent.account_choice,
    bindingMessage: document.binding_message,
    numberMatching: document.number_matching,
    methods: document.methods ?? [],
    expiresAt: new Date(document.expires_at),
    serverTime: new Date(document.server_time ?? Date.now()),
    digest,
    nonce: bytes(document.challenge_nonce),
  };
}

/** What the key signs: this choice for this login, with exactly this grant and what was shown. */
async function challenge(choice: Choice, login: Login, approval: Approval): Promise<Uint8Array> {
  // In the order in which they were shown, each once.
  const shown = (names: string[], isGranted: (name: string) => boolean) => [...new Set(names)].filter(isGranted);
  const implicit = new Set(login.consent.scopes.filter((scope) => scope.implicit).map((scope) => scope.name));
  const isApproval = choice === "approve";
  const accounts = shown(login.accounts.map((account) => account.id), (id) =>
    isApproval && (login.accountChoice === "fixed" || (approval.accounts ?? []).includes(id)));
  const scopes = shown(login.consent.scopes.map((scope) => scope.name), (name) =>
    isApproval && (implicit.has(name) || (approval.scopes ?? [name]).includes(name)));
  // JSON.stringify writes strings as RFC 8785 does.
  const grant = await sha256(utf8.encode(JSON.stringify({ accounts, scopes })));
  return sha256(joined(utf8.encode("beckon-decision-v1" + login.id + choice), grant, login.digest, login.nonce));
}
