/// The style of the demo page: light and dark, from 320 pixels on.
enum DemoStyle {
    static let css = base + device + timeline + phone

    private static let base = #"""
        :root { color-scheme: light dark;
          --page: #f4f4f8; --card: #fff; --ink: #17181f; --muted: #5b5f6e; --line: #dfe0e8;
          --accent: #5546e8; --accent-ink: #fff; --soft: #eeecff; --good: #0b7a53;
          --good-soft: #e2f6ee; --bad: #b3261e; --bad-soft: #fdeae8; --wait: #8a5a00;
          --code: #f6f6fa; --shadow: 0 1px 2px rgb(20 20 50 / .06), 0 8px 28px rgb(20 20 50 / .07); }
        @media (prefers-color-scheme: dark) { :root {
          --page: #101117; --card: #191b23; --ink: #eceef5; --muted: #a2a7b8; --line: #2d303c;
          --accent: #9a8fff; --accent-ink: #14102e; --soft: #262344; --good: #5fd3a6;
          --good-soft: #12302a; --bad: #ff9d94; --bad-soft: #3a1b1a; --wait: #f0c36a;
          --code: #12141b; --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 10px 30px rgb(0 0 0 / .3); } }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        h2 { font-size: 1.05rem; margin: 0; letter-spacing: -.01em; }
        a { color: var(--accent); }
        p { margin: 0; }
        .muted, .hint { color: var(--muted); }
        .small { font-size: .84rem; }
        .center { text-align: center; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .top { max-width: 1180px; margin: 0 auto; padding: 20px 20px 6px; display: flex;
          flex-wrap: wrap; gap: 4px 20px; align-items: center; }
        .brand { display: flex; align-items: center; gap: 10px; font-weight: 700;
          font-size: 1.2rem; color: inherit; text-decoration: none; letter-spacing: -.02em; }
        .top h1 { margin: 0; font-size: inherit; }
        .lead { color: var(--muted); flex: 1 1 260px; }
        .live { font-size: .84rem; color: var(--muted); display: flex; align-items: center;
          gap: 7px; }
        .dot { width: 9px; height: 9px; border-radius: 50%; background: var(--wait); }
        .live.on .dot { background: var(--good); }
        .live.off .dot { background: var(--bad); }
        .noscript { max-width: 1140px; margin: 8px auto; padding: 12px 16px; border-radius: 12px;
          background: var(--bad-soft); color: var(--bad); }
        main { max-width: 1180px; margin: 0 auto; padding: 14px 20px 30px; display: grid;
          grid-template-columns: minmax(0, 1fr) 380px; gap: 28px; align-items: start; }
        footer { max-width: 1180px; margin: 0 auto; padding: 0 20px 28px; }
        .panel { background: var(--card); border: 1px solid var(--line); border-radius: 18px;
          padding: 20px; box-shadow: var(--shadow); }
        .device { display: grid; gap: 18px; min-width: 0; }

        """#

    private static let device = #"""
        .glyph { margin-right: 6px; }
        form { display: grid; gap: 14px; margin-top: 16px; }
        fieldset { border: 0; margin: 0; padding: 0; min-width: 0; display: flex; flex-wrap: wrap;
          gap: 8px; }
        legend, .field { font-size: .84rem; font-weight: 600; padding: 0; }
        legend { margin-bottom: 6px; }
        .field { display: grid; gap: 6px; }
        #message-hint { margin-top: -8px; }
        input[type=text], input[type=password], select { font: inherit; font-weight: 400; color: inherit; width: 100%;
          background: var(--code); border: 1px solid var(--line); border-radius: 10px;
          padding: 10px 12px; min-height: 44px; }
        .chip { display: inline-flex; cursor: pointer; font-weight: 400; }
        .chip input { position: absolute; opacity: 0; width: 1px; height: 1px; }
        .chip span { border: 1px solid var(--line); border-radius: 999px; padding: 8px 15px;
          min-height: 40px; font-size: .92rem; background: var(--card); }
        .chip input:checked + span { background: var(--soft); border-color: var(--accent);
          color: var(--accent); font-weight: 600; }
        .chip input:checked + span::before { content: "✓ "; }
        .chip input:disabled + span { opacity: .75; cursor: default; }
        .chip input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
        .row { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; align-items: end; }
        .who { display: flex; gap: 12px; align-items: center; line-height: 1.3; }
        .avatar { width: 42px; height: 42px; border-radius: 50%; display: grid;
          place-items: center; color: #fff; font-weight: 700;
          background: linear-gradient(135deg, #6d5efc, #0b8a86); }
        .go { font: inherit; font-weight: 650; border: 0; border-radius: 12px; min-height: 50px;
          background: var(--accent); color: var(--accent-ink); cursor: pointer; }
        .go:hover { filter: brightness(1.07); }
        .go:disabled { opacity: .6; cursor: default; }
        .plain { font: inherit; border: 1px solid var(--line); border-radius: 12px; min-height: 50px;
          background: transparent; color: inherit; cursor: pointer; }
        .plain:disabled { opacity: .6; cursor: default; }
        .actions { margin-top: 14px; }
        .backend { margin: 14px 0 0; padding-left: 1.4em; display: grid; gap: 14px; }
        .backend:empty { display: none; }
        .backend li { min-width: 0; }
        .backend pre { margin-top: 6px; }
        .top nav { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: .92rem; }
        .outcome { border-left: 6px solid var(--wait); }
        .onscreen { margin-top: 10px; }
        .onscreen strong { font-size: 1.15rem; font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere; }
        .policy { display: grid; gap: 4px; margin-top: -4px; font-size: .92rem; }
        .outcome h3 { margin: 0 0 4px; font-size: 1.15rem; letter-spacing: -.01em; }
        .outcome.good { border-color: var(--good); background: var(--good-soft); }
        .outcome.bad { border-color: var(--bad); background: var(--bad-soft); }
        .outcome dl { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr);
          gap: 3px 14px; margin: 12px 0 0; font-size: .88rem; }
        .outcome dt { color: var(--muted); font-family: ui-monospace, monospace;
          overflow-wrap: anywhere; }
        .outcome dd { margin: 0; overflow-wrap: anywhere; }
        .progress { height: 6px; border-radius: 3px; background: var(--line); margin-top: 12px;
          overflow: hidden; }
        .progress i { display: block; height: 100%; background: var(--accent); width: 100%; }

        """#

    private static let timeline = #"""
        .loghead { display: flex; justify-content: space-between; align-items: baseline;
          gap: 10px; flex-wrap: wrap; }
        .empty { color: var(--muted); margin-top: 10px; }
        .timeline { list-style: none; margin: 14px 0 0; padding: 0; display: grid; gap: 8px; }
        .timeline > li { border: 1px solid var(--line); border-radius: 12px; min-width: 0;
          animation: arrive .25s ease-out; }
        .timeline > li.step { border-style: dashed; padding: 8px 12px; font-size: .9rem;
          display: flex; gap: 10px; align-items: baseline; }
        .timeline summary { list-style: none; cursor: pointer; padding: 9px 12px; display: grid;
          grid-template-columns: auto minmax(0, 1fr) auto; gap: 2px 10px; align-items: baseline;
          border-radius: 12px; }
        .timeline summary::-webkit-details-marker { display: none; }
        .ways { font-size: .84rem; font-weight: 600; grid-column: 1 / 3; }
        .ways .arrow { color: var(--accent); padding: 0 3px; }
        .code { font: .82rem/1.4 ui-monospace, "SF Mono", Menlo, monospace; overflow-wrap: anywhere; }
        .target { grid-column: 1 / 3; color: var(--muted); }
        .tag { border-radius: 7px; padding: 1px 8px; font-size: .8rem; font-weight: 650;
          background: var(--soft); color: var(--accent); justify-self: end; white-space: nowrap; }
        .tag.good { background: var(--good-soft); color: var(--good); }
        .tag.bad { background: var(--bad-soft); color: var(--bad); }
        .when { color: var(--muted); font-size: .76rem; font-variant-numeric: tabular-nums;
          justify-self: end; white-space: nowrap; }
        .bodies { padding: 0 12px 12px; display: grid; gap: 8px; }
        .bodies h4 { margin: 4px 0 0; font-size: .76rem; color: var(--muted); font-weight: 600; }
        pre { margin: 0; padding: 10px 12px; border-radius: 10px; background: var(--code);
          overflow-x: auto; font: .78rem/1.45 ui-monospace, "SF Mono", Menlo, monospace;
          white-space: pre-wrap; overflow-wrap: anywhere; }
        @keyframes arrive { from { opacity: 0; transform: translateY(-6px); } }

        """#

    private static let phone = #"""
        .side { position: sticky; top: 16px; display: grid; gap: 12px; justify-items: center; }
        .phone-title { color: var(--muted); font-weight: 600; font-size: .9rem; }
        .phone { width: min(100%, 372px); padding: 11px; border-radius: 52px; background: #0b0c10;
          box-shadow: 0 0 0 2px #3a3d4a, 0 24px 60px rgb(10 10 40 / .35); }
        .screen { position: relative; height: 720px; max-height: calc(100vh - 120px);
          min-height: 540px; border-radius: 42px; overflow: hidden; color: #fff; display: grid;
          grid-template-rows: auto minmax(0, 1fr) auto;
          background: linear-gradient(165deg, #2a2466 0%, #5b3f9e 45%, #0d6f7c 100%); }
        .status { display: grid; grid-template-columns: 1fr auto 1fr; align-items: center;
          padding: 12px 24px 8px; font-size: .82rem; font-weight: 600; }
        .island { width: 92px; height: 24px; border-radius: 14px; background: #0b0c10; }
        .bars { justify-self: end; font-size: .7rem; letter-spacing: 1px; }
        .home { padding: 18px 14px; overflow-y: auto; }
        .time { text-align: center; font-size: 4rem; font-weight: 300; line-height: 1.1;
          font-variant-numeric: tabular-nums; }
        .date { text-align: center; color: rgb(255 255 255 / .9); margin-bottom: 22px; }
        .quiet { text-align: center; color: rgb(255 255 255 / .85); font-size: .88rem; margin-top: 26px; }
        .notifications { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
        .notification { width: 100%; text-align: left; font: inherit; color: #14151c; border: 0;
          cursor: pointer; background: rgb(255 255 255 / .93); border-radius: 20px;
          padding: 12px 14px; display: grid; grid-template-columns: 38px minmax(0, 1fr);
          gap: 2px 11px; animation: drop .45s cubic-bezier(.2, 1.3, .4, 1); }
        .notification img { grid-row: 1 / 4; width: 38px; height: 38px; }
        .notification .from { font-size: .78rem; color: #565a68; display: flex;
          justify-content: space-between; }
        .notification strong { font-size: .95rem; overflow-wrap: anywhere; }
        .notification .note { font-size: .86rem; color: #3d404b; overflow-wrap: anywhere; }
        .notification:focus-visible { outline-color: #fff; }
        .app { background: #fff; display: grid; min-height: 0; animation: rise .28s ease-out; }
        @media (prefers-color-scheme: dark) { .app { background: #14151c; } }
        .native { color: var(--ink); background: var(--card); padding: 18px 14px; gap: 12px;
          grid-template-rows: auto minmax(0, 1fr) auto auto auto; }
        .native .proofs { display: grid; gap: 10px; }
        .native[hidden] { display: none; }
        .native pre { overflow-y: auto; }
        .unlock { width: 100%; font: inherit; font-size: .86rem; border: 0; border-radius: 14px;
          margin-top: 6px; min-height: 40px; cursor: pointer; color: #14151c;
          background: rgb(255 255 255 / .8); }
        .app iframe { width: 100%; height: 100%; border: 0; }
        .bar { border: 0; background: transparent; padding: 13px 0 11px; cursor: pointer;
          width: 100%; }
        .bar span { display: block; width: 128px; height: 5px; border-radius: 3px; margin: 0 auto;
          background: #fff; }
        .bar:disabled { cursor: default; opacity: .7; }
        .bar:focus-visible { outline-color: #fff; outline-offset: -6px; }
        @keyframes drop { from { opacity: 0; transform: translateY(-90px) scale(.94); } }
        @keyframes rise { from { opacity: 0; transform: translateY(40px); } }
        @media (max-width: 900px) {
          main { grid-template-columns: minmax(0, 1fr); }
          .side { position: static; } .log { order: 3; }
          .device { display: contents; }
          .side { order: 2; } .screen { max-height: none; height: 640px; } }
        @media (max-width: 460px) { form .row { grid-template-columns: minmax(0, 1fr); }
          .top, main { padding-left: 12px; padding-right: 12px; } .panel { padding: 16px; }
          .phone { padding: 8px; border-radius: 44px; } .screen { border-radius: 37px; } }
        @media (prefers-reduced-motion: reduce) { * { animation: none !important; } }

        """#
}
