export function LoadError() {
  return (
    <main class="plain">
      <h1>The page could not be loaded</h1>
      <p>Something went wrong on our side. Reload the page, or contact support.</p>
      <button type="button" class="button" onClick={() => window.location.reload()}>
        Reload
      </button>
    </main>
  );
}
