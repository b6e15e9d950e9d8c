extension DemoScript {
    /// The phone as an enrolled device, which shows a login and decides it with its key.
    static let device = #"""
        async function askDevice(path, body) {
          const answer = await fetch("/demo/phone/device" + path, body && {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
          });
          const value = await answer.json();
          if (!answer.ok) throw new Error(value.error);
          return value;
        }

        function unlockButton(prompt) {
          const button = make("button", "unlock", "Answer with the phone’s key");
          button.type = "button";
          button.addEventListener("click", () => openNative(prompt.login_id));
          return button;
        }

        async function openNative(login) {
          clearTimeout(phone.leaving);
          phone.open = login;
          for (const id of ["home", "app"]) byId(id).hidden = true;
          byId("native").hidden = false;
          byId("bar").disabled = false;
          byId("native-lines").textContent = "";
          byId("native-status").textContent = "";
          showProofs([], "off", []);
          try {
            const shown = await askDevice("/login", { login_id: login });
            byId("native-lines").textContent = shown.lines.join("\n");
            showProofs(shown.methods, shown.number_matching, shown.numbers);
            byId("native-lines").focus();
          } catch (problem) {
            byId("native-status").textContent = problem.message;
          }
        }

        // What an approval needs besides the key.
        function showProofs(methods, matching, numbers) {
          byId("native-approve").disabled = methods.length === 0;
          byId("native-pin").value = "";
          byId("native-code").value = "";
          byId("native-pin-field").hidden = !methods.includes("device_key_pin")
            || methods.includes("device_key");
          byId("native-code-field").hidden = matching !== "enter";
          const choice = byId("native-numbers");
          choice.hidden = numbers.length === 0;
          choice.replaceChildren(choice.firstElementChild, ...numbers.map((number) => {
            const label = make("label", "chip");
            const box = make("input");
            box.type = "radio";
            box.name = "native-number";
            box.value = number;
            label.append(box, make("span", "", number));
            return label;
          }));
          if (methods.length === 0 && byId("native-lines").textContent) {
            byId("native-status").textContent =
              "This phone’s key cannot approve this. The policy demands another method.";
          }
        }

        function proofs() {
          const chosen = document.querySelector("[name=native-number]:checked");
          return { pin: byId("native-pin").value,
            code: chosen ? chosen.value : byId("native-code").value };
        }

        async function answerNative(decision) {
          try {
            const receipt = await askDevice("/decision",
              { login_id: phone.open, decision, ...(decision === "approve" ? proofs() : {}) });
            byId("native-status").textContent = "Answered: " + receipt.outcome;
          } catch (problem) {
            byId("native-status").textContent = problem.message;
          }
        }

        function setEnrolled(text) {
          phone.enrolled = true;
          byId("enrolled").textContent = text;
          byId("notifications").replaceChildren();
        }

        async function findDevice() {
          if (!byId("enrol")) return;
          if ((await askDevice("")).enrolled) setEnrolled("This phone is enrolled.");
          byId("enrol").addEventListener("submit", async (event) => {
            event.preventDefault();
            try {
              const { user } = await askDevice("", { code: byId("code").value, pin: byId("pin").value });
              setEnrolled("This phone is enrolled for " + user + ".");
              byId("code").value = byId("pin").value = "";
              refreshPhone();
            } catch (problem) {
              byId("enrolled").textContent = problem.message;
            }
          });
          for (const decision of ["approve", "deny"]) {
            byId("native-" + decision).addEventListener("click", () => answerNative(decision));
          }
        }

        """#

    /// What counts as approval: the page says what Beckon demands, and keeps the choice in this tab.
    static let policies = #"""
        function showPolicy() {
          const chosen = ["policy", "matching"].map((id) => byId(id).selectedOptions[0].dataset);
          byId("policy-demand").textContent =
            chosen.map((choice) => choice.demand).join("; ") + ".";
          byId("policy-hint").textContent = chosen.map((choice) => choice.hint).join(" ");
        }

        if (byId("policy")) {
          for (const id of ["policy", "matching"]) {
            const options = [...byId(id).options].map((option) => option.value);
            if (options.includes(kept(id))) byId(id).value = kept(id);
            byId(id).addEventListener("change", () => { kept(id, byId(id).value); showPolicy(); });
          }
          showPolicy();
        }

        """#

    /// The last part: the page begins to follow what happens.
    static let beginning = #"""
        findDevice().finally(() => { refreshPhone(); listen(); });

        """#
}
