/// The script of the demo page. Whatever comes from outside becomes text, never markup.
enum DemoScript {
    /// Form, long poll and what is shown of a login's end.
    static let page = #"""
        "use strict";
        const byId = (id) => document.getElementById(id);
        const make = (name, className, text) => {
          const element = document.createElement(name);
          if (className) element.className = className;
          if (text !== undefined) element.textContent = text;
          return element;
        };
        const clockText = (date, options) => date.toLocaleTimeString([], options);
        const state = { last: 0, flow: null, ends: 0, started: 0 };

        function setLive(kind, text) {
          byId("live").className = "live " + kind;
          byId("live-text").textContent = text;
        }

        function showOutcome(kind, title, text, facts) {
          const box = byId("outcome");
          box.hidden = false;
          box.className = "panel outcome " + kind;
          const list = make("dl");
          for (const [name, value] of Object.entries(facts || {})) {
            list.append(make("dt", "", name), make("dd", "", factText(name, value)));
          }
          const progress = make("div", "progress");
          progress.append(make("i"));
          box.replaceChildren(make("h3", "", title), make("p", "", text));
          if (facts) box.append(list);
          if (kind === "wait") box.append(progress);
        }

        function factText(name, value) {
          if (["iat", "exp", "auth_time"].includes(name)) {
            return value + " (" + clockText(new Date(value * 1000), { hourCycle: "h23" }) + ")";
          }
          return typeof value === "string" ? value : JSON.stringify(value);
        }

        function finish() {
          state.ends = 0;
          byId("go").disabled = false;
          byId("go").textContent = "Start another login";
        }

        const refusals = {
          access_denied: ["Declined", "The person said no, and the device was told so."],
          expired_token: ["Too late", "Nobody decided before the login ended."],
          unknown_user_id: ["Nobody to ask", "The authentication service cannot reach this person."],
        };

        const steps = {
          "flow.started": (entry) => {
            byId("timeline").replaceChildren();
            state.flow = entry.flow;
            showOutcome("wait", "Asking…", "The device has sent its request.");
            return "Login started by " + entry.mode + " for " + entry.scopes.join(" ");
          },
          "flow.acknowledged": (entry) => {
            state.started = Date.parse(entry.at);
            state.ends = Date.parse(entry.ends_at);
            showOutcome("wait", "Waiting for the person", "Look at the phone.");
            return "Acknowledged, " + entry.expires_in + " seconds to decide";
          },
          "flow.waiting_for_ping": () => "Waiting for a ping instead of polling",
          "phone.prompt": () => { refreshPhone(); return "The prompt is on the phone"; },
          "login.approved": (entry) => { leavePrompt(entry.login_id); return null; },
          "login.rejected": (entry) => { leavePrompt(entry.login_id); return null; },
          "flow.tokens": (entry) => {
            finish();
            showOutcome("good", "Signed in", "The device has its tokens: " + entry.scope + ".",
              entry.claims);
            return "Tokens received";
          },
          "flow.refused": (entry) => {
            finish();
            refreshPhone();
            const [title, text] = refusals[entry.error] || ["Refused", "No tokens this time."];
            showOutcome("bad", title, text, { error: entry.error });
            return "Ended with " + entry.error;
          },
          "flow.failed": (entry) => {
            finish();
            showOutcome("bad", "Something is broken", entry.error);
            return "Failed: " + entry.error;
          },
          "sim.violation": (entry) => "Violation " + entry.rule + ": " + entry.detail,
        };

        function take(entry) {
          state.last = Math.max(state.last, entry.number);
          if (entry.kind === "exchange") return addExchange(entry);
          const step = steps[entry.kind];
          const text = step ? step(entry) : null;
          if (text) addStep(entry, text);
        }

        async function listen() {
          let first = true;
          for (;;) {
            try {
              const answer = await fetch("/demo/events?after=" + (first ? "0&wait=0" : state.last));
              if (!answer.ok) throw new Error("status " + answer.status);
              let { entries, last } = await answer.json();
              if (first) {
                // After a reload, begin with the login that came last.
                const at = entries.findLastIndex((entry) => entry.kind === "flow.started");
                entries = at < 0 ? [] : entries.slice(at);
                first = false;
              }
              for (const entry of entries) take(entry);
              state.last = Math.max(state.last, last);
              setLive("on", "live");
            } catch (problem) {
              setLive("off", "connection lost, trying again");
              await new Promise((resume) => setTimeout(resume, 1500));
            }
          }
        }

