import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { theme } from "../preferences.js";
import { Link, match, navigate, pageOf, place } from "../router.js";
import { environments, hasRole, loadEnvironments, may, me, signOut } from "../session.js";
import { toast } from "./toast.js";

const TABS = [
  ["logs", "Logs"],
  ["releases", "Releases"],
  ["processes", "Processes"],
  ["config", "Config"],
  ["domains", "Domains"],
  ["runs", "Runs"],
  ["shell", "Shell"],
] as const;

/** Header, switcher, tabs, and the page in `<main>`. */
export function Layout({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { path } = place.value;
  const inside = match("/apps/:app/:environment/:page", path);
  const access = match("/apps/:app/access", path);
  useEffect(() => {
    if (environments.value === undefined) {
      loadEnvironments().catch(() => toast("The list of apps could not be loaded.", "bad"));
    }
  }, []);
  return (
    <div class="layout">
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Link to="/" class="brand" aria-label="Deploy, overview">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <rect width="32" height="32" rx="8" class="brand-box" />
            <path d="M9 23V9l7 4.5L23 9v14" class="brand-line" />
          </svg>
          <span>Deploy</span>
        </Link>
        <Switcher app={inside?.app ?? access?.app} environment={inside?.environment} page={inside?.page} />
        <GlobalNav path={path} />
        <AccountMenu />
      </header>
      {inside === undefined && access === undefined ? null : (
        <Tabs
          app={(inside?.app ?? access?.app)!}
          environment={inside?.environment}
          page={access === undefined ? inside?.page : "access"}
        />
      )}
      <main id="main" class="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** Another environment, on the same page. */
function Switcher(props: {
  readonly app: string | undefined;
  readonly environment: string | undefined;
  readonly page: string | undefined;
}): JSX.Element | null {
  const known = environments.value;
  if (known === undefined || known.length === 0) return <span class="switcher-none" />;
  const value =
    props.app === undefined || props.environment === undefined
      ? ""
      : JSON.stringify([props.app, props.environment]);
  const apps = [...new Set(known.map((one) => one.app))];
  return (
    <select
      class="input select switcher"
      aria-label="App and environment"
      value={value}
      onChange={(event) => {
        if (event.currentTarget.value === "") return;
        const [app, environment] = JSON.parse(event.currentTarget.value) as [string, string];
        navigate(pageOf(app, environment, props.page ?? "logs"));
      }}
    >
      {value === "" ? <option value="">{props.app ?? "Choose an app"}</option> : null}
      {apps.map((app) => (
        <optgroup key={app} label={app}>
          {known
            .filter((one) => one.app === app)
            .map((one) => (
              <option key={one.environment} value={JSON.stringify([one.app, one.environment])}>
                {`${one.app} / ${one.environment}`}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}

function Tabs(props: {
  readonly app: string;
  readonly environment: string | undefined;
  readonly page: string | undefined;
}): JSX.Element {
  // The page about access knows no environment: its tabs lead to the first one.
  const environment =
    props.environment ?? environments.value?.find((one) => one.app === props.app)?.environment;
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where the tabs are wider than the window, the one of this page is among those that are seen.
    tabs.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [props.page, environment]);
  return (
    <nav
      ref={tabs}
      class="tabs"
      aria-label={`${props.app}${environment === undefined ? "" : ` ${environment}`}`}
    >
      {environment === undefined
        ? null
        : TABS.filter(([page]) => page !== "shell" || hasRole(props.app, "operator")).map(([page, title]) => (
            <Link
              key={page}
              to={pageOf(props.app, environment, page)}
              class="tab"
              aria-current={props.page === page ? "page" : undefined}
            >
              {title}
            </Link>
          ))}
      {may("access.read", props.app) ? (
        <Link
          to={`/apps/${encodeURIComponent(props.app)}/access`}
          class="tab"
          aria-current={props.page === "access" ? "page" : undefined}
        >
          Access
        </Link>
      ) : null}
    </nav>
  );
}

function GlobalNav({ path }: { readonly path: string }): JSX.Element {
  const links: readonly (readonly [string, string, boolean])[] = [
    ["/", "Overview", true],
    ["/domains", "Domains", true],
    ["/people", "People", may("people.manage")],
    ["/audit", "Audit", may("audit.read-all")],
  ];
  return (
    <nav class="global" aria-label="Console">
      {links
        .filter(([, , shown]) => shown)
        .map(([to, title]) => (
          <Link key={to} to={to} class="global-link" aria-current={path === to ? "page" : undefined}>
            {title}
          </Link>
        ))}
    </nav>
  );
}

function AccountMenu(): JSX.Element {
  const [open, setOpen] = useState(false);
  const person = me.value?.person;
  useEffect(() => setOpen(false), [place.value.path]);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (
        event instanceof KeyboardEvent
          ? event.key === "Escape"
          : !(event.target as Element).closest(".account")
      ) {
        setOpen(false);
      }
    };
    document.addEventListener("keydown", close);
    document.addEventListener("pointerdown", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("pointerdown", close);
    };
  }, [open]);
  const name = person === undefined ? "" : person.name || person.email;
  return (
    <div class="account">
      <button
        type="button"
        class="account-button"
        aria-expanded={open}
        aria-controls="account-menu"
        aria-label={`Account of ${name}`}
        onClick={() => setOpen(!open)}
      >
        <span class="avatar" aria-hidden="true">
          {[...name][0]?.toUpperCase() ?? "?"}
        </span>
      </button>
      <div id="account-menu" class="account-menu" hidden={!open}>
        <div class="account-who">
          <strong>{person?.name}</strong>
          <span>{person?.email}</span>
        </div>
        <Link to="/account" class="menu-item">
          Account, sessions and tokens
        </Link>
        <fieldset class="theme-choice">
          <legend>Theme</legend>
          {(["system", "light", "dark"] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="theme"
                checked={theme.value === one}
                onChange={() => {
                  theme.value = one;
                }}
              />
              <span>{one[0]!.toUpperCase() + one.slice(1)}</span>
            </label>
          ))}
        </fieldset>
        <button
          type="button"
          class="menu-item"
          onClick={() => void signOut().catch((error: Error) => toast(error.message, "bad"))}
        >
          Sign out
        </button>
      </div>
    </div>
  );
}
