/// How the pages look. Decline and approve are equals in size and weight; decline comes first
/// (RFC 10027 §6.1.14). Every text has a contrast of at least 4.5 to 1 in both colour schemes.
enum Stylesheet {
    static let text = """
        :root {
          color-scheme: light dark;
          --ground: #eef1f4; --card: #ffffff; --ink: #15212d; --soft: #51606f; --line: #d5dce3;
          --quote: #f4f7f9; --accent: #0b5c4b; --on-accent: #ffffff; --plain: #34424f;
          --on-plain: #ffffff; --alarm: #a11f1b; --warn: #fff6df; --warn-ink: #5c4300;
          --focus: #1257c9; --shadow: 0 1px 2px rgb(16 32 48 / 6%), 0 12px 32px rgb(16 32 48 / 10%);
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0d131a; --card: #17202a; --ink: #eaf0f5; --soft: #a8b5c2; --line: #303d4a;
            --quote: #1e2935; --accent: #86dcc5; --on-accent: #05261e; --plain: #ccd6e0;
            --on-plain: #131b23; --alarm: #ffa59e; --warn: #332a12; --warn-ink: #f4d88f;
            --focus: #8fbcff; --shadow: 0 1px 2px rgb(0 0 0 / 40%);
          }
        }
        *, ::before, ::after { box-sizing: border-box; }
        /* What has the focus is not hidden behind the answer (WCAG 2.4.11). */
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
          scroll-padding-bottom: 19rem; }
        body {
          margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
          align-items: center; background: var(--ground); color: var(--ink);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
            sans-serif;
        }
        header, main, footer { width: 100%; max-width: 30rem; padding-inline: 1rem; }
        header { padding-block: 1.25rem .875rem; }
        .brand { display: flex; align-items: center; gap: .5rem; margin: 0; font-weight: 650;
          letter-spacing: .01em; }
        .brand::before { content: ""; width: 1.125rem; height: 1.125rem; border-radius: 50%;
          border: .3125rem solid var(--accent); }
        .brand:has(img)::before { display: none; }
        .brand img { width: auto; height: auto; max-width: 10rem; max-height: 2.25rem; }
        main { --folds: 1; flex: 1 0 auto; }
        footer { padding-block: 1.25rem 1.5rem; color: var(--soft); font-size: .875rem;
          text-align: center; }
        footer p { margin: 0; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 1.125rem;
          box-shadow: var(--shadow); padding: 1.5rem 1.25rem 1.25rem; overflow-wrap: anywhere; }
        h1 { margin: 0; font-size: 1.4375rem; line-height: 1.25; letter-spacing: -.012em;
          font-weight: 680; text-wrap: balance; }
        h1:focus { outline: none; }
        h2 { margin: 0 0 .375rem; font-size: .875rem; font-weight: 600; color: var(--soft); }
        p { margin: .5rem 0 0; }
        section { margin-top: 1.25rem; }
        .soft { color: var(--soft); font-size: .9375rem; }
        .message { margin: 0; padding: .8125rem 1rem; background: var(--quote); overflow: hidden;
          border: 1px solid var(--line); border-radius: .75rem; font-size: 1.1875rem;
          line-height: 1.45; font-weight: 600; white-space: pre-wrap; }
        .message + p { margin-top: .375rem; font-size: .875rem; }
        /* Piled-up marks do not cover what is above and below. */
        .tall { display: inline-block; max-width: 100%; padding-block: .5em; overflow: hidden;
          vertical-align: bottom; }
        .mark { display: inline-block; margin-inline: .125em; padding-inline: .3em;
          border: 1px dashed currentcolor; border-radius: .25em; font: 600 .6875em/1.4 ui-monospace,
          "DejaVu Sans Mono", monospace; color: var(--alarm); unicode-bidi: isolate;
          vertical-align: .1em; }
        ul { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line);
          border-radius: .75rem; }
        li { padding: .625rem 1rem; overflow: hidden; }
        li + li { border-top: 1px solid var(--line); }
        li strong { font-weight: 600; }
        .why { display: block; color: var(--soft); font-size: .9375rem; }
        .amount { font-size: 1.5em; line-height: 1.15; letter-spacing: -.02em; }
        .amount:has(.long, .longest) { font-size: 1em; }
        .why .digits { max-width: 100%; }
        .digits, .money, .number { font-variant-numeric: tabular-nums; }
        .money, .number { white-space: nowrap; }
        .money { font-size: min(1em, 8.5vw); }
        .money.long, .number { font-size: min(1em, 5.5vw); }
        .money.longest { font-size: min(1em, 4vw); }
        .line { display: block; }
        .note { display: inline-block; margin-block: .125rem; padding: .0625rem .5rem;
          border-radius: .5rem; background: var(--warn); color: var(--warn-ink);
          font-size: .8125rem; font-weight: 600; }
        .time { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .125rem 1rem;
          margin: .25rem 0 0; font-size: .875rem; color: var(--soft); }
        [role="timer"] { font-variant-numeric: tabular-nums; font-weight: 600; color: var(--ink); }
        .warning { margin: .5rem 0; padding: .375rem .75rem; border-radius: .625rem;
          background: var(--warn); color: var(--warn-ink); font-size: .8125rem; line-height: 1.4; }
        .answer { margin: 1.25rem -1.25rem -1.25rem; padding: .75rem 1.25rem 1rem;
          background: var(--card); border-top: 1px solid var(--line);
          border-radius: 0 0 1.125rem 1.125rem; }
        .asked { display: flex; gap: .25rem .75rem; margin: 0; font-size: .9375rem; }
        .asked > strong { flex: none; }
        .asked > span { min-width: 0; overflow: hidden; text-overflow: ellipsis;
          white-space: nowrap; font-weight: 600; }
        .asked > span > bdi { display: inline-block; max-width: 100%; overflow: hidden;
          text-overflow: ellipsis; vertical-align: bottom; }
        .asked > span:only-child { white-space: normal; }
        .asked .amount { font-size: 1em; letter-spacing: 0; }
        .answer > .error { margin: 0 0 .5rem; font-size: .9375rem; }
        .answer > .error:empty { display: none; }
        details { margin-top: 1.25rem; }
        summary { padding: .625rem 0; font-weight: 600; color: var(--soft); cursor: pointer; }
        summary + dl, summary + ul { margin-top: .25rem; }
        details ul { margin-top: .75rem; }
        fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
        .options { margin-top: 1.25rem; }
        .options legend { padding: 0; font-weight: 650; }
        .options p { margin: .125rem 0 .5rem; }
        .list, .fixed { border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; }
        .fixed { padding: .625rem 1rem; }
        .option { display: flex; gap: .875rem; align-items: flex-start; min-height: 3rem;
          padding: .75rem 1rem; cursor: pointer; }
        .option > span { min-width: 0; }
        .option + .option { border-top: 1px solid var(--line); }
        .option:has(:checked) { background: var(--quote); }
        .option strong { font-weight: 600; }
        .big-number { font-size: 1.75rem; line-height: 1.3; letter-spacing: .08em; font-weight: 680;
          font-variant-numeric: tabular-nums; }
        p.big-number { margin: 0; }
        .option strong.big-number { font-size: 1.375rem; }
        .options > label { font-weight: 650; }
        input.big-number { width: 100%; max-width: 16rem; min-height: 3rem; padding: .375rem .75rem;
          font-family: inherit; color: inherit; background: transparent;
          border: 1px solid var(--soft); border-radius: .625rem; }
        .option input { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0;
          accent-color: var(--accent); }
        div.option { cursor: auto; padding-inline-start: 3.125rem; }
        .error { color: var(--alarm); font-weight: 600; }
        .summary { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 2px solid var(--alarm);
          border-radius: .75rem; }
        .summary:focus { outline: none; }
        .summary p { margin: .25rem 0 0; }
        .summary a { color: var(--alarm); }
        .choices { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr));
          gap: .75rem; }
        button, .button { display: block; width: 100%; min-height: 3.375rem;
          padding: .75rem 1rem; border: 2px solid transparent; border-radius: .875rem;
          font: inherit; font-size: 1.0625rem; font-weight: 650; line-height: 1.3;
          text-align: center; text-decoration: none; cursor: pointer; }
        .decline, .button { background: var(--plain); color: var(--on-plain); }
        .approve { background: var(--accent); color: var(--on-accent); }
        .answer .choices button { min-height: 3rem; padding-block: .5rem; }
        .not-me { margin-top: .5rem; min-height: 2.75rem; padding-block: .375rem;
          background: transparent; border-color: var(--line); color: var(--alarm);
          font-size: 1rem; font-weight: 600; }
        @media (hover: hover) {
          button:hover, .button:hover { filter: brightness(1.12); }
          .not-me:hover { filter: none; border-color: currentcolor; }
        }
        button:active { transform: translateY(1px); }
        form[aria-busy="true"] button { opacity: .65; cursor: progress; }
        :focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
        .sign { width: 3.25rem; height: 3.25rem; margin: 0 0 1rem; border-radius: 50%;
          display: grid; place-items: center; font-size: 1.625rem; line-height: 1; font-weight: 700;
          background: var(--quote); color: var(--soft); border: 1px solid var(--line); }
        .sign.good { background: var(--accent); color: var(--on-accent); border-color: transparent; }
        .sign.alarm { color: var(--alarm); }
        .sign.busy::before { content: ""; width: 1.5rem; height: 1.5rem; border-radius: 50%;
          border: .1875rem solid var(--line); border-top-color: var(--accent);
          animation: turn 1s linear infinite; }
        @keyframes turn { to { transform: rotate(1turn); } }
        h2 + dl { margin-top: 0; }
        dl + p { margin-top: .375rem; }
        dl { margin: 1.25rem 0 0; padding: .25rem 1rem; border: 1px solid var(--line);
          border-radius: .75rem; }
        dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
          padding-block: .5625rem; }
        dl div + div { border-top: 1px solid var(--line); }
        dt { color: var(--soft); }
        dd { margin: 0; font-weight: 600; min-width: 0; max-width: 100%; }
        dd .group { margin: .5rem 0 0; color: var(--soft); font-size: .875rem; }
        ul.plain { border: 0; border-radius: 0; }
        ul.plain li { position: relative; padding: .1875rem 0; padding-inline-start: 1rem;
          border: 0; font-weight: 500; overflow: visible; }
        ul.plain li::before { content: "\\2022"; position: absolute; inset-inline-start: .125rem;
          color: var(--soft); }
        .button { margin-top: 1.25rem; }
        a { color: var(--focus); }
        .help a { white-space: nowrap; }
        .news:empty { margin: 0; }
        .more { margin-top: .75rem; }
        .history details, li details { margin-top: 0; }
        .history summary { padding-block: .25rem; color: inherit; }
        .history dl { margin-block: .5rem; }
        li .note { margin-top: .25rem; }
        section > p + ul, section > p + form, p + .message { margin-top: .75rem; }
        h1 + ul { margin-top: 1rem; }
        strong + .note { margin-inline-start: .5rem; }
        section + form, section > ul + form { margin-top: 1.25rem; }
        .card > p + form { margin-top: 1.25rem; }
        form:not(.answer) > .error:not(:empty) { margin-bottom: .75rem; }
        form:not(.answer) > button + button { margin-top: .75rem; }
        footer .help { margin-bottom: .25rem; }
        .next { margin-top: 1rem; padding: .75rem 1rem; border-radius: .75rem;
          background: var(--warn); color: var(--warn-ink); font-weight: 600; }
        .next p { margin: 0; }
        .next .help { margin-top: .5rem; font-size: 1.125rem; }
        .next a { color: inherit; }
        a.button { color: var(--on-plain); }
        .unseen { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0;
          overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        [hidden], html:not([data-passkeys]) button[data-passkey] { display: none; }
        label.passkey { display: grid; gap: .25rem; margin: .75rem 0; }
        label.passkey input { min-height: 2.75rem; padding: .5rem .75rem; font: inherit;
          color: inherit; background: transparent; border: 1px solid var(--soft);
          border-radius: .625rem; }
        /* The answer stays on the screen where it leaves room for the question. */
        @media (min-height: 36rem) {
          html:has(.answer) { scroll-padding-bottom: 16rem; }
          .answer { position: sticky; bottom: 0; z-index: 1; }
        }
        @media (min-width: 40rem) {
          header { padding-block: 2.5rem 1rem; }
          .card { padding: 2rem 2rem 1.75rem; }
          .answer { margin: 1.5rem -2rem -1.75rem; padding: 1rem 2rem 1.25rem; }
          h1 { font-size: 1.625rem; }
        }
        @media (prefers-reduced-motion: reduce) {
          *, ::before, ::after { animation-duration: 6s !important; transition: none !important; }
          .sign.busy::before { animation: none; border-color: var(--accent); }
          button:active { transform: none; }
        }
        @media print {
          .answer { position: static; }
          details::details-content { content-visibility: visible; display: block; }
        }
        @media (forced-colors: active) {
          button, .button { border-color: ButtonText; }
          .mark { border-style: solid; }
        }
        """

    /// The colors of the page and of marks in `text`, for those that are outside of it.
    static let (ground, accent) = ("#eef1f4", "#0b5c4b")

    /// The ring beside the name, for the tab.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="10" \
        fill="none" stroke="#2a9d83" stroke-width="8"/></svg>
        """
}
