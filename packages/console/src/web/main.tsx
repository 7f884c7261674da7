import { type ComponentType, type JSX, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, ErrorNotice, LinkButton, Loading, Page, type PageProps } from "./components/index.js";
import { Layout } from "./components/layout.js";
import { Toasts } from "./components/toast.js";
import { applyPreferences } from "./preferences.js";
import { match, place } from "./router.js";
import { PAGES, type PageRoute } from "./routes.js";
import { isPublic, loadMe, me, startProblem, toSignIn } from "./session.js";
import "./theme.css";
import "./components/components.css";

function App(): JSX.Element {
  const { path } = place.value;
  const route = PAGES.find((page) => match(page.path, path) !== undefined);
  const who = me.value;
  useEffect(() => {
    if (who === null && !isPublic(path)) toSignIn();
  }, [who, path]);

  if (startProblem.value !== undefined) {
    return (
      <div class="start-problem">
        <ErrorNotice error={startProblem.value} onRetry={() => void loadMe()} />
      </div>
    );
  }
  if (route?.bare) return <LazyPage route={route} path={path} />;
  if (who === undefined || who === null) return <Loading label="Opening the console" />;
  return <Layout>{route === undefined ? <NotFound /> : <LazyPage route={route} path={path} />}</Layout>;
}

const loaded = new Map<PageRoute, ComponentType<PageProps>>();

function LazyPage({ route, path }: { readonly route: PageRoute; readonly path: string }): JSX.Element {
  const [, setRound] = useState(0);
  const [error, setError] = useState<Error>();
  const Shown = loaded.get(route);
  useEffect(() => {
    if (loaded.has(route)) return;
    setError(undefined);
    route.load().then(
      (module) => {
        loaded.set(route, module.default);
        setRound((round) => round + 1);
      },
      () => setError(new Error("This page could not be loaded; the console may have been updated.")),
    );
  }, [route]);
  if (error !== undefined) return <ErrorNotice error={error} onRetry={() => location.reload()} />;
  if (Shown === undefined) return <Loading />;
  // Another app or environment is another page: nothing of the one before may stay.
  return <Shown key={path} params={match(route.path, path) ?? {}} />;
}

function NotFound(): JSX.Element {
  return (
    <Page title="Not found">
      <Empty
        title="There is no such page"
        actions={
          <div class="row">
            <LinkButton to="/" kind="primary">
              To the overview
            </LinkButton>
            <Button onClick={() => history.back()}>Back</Button>
          </div>
        }
      >
        Or you may not see it: ask whoever manages the app.
      </Empty>
    </Page>
  );
}

applyPreferences();
void loadMe();
// The page comes while the server is asked who is signed in; one that does not come says so when it is shown.
PAGES.find((page) => match(page.path, place.value.path) !== undefined)
  ?.load()
  .catch(() => undefined);
render(
  <>
    <App />
    <Toasts />
  </>,
  document.getElementById("app")!,
);
