extension Assets {
    static let consoleSheet = Asset("console", "css", "text/css; charset=utf-8", ConsoleSheet.text)
    static let consoleScript = Asset(
        "console",
        "js",
        "text/javascript; charset=utf-8",
        ConsoleScript.text
    )
}

/// How the console differs from the other pages: it is wide, and has tables. It follows
/// `Stylesheet`, whose colours it uses.
enum ConsoleSheet {
    static let text = """
        :root { --good: #0b5c4b; --bad: #a11f1b; --part-1: #0b6e59; --part-2: #5b4b9a;
          --part-3: #946200; --part-4: #b3261e; }
        @media (prefers-color-scheme: dark) {
          :root { --good: #86dcc5; --bad: #ffa59e; --part-1: #5cc9ad; --part-2: #b3a4f2;
            --part-3: #e2b04a; --part-4: #ff8f86; }
        }
        html { scroll-padding-bottom: 0; }
        header, footer, .sections, main.wide { max-width: 76rem; }
        main.wide { padding-bottom: 2rem; }
        .sections { width: 100%; padding-inline: 1rem; }
        .sections ul { display: flex; flex-wrap: wrap; gap: .25rem; border: 0; }
        .sections li { padding: 0; border: 0; overflow: visible; }
        .sections a { display: block; padding: .5rem .75rem; border-radius: .5rem;
          color: var(--ink); text-decoration: none; font-weight: 600; }
        .sections a[aria-current] { background: var(--plain); color: var(--on-plain); }
        .person { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem;
          margin-block: .5rem 1.25rem; padding-top: .5rem; border-top: 1px solid var(--line);
          color: var(--soft); font-size: .9375rem; }
        .person p { margin: 0; }
        main.wide h1 { margin-bottom: .75rem; }
        main.wide h2 { margin-top: 1.75rem; font-size: 1.0625rem; color: var(--ink); }
        main.wide h2 + * { margin-top: .375rem; }
        main.wide .card { max-width: 34rem; }
        main.wide dd { overflow-wrap: anywhere; }
        .done { margin-bottom: 1rem; padding: .625rem 1rem; border-radius: .625rem; background: var(--quote);
          border: 1px solid var(--line); font-weight: 600; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
          background: var(--card); }
        .figures li, .figures li + li { border: 0; padding: .75rem 1rem; }
        .figures strong { display: block; font-size: 1.625rem; line-height: 1.2; }
        .plot { padding: 1rem; background: var(--card); border: 1px solid var(--line);
          border-radius: .75rem; }
        /* Time goes from left to right in every language, and so do the texts at their places. */
        .plot svg { display: block; width: 100%; max-height: 14rem; direction: ltr;
          overflow: visible; }
        .plot text { font-size: 11px; fill: var(--soft); }
        .axis { stroke: var(--soft); stroke-width: 1; }
        .part { stroke: var(--card); stroke-width: 1; }
        .part.approved { fill: var(--part-1); }
        .part.declined { fill: var(--part-2); }
        .part.expired { fill: var(--part-3); }
        .part.failed { fill: var(--part-4); }
        .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: .5rem; border: 0; }
        .legend li { padding: 0; border: 0; }
        .legend svg { width: .75rem; height: .75rem; margin-inline-end: .375rem; }
        main.wide details { margin-top: .5rem; }
        dl + table { margin-top: 1rem; }
        table { width: 100%; border-collapse: collapse; background: var(--card);
          border: 1px solid var(--line); font-size: .9375rem; }
        caption { padding: .5rem 0; text-align: start; color: var(--soft); font-size: .875rem; }
        /* The heading above says it too. */
        section caption { position: absolute; width: 1px; height: 1px; overflow: hidden;
          clip-path: inset(50%); }
        th, td { padding: .5rem .75rem; text-align: start; vertical-align: top;
          border-bottom: 1px solid var(--line); font-weight: 400;
          max-width: 16rem; overflow-wrap: break-word; }
        thead th { color: var(--soft); font-weight: 600; font-size: .875rem; white-space: nowrap; }
        td time { white-space: nowrap; }
        td code { overflow-wrap: break-word; }
        td:last-child { max-width: 34rem; }
        .count { text-align: end; }
        main.wide dl { max-width: 48rem; margin-top: .375rem; background: var(--card); }
        .course { margin: .375rem 0 0; padding-inline-start: 1.25rem; }
        .course li { padding: .25rem 0; border: 0; }
        .course time { color: var(--soft); font-variant-numeric: tabular-nums; }
        code { font: .9375em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        .state { font-weight: 600; }
        .state.good { color: var(--good); }
        .state.bad { color: var(--bad); }
        p:has(+ .search) { margin-bottom: .75rem; }
        .actions { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
        .more a, p.actions a { display: inline-block; padding-block: .25rem; }
        .search { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; margin-bottom: 1rem; }
        .field { display: flex; flex-direction: column; gap: .25rem; flex: 1 1 11rem;
          max-width: 24rem; }
        .fields { display: flex; flex-direction: column; gap: 1rem; max-width: 34rem; }
        .fields .field { flex: none; max-width: none; }
        .fields fieldset { display: flex; flex-direction: column; gap: .25rem; }
        .fields legend { padding: 0; font-weight: 600; }
        .tick { display: flex; gap: .5rem; align-items: center; min-height: 2rem; }
        .tick input { flex: none; width: 1.25rem; height: 1.25rem; accent-color: var(--accent); }
        label { font-size: .9375rem; font-weight: 600; }
        .tick label { font-weight: 400; }
        .field input, .field select, .field textarea { width: 100%; min-height: 2.75rem;
          padding: .5rem .75rem; border: 1px solid var(--soft); border-radius: .5rem;
          background: var(--card); color: var(--ink); font: inherit; }
        .field textarea { min-height: 9rem; font-family: ui-monospace, "DejaVu Sans Mono",
          monospace; font-size: .875rem; }
        .field textarea.short { min-height: 4.5rem; }
        main.wide button, .sections button { width: auto; min-height: 2.75rem;
          padding: .5rem 1.25rem; font-size: 1rem; }
        main.wide .choices button, main.wide .choices .button { width: 100%; margin: 0; }
        .search button, .fields button, button.plain { background: var(--plain);
          color: var(--on-plain); }
        main.wide .choices .quiet { background: transparent; border-color: var(--line);
          color: var(--ink); }
        button.quiet { background: transparent; border-color: var(--line); color: var(--ink);
          min-height: 2.25rem; padding: .25rem .75rem; font-size: .9375rem; font-weight: 600; }
        @media (max-width: 48rem) {
          .plot text { font-size: 20px; }
          table, caption, tbody, tr, th, td { display: block; }
          table { border: 0; background: transparent; }
          thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
            clip-path: inset(50%); }
          tbody tr { margin-bottom: .75rem; background: var(--card);
            border: 1px solid var(--line); border-radius: .75rem; }
          tbody th, tbody td, td:last-child { display: flow-root; max-width: none; text-align: end;
            overflow-wrap: anywhere; }
          td code { overflow-wrap: anywhere; }
          tbody tr > :last-child { border-bottom: 0; }
          tbody th::before, tbody td::before { content: attr(data-label); float: inline-start;
            margin-inline-end: 1rem; color: var(--soft); font-weight: 400; }
          tbody th { font-weight: 600; }
        }
        @media print { .sections { display: none; } }
        @media (forced-colors: active) {
          .sections a[aria-current] { border: 2px solid Highlight; }
          .part { forced-color-adjust: none; }
        }
        """
}

