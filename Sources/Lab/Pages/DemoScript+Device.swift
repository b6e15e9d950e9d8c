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
          try {
            const { lines } = await askDevice("/login", { login_id: login });
            byId("native-lines").textContent = lines.join("\n");
            byId("native-lines").focus();
          } catch (problem) {
            byId("native-status").textContent = problem.message;
          }
        }

        async function answerNative(decision) {
          try {
            const receipt = await askDevice("/decision", { login_id: phone.open, decision });
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
              const { user } = await askDevice("", { code: byId("code").value });
              setEnrolled("This phone is enrolled for " + user + ".");
              byId("code").value = "";
              refreshPhone();
            } catch (problem) {
              byId("enrolled").textContent = problem.message;
            }
          });
          for (const decision of ["approve", "deny"]) {
            byId("native-" + decision).addEventListener("click", () => answerNative(decision));
          }
        }

        findDevice().finally(() => { refreshPhone(); listen(); });

        """#
}
