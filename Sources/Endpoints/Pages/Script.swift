/// The script of the pages: it counts down, polls for changes, and lets the Enter key decline. The
/// pages work without it.
enum Script {
    static let text = """
        (() => {
          'use strict';
          const pause = (ms) => new Promise((done) => setTimeout(done, ms));
          let turn = 0;

          // Enter outside of a control declines, and never approves.
          document.addEventListener('keydown', (event) => {
            if (event.key !== 'Enter' || event.repeat || event.isComposing || event.defaultPrevented
              || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
            if (event.target.closest('button, a, input, select, textarea, summary')) return;
            // Where a number is given, Enter does nothing.
            if (document.querySelector('.no-enter')) return;
            const decline = document.querySelector('button[value="deny"]');
            if (!decline) return;
            event.preventDefault();
            decline.form.requestSubmit(decline);
          });

          // The form is sent here, so that the choice is still on the page when nothing arrives. A
          // second tap while it is being sent is ignored.
          document.addEventListener('submit', async (event) => {
            const { target: form, submitter } = event;
            // Leads to the identity provider.
            if (submitter && submitter.value === 'sign-in') return;
            event.preventDefault();
            if (form.getAttribute('aria-busy') === 'true') return;
            form.setAttribute('aria-busy', 'true');
            const unsent = form.querySelector('[role="alert"]:not(.summary)');
            unsent.textContent = '';
            const body = new URLSearchParams(new FormData(form));
            if (submitter) body.append(submitter.name, submitter.value);
            try {
              const answer = await fetch(location.href, { method: 'POST', body, cache: 'no-store' });
              if (!show(await answer.text())) throw new Error('not a page of ours');
            } catch {
              form.removeAttribute('aria-busy');
              unsent.textContent = form.dataset.unsent;
            }
          });

          // Says what is missing before anything is sent. The buttons that decline skip this.
          const checkChoices = () => {
            for (const group of document.querySelectorAll('fieldset[data-missing]')) {
              const controls = group.querySelectorAll('input:not([type="hidden"])');
              if (!controls.length) continue;
              controls[0].setCustomValidity(
                [...controls].some((control) => control.checked) ? '' : group.dataset.missing);
            }
          };
          document.addEventListener('change', checkChoices);

          // Without the style sheet everything stays open.
          const fold = (isOpen) => {
            const main = document.querySelector('main');
            if (getComputedStyle(main).getPropertyValue('--folds').trim() !== '1') return;
            for (const part of main.querySelectorAll('details')) part.open = isOpen;
          };
          addEventListener('beforeprint', () => fold(true));

          // A page from the back-forward cache may be out of date.
          addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

          const countDown = async (main, mine) => {
            const timer = main.querySelector('[role="timer"]');
            const news = main.querySelector('[role="status"]');
            if (!timer) return;
            const end = Date.now() + Number(timer.dataset.left);
            let before = Number(timer.dataset.left) / 1000;
            timer.hidden = false;
            while (mine === turn) {
              const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
              const seconds = String(left % 60).padStart(2, '0');
              const shown = written(Math.floor(left / 60) + ':' + seconds);
              timer.textContent = left > 0
                ? timer.dataset.text.replace('{left}', shown) : timer.dataset.over;
              for (const limit of [60, 15]) {
                if (before > limit && left <= limit && left > 0) {
                  news.textContent = news.dataset['at' + limit];
                }
              }
              before = left;
              if (left === 0) return;
              await pause(250);
            }
          };

          // Replaces the content with that of another page of ours; false if it is none.
          const show = (text) => {
            const page = new DOMParser().parseFromString(text, 'text/html');
            const fresh = page.querySelector('main');
            if (!fresh || !page.querySelector('body > header > .brand')) return false;
            document.title = page.title;
            document.querySelector('main').replaceWith(fresh);
            start();
            // Screen readers read the new heading, or what is wrong with the choice.
            (fresh.querySelector('[autofocus]') || fresh.querySelector('h1')).focus();
            scrollTo(0, 0);
            return true;
          };

          const refresh = async () => {
            const answer = await fetch(location.href, { cache: 'no-store' });
            if (!show(await answer.text())) location.reload();
          };

          // A page that is left, also for the back-forward cache, keeps no connection: a browser has
          // few for each host.
          const left = new AbortController();
          addEventListener('pagehide', () => left.abort());

          // Polls until the phase differs from the one on the page. Each request waits at the server.
          const watch = async (main, mine) => {
            const { phase, state } = main.dataset;
            if (!state) return;
            // A page that was fetched in advance is not looked at yet.
            if (document.prerendering) {
              await new Promise((done) =>
                document.addEventListener('prerenderingchange', done, { once: true }));
            }
            let trouble = 0;
            while (mine === turn) {
              const began = Date.now();
              try {
                const answer = await fetch(
                  state + '?seen=' + phase, { cache: 'no-store', signal: left.signal });
                if (mine !== turn) return;
                const now = answer.ok ? await answer.json() : null;
                if (answer.status === 404 || (now && now.phase !== phase)) {
                  await refresh();
                  return;
                }
                trouble = answer.ok ? 0 : trouble + 1;
              } catch {
                if (left.signal.aborted) return;
                trouble += 1;
              }
              if (trouble > 0) await pause(Math.min(1000 * 2 ** trouble, 30000));
              else if (Date.now() - began < 1000) await pause(1000);
            }
          };

          // Numbers are in the page's digits.
          const written = (text) => document.documentElement.dataset.digits !== 'arab' ? text
            : text.replace(/[0-9]/g, (digit) => String.fromCharCode(0x660 + Number(digit)));

          // Times in UTC become the browser's, where the server does not know the user's zone.
          const localize = () => {
            const { dataset } = document.documentElement;
            // Days come before months in our English.
            const lang = document.documentElement.lang.replace(/^en$/, 'en-GB');
            for (const time of document.querySelectorAll('time[data-zone]')) {
              const shape = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
                numberingSystem: dataset.digits || 'latn', timeZoneName: 'short' };
              if (time.dataset.zone === 'date') {
                Object.assign(shape, { day: 'numeric', month: 'long', year: 'numeric' });
              }
              try {
                time.textContent = new Intl.DateTimeFormat(lang, shape)
                  .format(new Date(time.dateTime));
                time.removeAttribute('data-zone');
              } catch { /* The time stays in UTC, and says so. */ }
            }
          };

          const start = () => {
            turn += 1;
            const main = document.querySelector('main');
            localize();
            fold(false);
            checkChoices();
            countDown(main, turn);
            watch(main, turn);
          };
          start();
        })();
        """

