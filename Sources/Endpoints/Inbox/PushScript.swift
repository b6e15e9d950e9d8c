extension Script {
    /// The script of the button that subscribes the browser to notifications. A subscription that the
    /// server has, but that was made with another key, is replaced.
    static let push = """
        (() => {
          'use strict';
          const form = document.querySelector('form[data-push-key]');
          if (!form || !navigator.serviceWorker || !window.PushManager || !window.Notification) return;
          const { pushKey, worker, scope, denied, failed } = form.dataset;
          const alert = form.querySelector('[role="alert"]');

          const bytes = (text) => Uint8Array.from(
            atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
          const written = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
            .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
          const digest = async (text) =>
            written(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
          const isCurrent = ({ options }) => written(options.applicationServerKey) === pushKey;

          const send = (subscription, replaced) => {
            form.elements.subscription.value = JSON.stringify(subscription);
            form.elements.replaces.value = replaced;
            form.submit();
          };

          const subscribe = async () => {
            await navigator.serviceWorker.register(worker, { scope, updateViaCache: 'none' });
            const { pushManager } = await navigator.serviceWorker.ready;
            const old = await pushManager.getSubscription();
            if (old && isCurrent(old)) return old;
            if (old) await old.unsubscribe();
            return pushManager.subscribe(
              { userVisibleOnly: true, applicationServerKey: bytes(pushKey) });
          };

          form.addEventListener('submit', async (event) => {
            event.preventDefault();
            if (form.getAttribute('aria-busy') === 'true') return;
            form.setAttribute('aria-busy', 'true');
            alert.textContent = '';
            try {
              if (await Notification.requestPermission() === 'granted') {
                send(await subscribe(), '');
                return;
              }
              alert.textContent = denied;
            } catch {
              alert.textContent = failed;
            }
            form.removeAttribute('aria-busy');
          });

          const start = async () => {
            const registration = await navigator.serviceWorker.getRegistration(scope);
            const own = registration && await registration.pushManager.getSubscription();
            const id = own ? await digest(own.endpoint) : '';
            const entry = own && document.querySelector('[data-browser="' + id + '"]');
            if (!entry) {
              form.hidden = false;
              return;
            }
            entry.querySelector('.note').hidden = false;
            entry.querySelector('form').addEventListener('submit', async (event) => {
              event.preventDefault();
              // What the server does not send to any more must not stay in the browser.
              await own.unsubscribe().catch(() => false);
              event.target.submit();
            });
            if (!isCurrent(own) && Notification.permission === 'granted') {
              send(await subscribe(), id);
            }
          };
          start().catch(() => { form.hidden = false; });
        })();
        """

    /// The service worker of the inbox. Messages have neutral text only; what it opens asks the user to
    /// sign in.
    static let worker = """
        'use strict';
        const pages = () => clients.matchAll({ type: 'window', includeUncontrolled: true });

        addEventListener('install', () => skipWaiting());
        addEventListener('activate', (event) => event.waitUntil(clients.claim()));

        addEventListener('push', (event) => {
          let message = {};
          // Browsers demand a notification for each message, also for one that cannot be read.
          try { message = event.data.json() || {}; } catch { /* Only the title is shown. */ }
          const { title, text, language, direction, reference } = message;
          const options = { body: text, lang: language, dir: direction };
          if (reference) Object.assign(options, { tag: reference, renotify: true });
          event.waitUntil((async () => {
            for (const page of await pages()) page.postMessage({ type: 'arrival' });
            await registration.showNotification(title || location.hostname, options);
          })());
        });

        addEventListener('notificationclick', (event) => {
          event.notification.close();
          event.waitUntil((async () => {
            const inbox = registration.scope;
            const open = (await pages()).find(({ url }) => url.split(/[?#]/)[0] === inbox);
            await (open ? open.focus() : clients.openWindow(inbox));
          })());
        });
        """
}

extension Assets {
    static let push = Asset("push", "js", "text/javascript; charset=utf-8", Script.push)
}