        byId("start").addEventListener("submit", async (event) => {
          event.preventDefault();
          const form = new FormData(event.target);
          byId("go").disabled = true;
          byId("go").textContent = "Under way…";
          try {
            const answer = await fetch("/demo/logins", {
              method: "POST",
              headers: { "Content-Type": "application/json" },
              body: JSON.stringify({
                example: form.get("example"), scopes: form.getAll("scope"), binding_message: form.get("message").trim(),
                mode: form.get("mode"), expiry: Number(form.get("expiry")),
              }),
            });
            if (!answer.ok) throw new Error("status " + answer.status);
          } catch (problem) {
            finish();
            showOutcome("bad", "Not started", String(problem.message || problem));
          }
        });

        // A consent brings its own scopes; a message that nobody has changed goes with it.
        byId("example").addEventListener("change", (event) => {
          const chosen = event.target.selectedOptions[0];
          const messages = [...event.target.options].map((option) => option.dataset.message);
          byId("scopes").hidden = chosen.value !== "";
          if (messages.includes(byId("message").value)) {
            byId("message").value = chosen.dataset.message;
          }
        });

        function tick() {
          const now = new Date();
          const short = clockText(now, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
          byId("clock").textContent = short;
          byId("time").textContent = short;
          byId("date").textContent = now.toLocaleDateString([],
            { weekday: "long", day: "numeric", month: "long" });
          const bar = document.querySelector(".outcome.wait .progress i");
          if (bar && state.ends) {
            const left = Math.max(0, state.ends - now.getTime());
            bar.style.width = (100 * left / (state.ends - state.started)) + "%";
            byId("outcome").querySelector("p").textContent =
              "Look at the phone. " + Math.ceil(left / 1000) + " seconds left.";
          }
        }

        """#

    /// The list of requests and steps.
    static let timeline = #"""
        const names = { client: "Kiosk", acp: "Authorization server", service: "Beckon",
          phone: "Phone" };

        function stamp(entry) {
          const date = new Date(Date.parse(entry.at) - (entry.ms || 0));
          return clockText(date, { hourCycle: "h23" }) + "." +
            String(date.getMilliseconds()).padStart(3, "0");
        }

        function rawLink(entry) {
          const link = make("a", "small", "raw JSON");
          link.href = "/demo/entries/" + entry.number;
          link.target = "_blank";
          return link;
        }

        function addStep(entry, text) {
          byId("empty").hidden = true;
          const item = make("li", "step");
          item.append(make("span", "when", stamp(entry)), make("span", "", text));
          place(item, entry);
        }

        // Entries come when things end; they are shown in the order in which things began.
        function place(item, entry) {
          item.dataset.turn = entry.turn;
          const later = [...byId("timeline").children]
            .find((other) => Number(other.dataset.turn) > entry.turn);
          byId("timeline").insertBefore(item, later || null);
        }

        function isPending(entry) {
          return entry.answer && entry.answer.error === "authorization_pending";
        }

        function addExchange(entry) {
          byId("empty").hidden = true;
          const list = byId("timeline");
          // A row of polls that all hear "not yet" is one line with a count.
          const previous = list.lastElementChild;
          if (isPending(entry) && previous && previous.dataset.pending) {
            const count = Number(previous.dataset.pending) + 1;
            previous.dataset.pending = count;
            previous.querySelector(".tag").textContent = "not yet × " + count;
            previous.querySelector(".when").textContent = stamp(entry);
            return;
          }
          const item = make("li");
          if (isPending(entry)) item.dataset.pending = 1;
          const details = make("details");
          details.open = byId("open-all").checked;
          details.append(summary(entry), bodies(entry));
          item.append(details);
          place(item, entry);
        }

        function summary(entry) {
          const line = make("summary");
          const ways = make("span", "ways", names[entry.from] || entry.from);
          ways.append(make("span", "arrow", " → "), names[entry.to] || entry.to);
          const good = entry.status >= 200 && entry.status < 300;
          const isWaiting = isPending(entry);
          const tag = make("span", "tag " + (isWaiting ? "" : good ? "good" : "bad"),
            isWaiting ? "not yet" : entry.status ? statusText(entry) : "no answer");
          const path = entry.path.replace(/^https?:\/\/[^/]+/, "");
          line.append(ways, tag, make("span", "code target", entry.method + " " + path),
            make("span", "when", stamp(entry)));
          return line;
        }

        function statusText(entry) {
          const error = entry.answer && entry.answer.error;
          return entry.status + (typeof error === "string" ? " " + error : "");
        }

        function bodies(entry) {
          const box = make("div", "bodies");
          const add = (title, value) => {
            if (value === undefined) return;
            box.append(make("h4", "", title), make("pre", "",
              typeof value === "string" ? value : JSON.stringify(value, null, 2)));
          };
          add("Request", entry.body);
          add("Header fields", entry.fields);
          add("Answer, after " + entry.ms + " ms", entry.answer);
          add("Problem", entry.problem);
          box.append(rawLink(entry));
          return box;
        }

        byId("open-all").addEventListener("change", (event) => {
          for (const details of document.querySelectorAll("#timeline details")) {
            details.open = event.target.checked;
          }
        });

        """#

    /// The phone: notifications, and the approval page in a frame.
    static let phone = #"""
        const phone = { open: null, leaving: null, seen: new Set() };

        async function refreshPhone() {
          try {
            const answer = await fetch("/demo/phone");
            showNotifications(await answer.json());
          } catch (problem) {
            setLive("off", "the phone has no connection");
          }
        }

        function showNotifications(prompts) {
          const list = byId("notifications");
          const live = prompts.filter((prompt) => !phone.seen.has(prompt.login_id));
          const ids = live.map((prompt) => prompt.login_id);
          for (const item of [...list.children]) {
            if (!ids.includes(item.dataset.login)) item.remove();
          }
          for (const prompt of live) {
            if ([...list.children].some((item) => item.dataset.login === prompt.login_id)) continue;
            list.prepend(notification(prompt));
            // Whoever still reads how the last one ended has seen enough.
            if (phone.open && phone.seen.has(phone.open)) goHome();
            if (matchMedia("(max-width: 900px)").matches) {
              byId("phone-title").scrollIntoView({ behavior: "smooth", block: "start" });
            }
            const left = Date.parse(prompt.expires_at) - Date.now();
            if (left > 0) setTimeout(refreshPhone, Math.min(left + 500, 2147483647));
          }
          byId("quiet").hidden = list.children.length > 0;
        }

        function notification(prompt) {
          const item = make("li");
          item.dataset.login = prompt.login_id;
          const button = make("button", "notification");
          button.type = "button";
          const icon = make("img");
          icon.src = "/demo/icon.svg";
          icon.alt = "";
          const from = make("span", "from", "Beckon");
          from.append(make("span", "", "now"));
          button.append(icon, from,
            make("strong", "", (prompt.client_name || "Someone") + " asks for your approval"),
            make("span", "note", prompt.binding_message || "Tap to see what it is about"));
          button.addEventListener("click", () => openPrompt(prompt));
          item.append(button);
          return item;
        }

        function openPrompt(prompt) {
          clearTimeout(phone.leaving);
          phone.open = prompt.login_id;
          byId("prompt").src = prompt.url;
          byId("home").hidden = true;
          byId("app").hidden = false;
          byId("bar").disabled = false;
          byId("tab").href = prompt.url;
          byId("tab").hidden = false;
          byId("prompt").focus();
        }

        function goHome() {
          clearTimeout(phone.leaving);
          phone.open = null;
          byId("prompt").src = "about:blank";
          byId("app").hidden = true;
          byId("home").hidden = false;
          byId("bar").disabled = true;
          byId("tab").hidden = true;
          refreshPhone();
        }

        // The result stays on the phone for a moment, then the phone goes back to sleep.
        function leavePrompt(login) {
          phone.seen.add(login);
          if (phone.open !== login) { refreshPhone(); return; }
          clearTimeout(phone.leaving);
          phone.leaving = setTimeout(goHome, 6000);
        }

        byId("bar").addEventListener("click", goHome);
        setInterval(tick, 1000);
        tick();
        refreshPhone();
        listen();

        """#
}
