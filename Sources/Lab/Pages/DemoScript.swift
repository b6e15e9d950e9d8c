/// The script of the demo page. Data from outside becomes text, never markup.
enum DemoScript {
    /// The form, the long poll and the result of a login.
    static let page = #"""
        "use strict";
        const byId = (id) => document.getElementById(id);
        const make = (name, className, text) => {
          const element = document.createElement(name);
          if (className) element.className = className;
          if (text !== undefined) element.textContent = text;
          return element;
        };
        const isNarrow = () => matchMedia("(max-width: 900px)").matches;
        const clockText = (date, options) => date.toLocaleTimeString([], options);
        // What survives a reload of this tab.
        const kept = (name, value) => {
          if (value !== undefined) sessionStorage.setItem(name, JSON.stringify(value));
          return JSON.parse(sessionStorage.getItem(name) || "null");
        };

        // `mine` is the login that this tab started; "starting" until its name is known.
        const state = { last: 0, ends: 0, started: 0, mine: kept("mine"), example: kept("example") };

        // Logins that other terminals and tabs start are listed, and change nothing else here.
        const isMine = (entry) => !entry.flow || !state.mine || entry.flow === state.mine;

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
          if (kind === "wait" && state.message) {
            const shown = make("p", "onscreen", "This screen shows: ");
            shown.append(make("strong", "", state.message));
            box.append(shown);
          }
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
          // The error does not say whether the user declined or did not answer.
          access_denied: ["Not approved", "The user declined or did not answer in time."],
          expired_token: ["Expired", "The user did not decide in time."],
          unknown_user_id: ["Unknown user", "Beckon cannot reach this user."],
        };

        // What the tokens of an example stand for.
        const results = { pix: "Paid", "domestic-payment": "Paid",
          "standing-order": "Payments set up", "account-access": "Data shared",
          cdr: "Data shared" };

        const steps = {
          "flow.started": (entry) => {
            byId("timeline").replaceChildren();
            state.message = entry.binding_message;
            showOutcome("wait", "Requesting…", "The device has sent its request.");
            return "Login started (" + entry.mode + ") for " + entry.scopes.join(" ");
          },
          "flow.acknowledged": (entry) => {
            state.started = Date.parse(entry.at);
            state.ends = Date.parse(entry.ends_at);
            showOutcome("wait", "Waiting for approval", "Open the prompt on the phone.");
            // Beside the phone, so that the messages can be compared.
            if (!isNarrow()) byId("outcome").scrollIntoView({ block: "nearest" });
            return "Accepted, expires in " + entry.expires_in + " seconds";
          },
          "flow.waiting_for_ping": () => "Waiting for a ping instead of polling",
          "phone.prompt": () => { refreshPhone(); return "Prompt received on the phone"; },
          "login.approved": (entry) => { leavePrompt(entry.login_id); return null; },
          "login.rejected": (entry) => { leavePrompt(entry.login_id); return null; },
          "flow.tokens": (entry) => {
            finish();
            showOutcome("good", results[state.example] || "Signed in", "The device has its tokens: " + entry.scope + ".",
              entry.claims);
            return "Tokens received";
          },
          "flow.refused": (entry) => {
            finish();
            refreshPhone();
            const [title, text] = refusals[entry.error] || ["Refused", "The device gets no tokens."];
            showOutcome("bad", title, text, { error: entry.error });
            return "Ended with " + entry.error;
          },
          "flow.failed": (entry) => {
            finish();
            showOutcome("bad", "Error", entry.error);
            return "Failed: " + entry.error;
          },
          "sim.violation": (entry) => "Violation " + entry.rule + ": " + entry.detail,
        };

        function take(entry) {
          state.last = Math.max(state.last, entry.number);
          if (entry.kind === "exchange") return addExchange(entry);
          const step = steps[entry.kind];
          if (state.mine === "starting" && entry.kind === "flow.started") state.mine = entry.flow;
          const text = step && isMine(entry) ? step(entry) : null;
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
                // After a reload, begin with the latest login.
                const at = entries.findLastIndex(
                  (entry) => entry.kind === "flow.started" && isMine(entry));
                entries = at < 0 ? [] : entries.slice(at);
                first = false;
              }
              for (const entry of entries) take(entry);
              state.last = Math.max(state.last, last);
              setLive("on", "live");
            } catch (problem) {
              setLive("off", "connection lost, retrying");
              await new Promise((resume) => setTimeout(resume, 1500));
            }
          }
        }

        byId("start").addEventListener("submit", async (event) => {
          event.preventDefault();
          const form = new FormData(event.target);
          byId("go").disabled = true;
          byId("go").textContent = "In progress…";
          state.mine = "starting";
          state.example = kept("example", form.get("example"));
          try {
            const answer = await fetch("/demo/logins", {
              method: "POST",
              headers: { "Content-Type": "application/json" },
              body: JSON.stringify({
                user: form.get("user"), language: form.get("language"),
                example: form.get("example"), scopes: form.getAll("scope"), binding_message: form.get("message").trim(),
                policy: form.get("policy"), matching: form.get("matching"),
                mode: form.get("mode"), expiry: Number(form.get("expiry")),
              }),
            });
            if (!answer.ok) throw new Error("status " + answer.status);
            state.mine = kept("mine", (await answer.json()).flow);
          } catch (problem) {
            finish();
            showOutcome("bad", "Not started", String(problem.message || problem));
          }
        });

        // A consent has its own scopes, and its own message unless the message was edited.
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
              "Open the prompt on the phone. " + Math.ceil(left / 1000) + " seconds left.";
          }
        }

        """#

    /// What the bank's backend did, as commands with their answers.
    static let backend = #"""
        async function askBackend(path, button) {
          const list = byId("backend-steps");
          button.disabled = true;
          list.replaceChildren(make("li", "muted", "Working…"));
          try {
            const answer = await fetch(path, {
              method: "POST",
              headers: { "Content-Type": "application/json" },
              body: JSON.stringify({ user: byId("user").value }),
            });
            if (!answer.ok) throw new Error("status " + answer.status);
            list.replaceChildren(...(await answer.json()).steps.map(backendStep));
          } catch (problem) {
            list.replaceChildren(make("li", "", String(problem.message || problem)));
          }
          button.disabled = false;
        }

        function backendStep(step) {
          const item = make("li");
          const title = make("p", "", step.title);
          if (step.status) {
            const good = step.status < 300;
            title.append(" ", make("span", "tag " + (good ? "good" : "bad"), String(step.status)));
          }
          item.append(title);
          if (step.command) item.append(make("pre", "", step.command));
          if (step.answer) item.append(make("pre", "", JSON.stringify(step.answer, null, 2)));
          return item;
        }

        for (const [name, path] of [["backend-approve", "/demo/backend/approval"],
          ["backend-consent", "/demo/backend/consent"]]) {
          if (byId(name)) byId(name).addEventListener("click",
            (event) => askBackend(path, event.currentTarget));
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

        // Entries arrive when exchanges end, but are shown in the order in which they began.
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
          // Consecutive polls that are still pending are one line with a count.
          const previous = list.lastElementChild;
          if (isPending(entry) && previous && previous.dataset.pending) {
            const count = Number(previous.dataset.pending) + 1;
            previous.dataset.pending = count;
            previous.querySelector(".tag").textContent = "pending × " + count;
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
            isWaiting ? "pending" : entry.status ? statusText(entry) : "no response");
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
          add("Response, after " + entry.ms + " ms", entry.answer);
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
        const phone = { open: null, leaving: null, seen: new Set(kept("seen")) };

        async function refreshPhone() {
          try {
            const answer = await fetch("/demo/phone");
            showNotifications(await answer.json());
          } catch (problem) {
            setLive("off", "the phone is not connected");
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
            // Close the result of the previous login.
            if (phone.open && phone.seen.has(phone.open)) goHome();
            if (isNarrow()) {
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
            make("span", "note", prompt.binding_message || "Tap to see the request"));
          button.addEventListener("click", () => openPrompt(prompt));
          item.append(button);
          if (phone.enrolled) item.append(unlockButton(prompt));
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
          byId("native").hidden = true;
          byId("home").hidden = false;
          byId("bar").disabled = true;
          byId("tab").hidden = true;
          refreshPhone();
        }

        // The result stays on the phone for six seconds.
        function leavePrompt(login) {
          phone.seen.add(login);
          kept("seen", [...phone.seen]);
          if (phone.open !== login) { refreshPhone(); return; }
          clearTimeout(phone.leaving);
          phone.leaving = setTimeout(goHome, 6000);
        }

        byId("bar").addEventListener("click", goHome);
        setInterval(tick, 1000);
        tick();

        """#
}