/// The script of the console: it keeps the overview up to date. The pages work without it.
enum ConsoleScript {
    static let text = """
        (() => {
          'use strict';
          // A page from the back-forward cache may be out of date.
          addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

          const live = document.getElementById('live');
          if (!live || !window.EventSource) return;

          // Replaces what changes by what the server sends. It is parsed as a document of its own,
          // where nothing runs. What is open stays open, and the focus stays where it is.
          const show = (markup) => {
            const fresh = new DOMParser().parseFromString(markup, 'text/html').body;
            const isOpen = [...live.querySelectorAll('details')].map((part) => part.open);
            fresh.querySelectorAll('details').forEach((part, index) => {
              part.open = isOpen[index] || false;
            });
            const focused = live.contains(document.activeElement)
              ? [...live.querySelectorAll('a, summary')].indexOf(document.activeElement) : -1;
            live.replaceChildren(...fresh.childNodes);
            const next = focused >= 0 && live.querySelectorAll('a, summary')[focused];
            if (next) next.focus({ preventScroll: true });
          };

          let source;
          const open = () => {
            source = new EventSource(live.dataset.events);
            source.addEventListener('overview', (event) => show(event.data));
            // Nobody is signed in any more.
            source.addEventListener('end', () => { source.close(); location.reload(); });
            source.onerror = () => {
              // The browser connects again by itself, unless it was refused.
              if (source.readyState === EventSource.CLOSED) setTimeout(open, 30000);
            };
          };
          addEventListener('pagehide', () => source.close());
          open();
        })();
        """
}
