extension Script {
    /// The script of buttons that use a passkey: it asks the server what is to be signed, has the
    /// browser sign it, and sends the form with it. Browsers without passkeys do not show the buttons.
    static let passkeys = """
        (() => {
          'use strict';
          if (!window.PublicKeyCredential || !navigator.credentials) return;
          document.documentElement.dataset.passkeys = 'yes';

          const bytes = (text) => Uint8Array.from(
            atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
          const written = (buffer) => {
            let text = '';
            for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
            return btoa(text).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
          };
          const read = (list) => list.map((entry) => ({ ...entry, id: bytes(entry.id) }));

          const ceremonies = {
            create: async (options) => {
              const made = await navigator.credentials.create({ publicKey: { ...options,
                challenge: bytes(options.challenge),
                user: { ...options.user, id: bytes(options.user.id) },
                excludeCredentials: read(options.excludeCredentials) } });
              const answer = made.response;
              return { passkey_id: written(made.rawId),
                client_data: written(answer.clientDataJSON),
                attestation: written(answer.attestationObject),
                transports: answer.getTransports ? answer.getTransports().join(',') : '' };
            },
            get: async (options) => {
              const used = await navigator.credentials.get({ publicKey: { ...options,
                challenge: bytes(options.challenge),
                allowCredentials: read(options.allowCredentials) } });
              const answer = used.response;
              return { passkey_id: written(used.rawId),
                client_data: written(answer.clientDataJSON),
                authenticator_data: written(answer.authenticatorData),
                signature: written(answer.signature),
                user_handle: answer.userHandle ? written(answer.userHandle) : '' };
            },
          };

          document.addEventListener('submit', async (event) => {
            const { target: form, submitter } = event;
            if (!submitter || !submitter.dataset.passkey) return;
            if (form.dataset.signed) { delete form.dataset.signed; return; }
            event.preventDefault();
            event.stopImmediatePropagation();
            if (form.getAttribute('aria-busy') === 'true') return;
            form.setAttribute('aria-busy', 'true');
            const alert = form.querySelector('[role="alert"]:not(.summary)');
            alert.textContent = '';
            for (const old of form.querySelectorAll('input[data-part]')) old.remove();
            try {
              const body = new URLSearchParams(new FormData(form));
              if (submitter.name) body.append(submitter.name, submitter.value);
              const answer = await fetch(
                submitter.dataset.options, { method: 'POST', body, cache: 'no-store' });
              // What is refused already is refused again with the page that says why.
              const parts = answer.ok
                ? await ceremonies[submitter.dataset.passkey](await answer.json()) : {};
              for (const [name, value] of Object.entries(parts)) {
                const part = document.createElement('input');
                Object.assign(part, { type: 'hidden', name, value });
                part.dataset.part = '';
                form.append(part);
              }
              form.removeAttribute('aria-busy');
              form.dataset.signed = 'yes';
              form.requestSubmit(submitter);
            } catch {
              form.removeAttribute('aria-busy');
              alert.textContent = submitter.dataset.failed;
            }
          }, true);
        })();
        """
}

extension Assets {
    static let passkeys = Asset(
        "passkeys",
        "js",
        "text/javascript; charset=utf-8",
        Script.passkeys
    )
}
