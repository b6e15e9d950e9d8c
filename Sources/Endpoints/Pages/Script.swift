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
            const decline = document.querySelector('button[value="deny"]');
            if (!decline) return;
            event.preventDefault();
            decline.form.requestSubmit(decline);
          });

          // A second tap while the form is being sent is ignored.
          document.addEventListener('submit', (event) => {
            const form = event.target;
            if (form.getAttribute('aria-busy') === 'true') { event.preventDefault(); return; }
            form.setAttribute('aria-busy', 'true');
          });

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
              const shown = Math.floor(left / 60) + ':' + seconds;
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

          const refresh = async () => {
            const answer = await fetch(location.href, { cache: 'no-store' });
            const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
            const fresh = page.querySelector('main');
            if (!fresh) { location.reload(); return; }
            document.title = page.title;
            document.querySelector('main').replaceWith(fresh);
            // Screen readers read the new heading.
            fresh.querySelector('h1').focus();
            start();
          };

          // Polls until the phase differs from the one on the page. Each request waits at the server.
          const watch = async (main, mine) => {
            const { phase, state } = main.dataset;
            if (!state) return;
            let trouble = 0;
            while (mine === turn) {
              const began = Date.now();
              try {
                const answer = await fetch(state + '?seen=' + phase, { cache: 'no-store' });
                if (mine !== turn) return;
                const now = answer.ok ? await answer.json() : null;
                if (answer.status === 404 || (now && now.phase !== phase)) {
                  await refresh();
                  return;
                }
                trouble = answer.ok ? 0 : trouble + 1;
              } catch {
                trouble += 1;
              }
              if (trouble > 0) await pause(Math.min(1000 * 2 ** trouble, 30000));
              else if (Date.now() - began < 1000) await pause(1000);
            }
          };

          const start = () => {
            turn += 1;
            const main = document.querySelector('main');
            countDown(main, turn);
            watch(main, turn);
          };
          start();
        })();
        """
}