    /// The script of the page of a failed sign-in: it writes the diagnosis to the console.
    static let diagnosis = """
        (() => {
          'use strict';
          const block = document.getElementById('sign-in-failure');
          if (block) console.error(JSON.parse(block.textContent));
        })();
        """

    /// The script of pages that show what happens: it replaces a part of the page by what the server
    /// sends (`EventStream`). Without it, the page shows what there was when it was loaded.
    static let live = """
        (() => {
          'use strict';
          const part = document.querySelector('[data-events]');
          const news = document.querySelector('[data-news]');
          if (!part || !window.EventSource) return;
          let source, later;

          const show = (markup) => {
            const fresh = new DOMParser().parseFromString(markup, 'text/html').body;
            // Serialized by the same browser: equal means that nothing has changed.
            if (fresh.innerHTML === part.innerHTML) return;
            const isLonger =
              fresh.querySelectorAll('section').length > part.querySelectorAll('section').length;
            part.replaceChildren(...fresh.childNodes);
            if (news) news.textContent = isLonger ? news.dataset.news : '';
          };

          const open = () => {
            clearTimeout(later);
            if (source) source.close();
            source = new EventSource(part.dataset.events);
            source.addEventListener(part.dataset.event, (event) => show(event.data));
            // Nobody is signed in any more.
            source.addEventListener('end', () => { source.close(); location.reload(); });
            source.onerror = () => {
              // The browser connects again by itself, unless it was refused.
              if (source.readyState === EventSource.CLOSED) later = setTimeout(open, 30000);
            };
          };

          // A notification arrived (Web Push). The connection may have died with nobody noticing.
          if (navigator.serviceWorker) {
            navigator.serviceWorker.addEventListener('message', ({ data }) => {
              if (data && data.type === 'arrival') open();
            });
          }

          // A page that is left, also for the back-forward cache, keeps no connection.
          addEventListener('pagehide', () => source.close());
          addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
          open();
        })();
        """
}
